"""Commands on a practice's staff."""

from dataclasses import dataclass

from services.identity.commands.practices import require_of
from services.identity.commands.seconding import propose_admin
from services.identity.domain.account import Account, UserName
from services.identity.domain.practice import Practice
from services.identity.domain.provider import Provider
from services.identity.domain.seconding import AdminProposal, Candidate
from services.identity.domain.staff import INVITATION_LIFETIME, StaffMember
from services.identity.domain.values import Duty, Invitee, PracticeId, ProposalId, StaffId
from shared.envelope import Position
from shared.handling import Streams, Work


@dataclass(frozen=True, slots=True)
class InviteStaff:
    """``by`` is the admin who invites."""

    practice_id: PracticeId
    invitee: Invitee
    duty: Duty
    by: StaffId


@dataclass(frozen=True, slots=True)
class Decided:
    """One of the two: done at once, or proposed to a second admin (R43)."""

    staff_id: StaffId | None
    proposal_id: ProposalId | None
    position: Position


async def invite_staff(command: InviteStaff, work: Work) -> Decided:
    """Who is to be an admin is invited once another admin has confirmed it."""

    async def decision(streams: Streams) -> None:
        await streams.get(Practice, command.practice_id)
        await require_provider(streams, command.practice_id, command.duty)
        if command.duty.is_admin:
            candidate = Candidate(StaffId(work.new_id("staff")), command.invitee, command.duty, is_new=True)
            propose_admin(streams, command.practice_id, candidate, command.by, work)
            return
        streams.add(
            StaffMember(
                command.practice_id,
                StaffId(work.new_id("staff")),
                command.invitee,
                command.duty,
                work.now,
                work.now + INVITATION_LIFETIME,
            )
        )

    return await _decided(StaffId(work.new_id("staff")), await work.decide(decision), work)


@dataclass(frozen=True, slots=True)
class ChangeStaffRoles:
    """``by`` is the admin who changes them."""

    practice_id: PracticeId
    staff_id: StaffId
    duty: Duty
    by: StaffId


async def change_staff_roles(command: ChangeStaffRoles, work: Work) -> Decided:
    """LastAdmin where the practice would be left without one. Who is to become an admin is only proposed."""

    async def decision(streams: Streams) -> None:
        member = await streams.get(StaffMember, command.staff_id)
        require_of(member, command.practice_id)
        await require_provider(streams, command.practice_id, command.duty)
        if command.duty.is_admin and not member.duty.is_admin:
            member.require_active()
            candidate = Candidate(command.staff_id, member.invitee, command.duty, is_new=False)
            propose_admin(streams, command.practice_id, candidate, command.by, work)
            return
        member.change_duty(command.duty, work.now)
        (await streams.get(Practice, command.practice_id)).count_admin(command.staff_id, command.duty.is_admin)

    position = await work.decide(decision, queue={command.staff_id, command.practice_id})
    return await _decided(command.staff_id, position, work)


async def _decided(staff_id: StaffId, position: Position, work: Work) -> Decided:
    proposal = await work.store.find(AdminProposal, work.new_id("proposal"))
    if proposal is None:
        return Decided(staff_id, None, position)
    return Decided(None, ProposalId(proposal.id), position)


@dataclass(frozen=True, slots=True)
class EndStaff:
    practice_id: PracticeId
    staff_id: StaffId


async def end_staff(command: EndStaff, work: Work) -> Position:
    """LastAdmin for the last one. An account that is left without anything is closed, and its name dies."""

    async def decision(streams: Streams) -> None:
        member = await streams.get(StaffMember, command.staff_id)
        require_of(member, command.practice_id)
        (await streams.get(Practice, command.practice_id)).count_admin(command.staff_id, False)
        member.end(work.now)
        if member.account_id is not None:
            account = await streams.get(Account, member.account_id)
            account.leave_staff(command.practice_id)
            await close_if_alone(streams, account, work)

    return await work.decide(decision, queue={command.staff_id, command.practice_id})


async def require_provider(streams: Streams, practice_id: PracticeId, duty: Duty) -> None:
    """NotFound where the duty names a provider whom the practice does not have."""
    if duty.provider_id is not None:
        require_of(await streams.get(Provider, duty.provider_id), practice_id)


async def close_if_alone(streams: Streams, account: Account, work: Work) -> None:
    """The user name dies with the last enrolment (R27)."""
    if not account.is_joined:
        account.close(work.now)
        (await streams.get(UserName, account.user_name_id)).retire(work.now)

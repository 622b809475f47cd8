"""Commands on a practice's staff."""

from dataclasses import dataclass

from services.identity.commands.practices import require_of
from services.identity.domain.account import Account, UserName
from services.identity.domain.practice import Practice
from services.identity.domain.provider import Provider
from services.identity.domain.staff import INVITATION_LIFETIME, StaffMember
from services.identity.domain.values import Duty, Invitee, PracticeId, StaffId
from shared.envelope import Position
from shared.handling import Created, Streams, Work


@dataclass(frozen=True, slots=True)
class InviteStaff:
    practice_id: PracticeId
    invitee: Invitee
    duty: Duty


async def invite_staff(command: InviteStaff, work: Work) -> Created:
    async def decision(streams: Streams) -> None:
        await streams.get(Practice, command.practice_id)
        await require_provider(streams, command.practice_id, command.duty)
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

    position = await work.decide(decision)
    return Created(work.new_id("staff"), position)


@dataclass(frozen=True, slots=True)
class ChangeStaffRoles:
    practice_id: PracticeId
    staff_id: StaffId
    duty: Duty


async def change_staff_roles(command: ChangeStaffRoles, work: Work) -> Position:
    """LastAdmin where the practice would be left without one."""

    async def decision(streams: Streams) -> None:
        member = await streams.get(StaffMember, command.staff_id)
        require_of(member, command.practice_id)
        await require_provider(streams, command.practice_id, command.duty)
        member.change_duty(command.duty, work.now)
        (await streams.get(Practice, command.practice_id)).count_admin(command.staff_id, command.duty.is_admin)

    return await work.decide(decision, queue={command.staff_id, command.practice_id})


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

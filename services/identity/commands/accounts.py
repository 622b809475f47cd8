"""Commands on accounts: joining a record or a staff, factors, leaving."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from services.identity.commands.staff import close_if_alone
from services.identity.credentials.vault import Authenticator, Vault
from services.identity.domain.account import Account, UserName
from services.identity.domain.enrolments import Enrolments
from services.identity.domain.errors import LinkGone, NotEnrolled
from services.identity.domain.invitation import Invitation
from services.identity.domain.practice import Practice
from services.identity.domain.staff import StaffMember
from services.identity.domain.values import (
    AccountId,
    InvitationId,
    PatientId,
    PersonId,
    PracticeId,
    Relation,
    StaffId,
    UserNameId,
    enrolments_id,
)
from shared.envelope import Position
from shared.handling import Streams, Work


@dataclass(frozen=True, slots=True)
class NewAccount:
    """What was chosen. ``user_name_id`` is the blind index of the name's skeleton; secrets come hashed."""

    user_name: str
    user_name_id: UserNameId
    password_hash: str
    security_question: str = ""
    security_answer_hash: str = ""


@dataclass(frozen=True, slots=True)
class AcceptInvitation:
    """The link and the birth date were right."""

    invitation_id: InvitationId
    account: NewAccount


@dataclass(frozen=True, slots=True)
class AcceptStaffInvitation:
    """The link was right, and ``code`` is to prove the authenticator that goes with it."""

    staff_id: StaffId
    account: NewAccount
    authenticator: Authenticator
    code: str


@dataclass(frozen=True, slots=True)
class Joined:
    """``patient_id`` is None for staff."""

    account_id: AccountId
    position: Position
    patient_id: PatientId | None = None


class Keeping(Protocol):
    """As much of the vault as joining needs."""

    async def put_password(self, account_id: UUID, hashed: str) -> None: ...

    async def put_answer(self, account_id: UUID, question: str, answer_hash: str) -> None: ...

    async def put_authenticator(self, account_id: UUID, authenticator: Authenticator, code: str) -> None: ...

    async def forget(self, account_id: UUID) -> None: ...


class Joining:
    """Opens accounts: their secrets are put into the vault first, so that no account is ever without."""

    def __init__(self, vault: Keeping) -> None:
        self._vault = vault

    async def accept_invitation(self, command: AcceptInvitation, work: Work) -> Joined:
        async def decision(streams: Streams) -> None:
            invitation = await streams.find(Invitation, command.invitation_id)
            if invitation is None:
                raise LinkGone
            account = await self._new_account(streams, command.account, work)
            await join_by_invitation(streams, invitation, account, work)

        async def keep(account_id: UUID) -> None:
            await self._vault.put_password(account_id, command.account.password_hash)
            if command.account.security_question:
                await self._vault.put_answer(
                    account_id, command.account.security_question, command.account.security_answer_hash
                )

        position = await self._open(work, keep, decision)
        joined = await work.store.find(Invitation, command.invitation_id)
        patient_id = joined.relation.patient_id if joined is not None else None
        return Joined(AccountId(work.new_id("account")), position, patient_id)

    async def accept_staff_invitation(self, command: AcceptStaffInvitation, work: Work) -> Joined:
        async def decision(streams: Streams) -> None:
            member = await streams.find(StaffMember, command.staff_id)
            if member is None:
                raise LinkGone
            account = await self._new_account(streams, command.account, work)
            member.join(AccountId(account.id), work.now)
            account.join_staff(member.practice_id, command.staff_id)
            account.enrol_totp(work.now)
            if member.duty.is_admin:
                (await streams.get(Practice, member.practice_id)).count_admin(command.staff_id, True)

        async def keep(account_id: UUID) -> None:
            await self._vault.put_authenticator(account_id, command.authenticator, command.code)
            await self._vault.put_password(account_id, command.account.password_hash)

        position = await self._open(work, keep, decision)
        return Joined(AccountId(work.new_id("account")), position)

    @staticmethod
    async def _new_account(streams: Streams, chosen: NewAccount, work: Work) -> Account:
        UserName.refuse_taken(await streams.find(UserName, chosen.user_name_id))
        account_id = AccountId(work.new_id("account"))
        streams.add(UserName(chosen.user_name_id, account_id, work.now))
        return streams.add(Account(account_id, chosen.user_name, chosen.user_name_id, work.now))

    async def _open(
        self, work: Work, keep: Callable[[UUID], Awaitable[None]], decision: Callable[[Streams], Awaitable[None]]
    ) -> Position:
        """Secrets first, then the events. What was kept for an account that did not come about is deleted."""
        prepared = work.new_id("account")
        if await work.store.command(work.command_id) is None:
            await keep(prepared)
        try:
            position = await work.decide(decision)
        except Exception:
            await self._forget_unless_open(prepared, work)
            raise
        if work.new_id("account") != prepared:
            await self._vault.forget(prepared)
        return position

    async def _forget_unless_open(self, account_id: UUID, work: Work) -> None:
        if await work.store.find(Account, account_id) is None:
            await self._vault.forget(account_id)


async def join_by_invitation(streams: Streams, invitation: Invitation, account: Account, work: Work) -> None:
    """LinkGone also where the consent ended or the person has joined: all that is over answers alike (R10)."""
    relation = invitation.relation
    invitation.accept(AccountId(account.id), work.now)
    enrolments = await streams.get(Enrolments, enrolments_id(relation.patient_id))
    if relation.person_id not in enrolments.consents or relation.person_id in enrolments.accounts:
        raise LinkGone
    enrolments.join(relation.person_id, AccountId(account.id), work.now)
    account.join_record(relation)


@dataclass(frozen=True, slots=True)
class JoinRecord:
    """The link and the birth date were right, and the account is signed in."""

    invitation_id: InvitationId
    account_id: AccountId


async def join_record(command: JoinRecord, work: Work) -> Joined:
    async def decision(streams: Streams) -> None:
        invitation = await streams.find(Invitation, command.invitation_id)
        if invitation is None:
            raise LinkGone
        account = await streams.get(Account, command.account_id)
        await join_by_invitation(streams, invitation, account, work)

    position = await work.decide(decision, queue={command.account_id})
    found = await work.store.find(Invitation, command.invitation_id)
    return Joined(command.account_id, position, found.relation.patient_id if found is not None else None)


@dataclass(frozen=True, slots=True)
class ConfirmTotp:
    account_id: AccountId
    code: str


@dataclass(frozen=True, slots=True)
class RemoveTotp:
    account_id: AccountId


class Factors:
    """The authenticator of an account: secrets change in the vault, the event says that they did."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    async def confirm_totp(self, command: ConfirmTotp, work: Work) -> Position:
        """WrongCode unless the code proves the waiting seed; a repeat does not need it again."""
        if await work.store.command(work.command_id) is None:
            await self._vault.confirm_totp(command.account_id, command.code)

        def decide(account: Account) -> None:
            account.enrol_totp(work.now)
            account.notice("factor", work.now)

        return await work.change(Account, command.account_id, decide)

    async def remove_totp(self, command: RemoveTotp, work: Work) -> Position:
        def decide(account: Account) -> None:
            account.remove_totp(work.now)
            account.notice("factor", work.now)

        position = await work.change(Account, command.account_id, decide)
        await self._vault.remove_totp(command.account_id)
        return position


@dataclass(frozen=True, slots=True)
class Unenrol:
    """The account leaves every record at the practice. ``by``: self or staff."""

    account_id: AccountId
    practice_id: PracticeId
    by: str
    reason: str = ""


async def unenrol(command: Unenrol, work: Work) -> Position:
    """NotEnrolled where the account has no record there. The user name dies with the last enrolment (R27)."""

    async def decision(streams: Streams) -> None:
        account = await streams.get(Account, command.account_id)
        await _leave_practice(streams, account, command, work)

    return await work.decide(decision, queue={command.account_id})


@dataclass(frozen=True, slots=True)
class UnenrolPerson:
    """Staff un-enrol whoever is joined as that person."""

    patient_id: PatientId
    person_id: PersonId
    reason: str


async def unenrol_person(command: UnenrolPerson, work: Work) -> Position:
    async def decision(streams: Streams) -> None:
        enrolments = await streams.find(Enrolments, enrolments_id(command.patient_id))
        if enrolments is None or command.person_id not in enrolments.accounts:
            raise NotEnrolled
        account = await streams.get(Account, enrolments.accounts[command.person_id])
        leaving = Unenrol(AccountId(account.id), enrolments.practice_id, "staff", command.reason)
        await _leave_practice(streams, account, leaving, work)

    return await work.decide(decision, queue={enrolments_id(command.patient_id)})


async def _leave_practice(streams: Streams, account: Account, command: Unenrol, work: Work) -> None:
    here: list[Relation] = [record for record in account.records if record.practice_id == command.practice_id]
    if not here:
        raise NotEnrolled
    for record in here:
        enrolments = await streams.find(Enrolments, enrolments_id(record.patient_id))
        if enrolments is not None:  # None where the patient has been erased since
            enrolments.leave(record.person_id, command.by, command.reason, work.now)
        account.leave_record(record)
    await close_if_alone(streams, account, work)

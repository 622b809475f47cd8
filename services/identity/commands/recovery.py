"""Commands on recovery: asking, what is mailed, the token of support, and the new password."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol
from uuid import UUID

from services.identity.domain.account import Account
from services.identity.domain.errors import LinkGone, NotEnrolled
from services.identity.domain.patient import Patient, Person
from services.identity.domain.recovery import (
    LINK_LIFETIME,
    TOKEN_LIFETIME,
    Beginning,
    Reached,
    Recovery,
    RecoveryAttempt,
    Route,
    Verification,
)
from services.identity.domain.values import AccountId, AttemptId, PasswordIssue, RecoveryId, StaffId
from shared.envelope import Position
from shared.handling import Streams, Work

NONE = UUID(int=0)


@dataclass(frozen=True, slots=True)
class MakeAttempt:
    """Blind indexes of what was typed; ``details`` only with route B."""

    route: Route
    word: UUID
    details: UUID = NONE


async def make_attempt(command: MakeAttempt, work: Work) -> Position:
    """Looks nothing up, so that it costs the same whether or not anyone matches (R26)."""

    def build() -> RecoveryAttempt:
        attempt_id = AttemptId(work.new_id("attempt"))
        return RecoveryAttempt(attempt_id, command.route, command.word, command.details, work.now)

    return await work.create(build)


@dataclass(frozen=True, slots=True)
class Matched:
    """An account that a request matched, where it is reached, and whether a link may go there (R12)."""

    account_id: AccountId
    reached: Reached
    may_link: bool


@dataclass(frozen=True, slots=True)
class BeginRecoveries:
    """All of one request: one mail."""

    route: Route
    matched: Sequence[Matched]


async def begin_recoveries(command: BeginRecoveries, work: Work) -> Position:
    """A link for each account, all in the first one's mail; where none may have one, a mail that somebody asked."""

    async def decision(streams: Streams) -> None:
        found = [(one, await streams.find(Account, one.account_id)) for one in command.matched]
        alive = [(one, account) for one, account in found if account is not None and account.is_open]
        linked = [(one, account) for one, account in alive if one.may_link]
        mail = tuple(RecoveryId(work.new_id(f"recovery {one.account_id}")) for one, _ in linked)
        for number, (one, account) in enumerate(linked or alive[:1]):
            beginning = Beginning(command.route, "link" if linked else "notice", one.reached)
            if linked and number == 0:
                beginning = replace(beginning, in_mail=mail)
            recovery_id = RecoveryId(work.new_id(f"recovery {one.account_id}"))
            expires_at = work.now + LINK_LIFETIME
            streams.add(Recovery(recovery_id, one.account_id, beginning, account.password_number, work.now, expires_at))

    return await work.decide(decision)


@dataclass(frozen=True, slots=True)
class IssueRecoveryToken:
    """The caller was verified (R25): ``how`` says by which fact or number, in the staff's words."""

    account_id: AccountId
    reached: Reached
    verification: Verification
    how: str
    staff_id: StaffId | None
    by: AccountId | None = None


@dataclass(frozen=True, slots=True)
class TokenIssued:
    recovery_id: RecoveryId
    expires_at: datetime
    position: Position


async def issue_recovery_token(command: IssueRecoveryToken, work: Work) -> TokenIssued:
    """Single-use, an hour; the account is told. NotEnrolled where the account has been closed, SecondPersonNeeded
    within 72 h for who changed an address of any of its records (R43)."""

    async def decision(streams: Streams) -> None:
        account = await streams.get(Account, command.account_id)
        if not account.is_open:
            raise NotEnrolled
        for record in account.records:  # wherever its notice may be read, too
            holder = await streams.find(Patient if record.is_own else Person, record.person_id)
            if isinstance(holder, Patient | Person) and holder.address_change is not None:
                holder.address_change.require_another(command.by, work.now)
        beginning = Beginning(
            "token", "token", command.reached, (), command.verification, command.how, command.staff_id
        )
        recovery_id = RecoveryId(work.new_id("recovery"))
        expires_at = work.now + TOKEN_LIFETIME
        streams.add(Recovery(recovery_id, command.account_id, beginning, account.password_number, work.now, expires_at))
        account.notice("token", work.now)

    position = await work.decide(decision, queue={command.account_id})
    return TokenIssued(RecoveryId(work.new_id("recovery")), work.now + TOKEN_LIFETIME, position)


@dataclass(frozen=True, slots=True)
class VoidRecovery:
    recovery_id: RecoveryId
    reason: str


async def void_recovery(command: VoidRecovery, work: Work) -> Position:
    return await work.change(Recovery, command.recovery_id, lambda recovery: recovery.void(command.reason, work.now))


Decision = Callable[[Streams], Awaitable[None]]


class Choosing(Protocol):
    """As much of the vault as a new password needs."""

    async def put_waiting_password(self, account_id: UUID, issue: UUID, hashed: str) -> None: ...

    async def take_waiting_password(self, account_id: UUID, issue: UUID) -> bool: ...

    async def drop_waiting_password(self, account_id: UUID, issue: UUID) -> None: ...


class Ending(Protocol):
    """As much of the sessions as a new password needs."""

    async def end_all_of(self, account_id: UUID) -> None: ...


@dataclass(frozen=True, slots=True)
class ResetPassword:
    """Link or token, answer and code were right."""

    recovery_id: RecoveryId
    password_hash: str


@dataclass(frozen=True, slots=True)
class ChangePassword:
    """By the account itself, with a factor just given."""

    account_id: AccountId
    password_hash: str


class NewPasswords:
    """The password waits in the vault, the event makes it count, then it is taken: no crash leaves half of it.

    What is between is done again by the effect of ``PasswordChanged``.
    """

    def __init__(self, vault: Choosing, sessions: Ending) -> None:
        self._vault, self._sessions = vault, sessions

    async def reset_password(self, command: ResetPassword, work: Work) -> Position:
        """LinkGone unless it is open. Ends every session and every other link, and tells the account (R26)."""
        recovery = await work.store.find(Recovery, command.recovery_id)
        if recovery is None:
            raise LinkGone

        async def decision(streams: Streams) -> None:
            account = await streams.get(Account, recovery.account_id)
            found = await streams.get(Recovery, command.recovery_id)
            found.complete(account.password_number, work.now)
            _change(account, work)

        return await self._choose(recovery.account_id, command.password_hash, decision, work)

    async def change_password(self, command: ChangePassword, work: Work) -> Position:
        async def decision(streams: Streams) -> None:
            _change(await streams.get(Account, command.account_id), work)

        return await self._choose(command.account_id, command.password_hash, decision, work)

    async def _choose(self, account_id: AccountId, hashed: str, decision: Decision, work: Work) -> Position:
        if await work.store.command(work.command_id) is not None:
            return await work.decide(decision)  # A repeat: what was chosen then counts, and so do sessions since.
        issue = work.new_id("password")
        await self._vault.put_waiting_password(account_id, issue, hashed)
        try:
            position = await work.decide(decision, queue={account_id})
        except Exception:
            await self._vault.drop_waiting_password(account_id, issue)
            raise
        if await self._vault.take_waiting_password(account_id, issue):
            await self._sessions.end_all_of(account_id)
        return position


def _change(account: Account, work: Work) -> None:
    account.change_password(PasswordIssue(work.new_id("password")), work.now)
    account.notice("password", work.now)

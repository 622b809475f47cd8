"""Whether a call may be answered: certificate, token, session, policy, object, access, in this order."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from google.protobuf.message import Message

from shared.access.enforcement import AccessSource
from shared.access.replicas import record_of
from shared.access.windows import EMERGENCY, HeldWindow, StaffMembership, holding
from shared.clock import RulesClock
from shared.errors import NotAllowed, NotFound, Unauthenticated
from shared.reading import Database
from shared.rpc.call import Actor
from shared.rpc.fields import uuid_field
from shared.rpc.policy import ACCOUNT, ANYONE, PEER, STAFF, Located, Policy
from shared.rpc.tokens import AccessToken, Tokens

EDGES = frozenset({"gateway", "web"})
"""The certificates that the API port accepts."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is at the other end of the wire, and the user whose token they brought, if any."""

    principal: str
    token: AccessToken | None


@dataclass(frozen=True, slots=True)
class Admitted:
    """The decision: as whom the caller acts, and on what."""

    actor: Actor
    located: Located


class Admission:
    """Applies the table of policies. Holds no state: a decision is never older than the call."""

    def __init__(self, tokens: Tokens, access: AccessSource, database: Database, clock: RulesClock) -> None:
        self.tokens, self.access = tokens, access
        self._database, self._clock = database, clock

    async def identify(self, policy: Policy, principal: str, token: str) -> Caller:
        """Certificate, token and session against the row; nothing of the request has been looked at yet.

        NotAllowed for a wrong certificate, Unauthenticated for a missing, forged or expired token or ended session.
        """
        if principal not in (policy.peers if PEER in policy.callers or policy.peers else EDGES):
            raise NotAllowed("expected a client certificate that may call this")
        if policy.callers == {ANYONE} or (not token and policy.callers & {ANYONE, PEER}):
            return Caller(principal, None)
        verified = self.tokens.verify(token)
        if await self.access.session_ended(verified.session_id):
            raise Unauthenticated("expected a session that has not ended")
        if policy.step_up:
            self.tokens.check_step_up(verified)
        return Caller(principal, verified)

    async def admit(self, policy: Policy, request: Message, caller: Caller) -> Admitted:
        """Finds the object in the service's own rows and decides. NotFound alike for absent, hidden and foreign."""
        located = await self._locate(policy, request)
        token = caller.token
        if token is None or not policy.callers & {ACCOUNT, STAFF}:
            kind = "anyone" if ANYONE in policy.callers else caller.principal
            return Admitted(Actor(kind=kind, practice_id=located.practice_id), located)
        actor = await self._account(policy, located, token) or await self._staff(policy, located, token)
        return Admitted(actor, located)

    async def decide_again(self, policy: Policy, request: Message, caller: Caller) -> Admitted:
        """The whole decision once more, for a stream that goes on: token, session, object, access."""
        if caller.token is not None:
            self.tokens.check_alive(caller.token)
            if await self.access.session_ended(caller.token.session_id):
                raise Unauthenticated("expected a session that has not ended")
        return await self.admit(policy, request, caller)

    async def _locate(self, policy: Policy, request: Message) -> Located:
        if policy.locate is None:
            return Located()
        async with self._database.live_rows() as rows:
            located = await policy.locate(request, rows)
            if located.patient_id is not None and located.record_id is None:
                patient_id = await record_of(rows, located.patient_id)
                located = Located(located.practice_id, patient_id, located.patient_id)
            named = _named(request, "patient_id")
            if named is not None and named != located.patient_id and await record_of(rows, named) != located.patient_id:
                raise NotFound
        if _named(request, "practice_id") not in (None, located.practice_id):
            raise NotFound
        return located

    async def _account(self, policy: Policy, located: Located, token: AccessToken) -> Actor | None:
        """The caller as patient or representative, None where they do not reach the object as such."""
        if ACCOUNT not in policy.callers:
            return None
        plain = Actor("account", token.account_id, token.session_id)
        if located.practice_id is None and located.patient_id is None:
            return plain
        windows = await self.access.windows(token.account_id, located.patient_id)
        now = self._clock.now()
        here = [w for w in holding(windows, now) if w.practice_id == located.practice_id and w.is_own]
        fitting = [window for window in here if not policy.scope or policy.scope in window.scopes]
        if not fitting:
            return None
        return Actor(
            kind="account",
            id=token.account_id,
            session_id=token.session_id,
            practice_id=located.practice_id,
            acting_as=fitting[0].acting_as,
            scopes=frozenset().union(*(window.scopes for window in here)),
        )

    async def _staff(self, policy: Policy, located: Located, token: AccessToken) -> Actor:
        """The caller as staff. Outside the object's practice nothing exists; inside, a wrong role is told."""
        if STAFF not in policy.callers:
            raise NotFound if located.practice_id is not None else NotAllowed
        memberships = await self.access.staff_of(token.account_id)
        if located.practice_id is None:
            return self._any_staff(policy, memberships, token)
        member = next((m for m in memberships if m.practice_id == located.practice_id), None)
        if member is None:
            raise NotFound
        if located.patient_id is not None and await self._owns(token.account_id, located.patient_id):
            if ACCOUNT in policy.callers:
                raise NotFound
            raise NotAllowed("expected another member of staff: nobody acts on a record they own or represent")
        by_role = bool(member.roles & policy.roles)
        if not by_role and not await self._in_emergency(policy, located, token):
            raise NotAllowed
        return Actor(
            kind="staff",
            id=token.account_id,
            session_id=token.session_id,
            staff_id=member.staff_id,
            provider_id=member.provider_id,
            practice_id=member.practice_id,
            roles=member.roles,
            acting_as="staff" if by_role else EMERGENCY,
        )

    @staticmethod
    def _any_staff(policy: Policy, memberships: Sequence[StaffMembership], token: AccessToken) -> Actor:
        """What concerns no practice: whoever has one of the roles anywhere."""
        if not any(member.roles & policy.roles for member in memberships):
            raise NotAllowed
        return Actor("staff", token.account_id, token.session_id, acting_as="staff")

    async def _in_emergency(self, policy: Policy, located: Located, token: AccessToken) -> bool:
        """Whether emergency access opens this read: recorded, for treatment, of a scope that it gives (R43)."""
        is_read = policy.recorded and not policy.writes and policy.purpose == "treatment" and policy.scope != ""
        if not is_read or located.patient_id is None:
            return False
        windows = await self.access.windows(token.account_id, located.patient_id)
        return any(
            not window.is_own and window.practice_id == located.practice_id and policy.scope in window.scopes
            for window in holding(windows, self._clock.now())
        )

    async def _owns(self, account_id: UUID, patient_id: UUID) -> bool:
        """Whether the account has a window on the patient that holds or will hold."""
        now = self._clock.now()
        windows: Sequence[HeldWindow] = await self.access.windows(account_id, patient_id)
        return any(window.is_own and not window.is_over(now) for window in windows)


def _named(request: Message, field: str) -> UUID | None:
    """The patient or practice that the request names; it must be the object's own."""
    named = getattr(request, field, "")
    return uuid_field(named, field) if named else None

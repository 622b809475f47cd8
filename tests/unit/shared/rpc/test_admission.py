"""Admission over played windows and staff: what emergency access opens to a role without such a policy."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from uuid import UUID

import pytest
from google.protobuf.empty_pb2 import Empty

from shared.access.windows import EMERGENCY, HeldWindow, StaffMembership
from shared.clock import RulesClock
from shared.contracts.documents.v1.api_pb2 import GetResultRequest
from shared.errors import NotAllowed, NotFound
from shared.reading import Database, Rows
from shared.rpc.admission import Admission, Caller
from shared.rpc.policy import ACCOUNT, STAFF, Located, Policy
from shared.rpc.tokens import AccessToken, Tokens

PRACTICE, OTHER, PATIENT, DESK = UUID(int=1), UUID(int=2), UUID(int=3), UUID(int=4)
NOW = datetime(2026, 11, 24, 15, 0, tzinfo=UTC)
CALLER = Caller("gateway", AccessToken("", DESK, UUID(int=5), 0, 0))


async def of_the_patient(request: Any, rows: Rows) -> Located:
    return Located(PRACTICE, PATIENT, PATIENT)


READ = Policy(
    callers=frozenset({ACCOUNT, STAFF}),
    purpose="treatment",
    roles=frozenset({"provider"}),
    scope="results",
    locate=of_the_patient,
    recorded=True,
)
WINDOW = HeldWindow(
    PATIENT, PRACTICE, UUID(int=6), EMERGENCY, frozenset({"results"}), NOW, NOW + timedelta(minutes=60), "R43"
)


@dataclass
class Played:
    """Who may see what, and who is of which staff."""

    held: list[HeldWindow] = field(default_factory=lambda: [WINDOW])
    roles: frozenset[str] = frozenset({"front_desk"})
    practice_id: UUID = PRACTICE

    async def windows(self, account_id: UUID, patient_id: UUID | None) -> Sequence[HeldWindow]:
        return [window for window in self.held if patient_id in (None, window.patient_id)]

    async def staff_of(self, account_id: UUID) -> Sequence[StaffMembership]:
        return [StaffMembership(self.practice_id, UUID(int=7), self.roles)]

    async def session_ended(self, session_id: UUID) -> bool:
        return False


@dataclass
class JoinedRows:
    """Rows that know which record was joined to which."""

    survivors: dict[UUID, UUID] = field(default_factory=dict)

    @asynccontextmanager
    async def live_rows(self) -> AsyncIterator["JoinedRows"]:
        yield self

    async def fetch_one(self, sql: str, record_id: UUID) -> dict[str, UUID]:
        return {"record_id": self.survivors.get(record_id, record_id)}


class Standing:
    """A clock that stands where it is put."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at


def admission(played: Played, at: datetime = NOW, survivors: dict[UUID, UUID] | None = None) -> Admission:
    rows = cast("Database", JoinedRows(survivors or {}))
    return Admission(cast("Tokens", None), played, rows, cast("RulesClock", Standing(at)))


async def test_r43_in_an_emergency_a_read_for_treatment_opens_and_is_named_so() -> None:
    admitted = await admission(Played()).admit(READ, Empty(), CALLER)
    assert (admitted.actor.kind, admitted.actor.acting_as, admitted.actor.staff_id) == ("staff", EMERGENCY, UUID(int=7))
    by_role = await admission(Played(roles=frozenset({"provider"}))).admit(READ, Empty(), CALLER)
    assert by_role.actor.acting_as == "staff"


@pytest.mark.parametrize(("after", "is_open"), [(-1, False), (0, True), (3599, True), (3600, False)])
async def test_r43_it_opens_from_its_declaration_for_60_minutes(after: int, is_open: bool) -> None:
    door = admission(Played(), NOW + timedelta(seconds=after))
    if is_open:
        assert (await door.admit(READ, Empty(), CALLER)).actor.acting_as == EMERGENCY
    else:
        with pytest.raises(NotAllowed):
            await door.admit(READ, Empty(), CALLER)


@pytest.mark.parametrize(
    "policy",
    [
        replace(READ, writes=True),
        replace(READ, recorded=False),
        replace(READ, scope=""),
        replace(READ, scope="messages"),
        replace(READ, purpose="billing"),
        replace(READ, callers=frozenset({STAFF}), purpose="communication"),
    ],
)
async def test_r43_it_opens_no_command_no_unrecorded_read_and_no_other_scope_or_purpose(policy: Policy) -> None:
    with pytest.raises(NotAllowed):
        await admission(Played()).admit(policy, Empty(), CALLER)


async def test_r43_it_never_makes_staff_the_patient_or_a_representative() -> None:
    patients_only = replace(READ, callers=frozenset({ACCOUNT}), roles=frozenset())
    with pytest.raises(NotFound):
        await admission(Played()).admit(patients_only, Empty(), CALLER)


async def test_r43_outside_the_own_practice_nothing_exists_whatever_window_there_is() -> None:
    with pytest.raises(NotFound):
        await admission(Played(practice_id=OTHER)).admit(READ, Empty(), CALLER)
    foreign = replace(WINDOW, practice_id=OTHER)
    with pytest.raises(NotAllowed):
        await admission(Played(held=[foreign])).admit(READ, Empty(), CALLER)
    with pytest.raises(NotAllowed):
        await admission(Played(held=[replace(WINDOW, patient_id=UUID(int=8))])).admit(READ, Empty(), CALLER)


async def test_r43_nobody_acts_in_an_emergency_on_a_record_they_represent() -> None:
    own = replace(WINDOW, acting_as="representative", scopes=frozenset({"billing"}), until=None)
    with pytest.raises(NotFound):
        await admission(Played(held=[WINDOW, own])).admit(READ, Empty(), CALLER)


async def test_r43_emergency_access_keeps_nobody_from_their_work_as_staff() -> None:
    desk = replace(READ, callers=frozenset({STAFF}), roles=frozenset({"front_desk"}), scope="", writes=True)
    assert (await admission(Played()).admit(desk, Empty(), CALLER)).actor.acting_as == "staff"


DUPLICATE, STRANGER = UUID(int=9), UUID(int=10)
OWN = replace(WINDOW, acting_as="self", until=None)


async def of_the_duplicate(request: Any, rows: Rows) -> Located:
    return Located(PRACTICE, DUPLICATE)


@pytest.mark.parametrize("named", [PATIENT, DUPLICATE, None])
async def test_r44_what_lies_in_a_duplicate_is_decided_on_the_survivor_and_found_where_it_lies(
    named: UUID | None,
) -> None:
    read = replace(READ, locate=of_the_duplicate)
    request = GetResultRequest(patient_id=str(named or ""))
    admitted = await admission(Played(held=[OWN]), survivors={DUPLICATE: PATIENT}).admit(read, request, CALLER)
    assert (admitted.actor.acting_as, admitted.located) == ("self", Located(PRACTICE, PATIENT, DUPLICATE))


async def test_r44_a_window_on_a_duplicate_opens_nothing_and_a_record_of_nobody_s_is_named_in_vain() -> None:
    read, joined = replace(READ, locate=of_the_duplicate), {DUPLICATE: PATIENT}
    request = GetResultRequest(patient_id=str(DUPLICATE))
    left = Played(held=[replace(OWN, patient_id=DUPLICATE)], practice_id=OTHER)
    with pytest.raises(NotFound):
        await admission(left, survivors=joined).admit(read, request, CALLER)
    for named, survivors in ((STRANGER, joined), (PATIENT, {})):
        wrong = GetResultRequest(patient_id=str(named))
        with pytest.raises(NotFound):
            await admission(Played(held=[OWN]), survivors=survivors).admit(read, wrong, CALLER)


async def test_r44_nobody_acts_as_staff_on_what_was_joined_to_their_own_record() -> None:
    desk = replace(READ, callers=frozenset({STAFF}), roles=frozenset({"front_desk"}), scope="", locate=of_the_duplicate)
    with pytest.raises(NotAllowed):
        await admission(Played(held=[OWN]), survivors={DUPLICATE: PATIENT}).admit(desk, Empty(), CALLER)
    assert (await admission(Played(held=[OWN])).admit(desk, Empty(), CALLER)).actor.kind == "staff"

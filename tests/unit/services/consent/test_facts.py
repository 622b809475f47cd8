"""Identity's facts: named under a lease, undone effects included, nothing believed that was not answered in time."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, cast
from uuid import UUID

import pytest
from google.protobuf.duration_pb2 import Duration
from google.type.date_pb2 import Date

from services.consent.domain.dossier import HeardEnrolment, HeardFacts
from services.consent.facts import IdentityFacts
from shared.access.enforcement import Standing
from shared.clock import RulesClock
from shared.contracts.identity.v1 import peers_pb2
from shared.errors import AccessUndecided, NotFound, Unavailable
from shared.reading import Database

PATIENT, UNDONE, PARKED, PRACTICE, ACCOUNT = (UUID(int=number) for number in range(1, 6))


@dataclass
class Stub:
    """Identity's peer port; ``error`` is what it raises instead of answering."""

    named: list[UUID] = field(default_factory=list)
    everyone: bool = False
    error: Exception | None = None
    applied: list[Mapping[int, int]] = field(default_factory=list)

    async def FactsHead(self, request: peers_pb2.FactsHeadRequest, **more: float) -> peers_pb2.FactsHeadResponse:
        self.applied.append(dict(request.applied))
        if self.error is not None:
            raise self.error
        return peers_pb2.FactsHeadResponse(
            patient_ids=[str(one) for one in self.named], ask_for_all=self.everyone, clock_offset=Duration(seconds=60)
        )

    async def FactsOf(self, request: peers_pb2.FactsOfRequest, **more: float) -> peers_pb2.FactsOfResponse:
        if self.error is not None:
            raise self.error
        return peers_pb2.FactsOfResponse(
            practice_id=str(PRACTICE),
            birth_date=Date(year=2012, month=2, day=29),
            deceased=True,
            death_event_id="identity:7",
            enrolments=[
                peers_pb2.EnrolmentFact(account_id=str(ACCOUNT), person_id=request.patient_id, event_id="identity:5")
            ],
        )


@dataclass
class Effects:
    """The keys of effects that are not done."""

    keys: list[UUID] = field(default_factory=list)

    async def fetch(self, sql: str, *arguments: object) -> list[dict[str, Any]]:
        assert arguments == (["join-account"],)
        return [{"key": key} for key in self.keys]


class Ticks:
    """A monotonic clock that a test moves."""

    def __init__(self) -> None:
        self.at = 100.0

    def __call__(self) -> float:
        return self.at


@dataclass
class Lent:
    """Facts under a lease whose time the test moves."""

    stub: Stub = field(default_factory=Stub)
    effects: Effects = field(default_factory=Effects)
    standing: Standing = field(default_factory=lambda: Standing({3: 40}))
    ticks: Ticks = field(default_factory=Ticks)
    rules_clock: RulesClock = field(default_factory=RulesClock)

    def facts(self) -> IdentityFacts:
        async def standing_of(source: str) -> Standing:
            assert source == "identity"
            return self.standing

        database = cast("Database", self.effects)
        return IdentityFacts(
            cast("Any", self.stub), database, standing_of, self.rules_clock, ["join-account"], self.ticks
        )


async def test_named_are_those_beyond_what_was_read_those_undone_and_those_parked() -> None:
    lent = Lent(Stub(named=[PATIENT]), Effects([UNDONE]), Standing({3: 40}, frozenset({PARKED})))
    told = await lent.facts().told()
    assert told.patients == {PATIENT, UNDONE, PARKED}
    assert not told.names(ACCOUNT)
    assert lent.stub.applied == [{3: 40}]


async def test_a_dropped_record_and_too_many_changes_name_everyone() -> None:
    assert (await Lent(standing=Standing({}, dropped=True)).facts().told()).names(PATIENT)
    assert (await Lent(Stub(everyone=True)).facts().told()).names(PATIENT)


async def test_an_answer_holds_one_second_and_effects_are_looked_at_each_time() -> None:
    lent = Lent()
    facts = lent.facts()
    assert (await facts.told()).patients == frozenset()
    lent.stub.error = Unavailable()
    lent.effects.keys = [UNDONE]
    lent.ticks.at += 0.999
    assert (await facts.told()).patients == {UNDONE}
    lent.ticks.at += 0.001
    with pytest.raises(AccessUndecided):
        await facts.told()


async def test_the_rules_clock_comes_with_the_lease() -> None:
    lent = Lent()
    await lent.facts().told()
    assert lent.rules_clock.offset == timedelta(seconds=60)


async def test_what_identity_says_of_a_patient() -> None:
    joined = HeardEnrolment(ACCOUNT, PATIENT, "identity:5")
    expected = HeardFacts(PRACTICE, PATIENT, date(2012, 2, 29), "identity:7", (joined,))
    assert await Lent().facts().of(PATIENT) == expected


async def test_an_unknown_patient_is_none_and_silence_is_undecided() -> None:
    assert await Lent(Stub(error=NotFound())).facts().of(PATIENT) is None
    with pytest.raises(AccessUndecided):
        await Lent(Stub(error=Unavailable())).facts().of(PATIENT)

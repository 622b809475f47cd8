"""Windows, staff and sessions under the lease: real PostgreSQL replicas, real peers over gRPC, a clock to turn."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from deploy.local.certificates import make_certificates
from shared.access.enforcement import ConsentAnswers, IdentityAnswers
from shared.access.lease import LEASE_SECONDS
from shared.access.replicas import practice_of, replicas_for
from shared.access.standing import standing_in
from shared.access.windows import HeldWindow, StaffMembership
from shared.clock import RulesClock, machine_now
from shared.contracts.consent.v1.events import AccessDecided, Window
from shared.contracts.event import PublicEvent
from shared.contracts.identity.v1.events import PatientRegistered, StaffJoined, StaffLeft
from shared.effects import table
from shared.envelope import Recorded
from shared.errors import AccessUndecided
from shared.eventstore.postgres import KEY_MIGRATIONS, MIGRATIONS
from shared.ids import uuid7
from shared.migrations import migrate
from shared.privacy import Sealer, ServiceKey, SubjectKeys
from shared.reading import Incoming
from shared.reading import database as reading
from shared.reading.advancing import PostgresAdvance
from shared.reading.applying import sources_of
from shared.reading.database import PostgresDatabase, open_pool
from shared.reading.generations import Generations
from shared.rpc.certificates import Certificates
from shared.rpc.client import open_channel
from tests.integration.shared.access.played import (
    PlayedConsent,
    PlayedIdentity,
    played_consent,
    played_identity,
    stage,
)

ACCOUNT, PATIENT, OTHER_PATIENT, PRACTICE = UUID(int=1), UUID(int=2), UUID(int=3), UUID(int=4)
SINCE = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass
class House:
    """A service's replicas of access, its two leases, and the peers that it asks."""

    advance: PostgresAdvance
    database: PostgresDatabase
    consent: PlayedConsent
    identity: PlayedIdentity
    rules_clock: RulesClock
    windows: ConsentAnswers = field(init=False)
    people: IdentityAnswers = field(init=False)
    seconds: float = 0.0

    async def told(self, source: str, *events: PublicEvent, partition: int = 0, key: UUID | None = None) -> None:
        """The reader brings these events of a peer; with ``key`` a record that cannot be read."""
        last = await self.advance.last(source, partition)
        incoming = [incoming_of(source, partition, last + 1 + place, event) for place, event in enumerate(events)]
        if key is not None:
            incoming.append(Incoming(last + len(events) + 1, key, b"{}", None, "malformed"))
        await self.advance.advance(source, partition, last, incoming, last + len(incoming))

    async def see(self, patient: UUID | None = PATIENT) -> list[UUID]:
        return [window.patient_id for window in await self.windows.windows(ACCOUNT, patient)]


def incoming_of(source: str, partition: int, position: int, event: PublicEvent) -> Incoming:
    key = getattr(event, "patient_id", uuid7())
    recorded: Recorded[Any] = Recorded(event, source, partition, position, uuid7(), 1, key, key, SINCE, machine_now())
    return Incoming(position, key, b"{}", recorded)


def decided(patient: UUID = PATIENT, generation: int = 1, windows: int = 1) -> AccessDecided:
    window = Window(acting_as="self", person_id=patient, scopes=["results"], since=SINCE, rule="R2", because=[])
    return AccessDecided(
        practice_id=PRACTICE, patient_id=patient, account_id=ACCOUNT, generation=generation, windows=[window] * windows
    )


def held(patient: UUID = PATIENT) -> HeldWindow:
    return HeldWindow(patient, PRACTICE, patient, "self", frozenset({"results"}), SINCE, None)


@pytest.fixture
async def house(database: str, keys_database: str, tmp_path: Path) -> AsyncIterator[House]:
    certificates = tmp_path / "certificates"
    make_certificates(certificates)
    models = replicas_for("documents", {})
    consent, identity, rules_clock = played_consent(), played_identity(), RulesClock()
    async with AsyncExitStack() as stack:
        pool = await stack.enter_async_context(await open_pool(database))
        key_pool = await stack.enter_async_context(asyncpg.create_pool(keys_database, min_size=1, max_size=2))
        async with pool.acquire() as connection, key_pool.acquire() as keys:
            for scope, folder in (
                ("events", MIGRATIONS),
                ("reading", reading.MIGRATIONS),
                ("effects", table.MIGRATIONS),
            ):
                await migrate(connection, folder, scope)
            await migrate(keys, KEY_MIGRATIONS, "keys")
        await Generations(pool, "documents", models).prepare()
        sealer = Sealer(SubjectKeys(ServiceKey("documents", b"k" * 32), pool, key_pool))
        here = PostgresDatabase(pool, sealer)
        advance = PostgresAdvance(pool, sealer, sources_of("documents", models, {}, {}))
        made = House(advance, here, consent, identity, rules_clock)
        addresses = await stack.enter_async_context(stage(certificates, identity, consent))
        mine = Certificates(certificates, "documents")
        to_identity, to_consent = [
            await stack.enter_async_context(open_channel(address, name, mine))
            for address, name in zip(addresses, ("identity", "consent"), strict=True)
        ]
        standing = standing_in(here)
        made.windows = ConsentAnswers(to_consent, here, standing, lambda: made.seconds)
        made.people = IdentityAnswers(to_identity, here, standing, rules_clock, lambda: made.seconds)
        yield made


async def test_while_the_lease_holds_the_replica_answers_and_consent_is_not_asked(house: House) -> None:
    await house.told("consent", decided())
    await house.windows.lease.fresh()
    assert await house.see() == [PATIENT]
    assert await house.see(None) == [PATIENT]
    assert await house.see(OTHER_PATIENT) == []
    assert house.consent.decided == 0


async def test_consent_is_told_how_far_each_partition_was_applied(house: House) -> None:
    await house.told("consent", decided(), decided(generation=2), partition=3)
    await house.told("consent", decided(), partition=7)
    await house.windows.lease.fresh()
    assert house.consent.asked == [{3: 2, 7: 1}]


async def test_a_lower_generation_that_comes_late_changes_nothing(house: House) -> None:
    await house.told("consent", decided(generation=2, windows=0), decided(generation=1))
    await house.windows.lease.fresh()
    assert await house.see() == []


@pytest.mark.parametrize("named", [[str(PATIENT)], []])
async def test_a_patient_whom_consent_names_is_decided_by_consent(house: House, named: list[str]) -> None:
    """The replica still shows the window that consent has taken away."""
    await house.told("consent", decided())
    house.consent.named, house.consent.everyone = named, not named
    await house.windows.lease.fresh()
    assert await house.see() == []
    assert await house.see(None) == []
    assert house.consent.decided == 2


async def test_a_stale_lease_is_worth_nothing(house: House) -> None:
    await house.told("consent", decided())
    await house.windows.lease.fresh()
    house.seconds = LEASE_SECONDS - 0.001
    assert await house.see() == [PATIENT]
    house.seconds = LEASE_SECONDS
    assert await house.see() == []
    assert house.consent.decided == 1


async def test_no_answer_is_no_access(house: House) -> None:
    await house.told("consent", decided())
    house.consent.silent = house.identity.silent = True
    with pytest.raises(AccessUndecided):
        await house.see()
    with pytest.raises(AccessUndecided):
        await house.people.session_ended(uuid7())
    with pytest.raises(AccessUndecided):
        await house.people.staff_of(ACCOUNT)


async def test_a_patient_with_a_parked_event_is_decided_by_consent(house: House) -> None:
    await house.told("consent", decided(), decided(OTHER_PATIENT), key=PATIENT)
    house.consent.windows[ACCOUNT] = [held()]
    await house.windows.lease.fresh()
    await house.see(OTHER_PATIENT)
    assert house.consent.decided == 0
    assert await house.see() == [PATIENT]
    assert house.consent.decided == 1


async def test_after_a_dropped_event_consent_is_asked_about_everyone(house: House) -> None:
    await house.told("consent", decided())
    await house.database.execute("INSERT INTO drops (source, position, reason) VALUES ('consent', 1, 'a test')")
    await house.windows.lease.fresh()
    assert await house.see() == []
    assert house.consent.decided == 1


async def test_staff_come_from_the_replica_until_identity_names_the_account(house: House) -> None:
    staff = uuid7()
    joined = StaffJoined(practice_id=PRACTICE, staff_id=staff, account_id=ACCOUNT, roles=["clinical", "provider"])
    await house.told("identity", joined)
    await house.people.lease.fresh()
    member = StaffMembership(PRACTICE, staff, frozenset({"clinical", "provider"}))
    assert await house.people.staff_of(ACCOUNT) == [member]
    house.identity.changed = [str(ACCOUNT)]
    house.seconds = LEASE_SECONDS
    await house.people.lease.fresh()
    assert await house.people.staff_of(ACCOUNT) == []
    await house.told("identity", StaffLeft(practice_id=PRACTICE, staff_id=staff, account_id=ACCOUNT))
    house.identity.changed = []
    house.seconds = 2 * LEASE_SECONDS
    await house.people.lease.fresh()
    assert await house.people.staff_of(ACCOUNT) == []
    assert house.identity.decided == 1


async def test_an_ended_session_is_known_within_the_lease_and_the_clock_comes_with_it(house: House) -> None:
    session = uuid7()
    assert not await house.people.session_ended(session)
    house.identity.ended, house.identity.offset_seconds = [str(session)], 3600
    house.seconds = LEASE_SECONDS
    assert await house.people.session_ended(session)
    assert house.rules_clock.offset.total_seconds() == 3600
    house.identity.offset_seconds = 60
    house.seconds = 2 * LEASE_SECONDS
    await house.people.lease.fresh()
    assert house.rules_clock.offset.total_seconds() == 3600


async def test_many_callers_of_an_expired_lease_ask_once(house: House) -> None:
    answers: Sequence[bool] = await asyncio.gather(*(house.people.session_ended(uuid7()) for _ in range(20)))
    assert not any(answers)
    assert len(house.identity.asked) == 1


async def test_a_patients_practice_is_found_in_the_replica(house: House) -> None:
    registered = PatientRegistered(practice_id=PRACTICE, patient_id=PATIENT, birth_date=SINCE.date())
    await house.told("identity", registered)
    async with house.database.live_rows() as rows:
        assert await practice_of(rows, PATIENT) == PRACTICE
        assert await practice_of(rows, OTHER_PATIENT) is None

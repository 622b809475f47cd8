"""Authorizations for Release, told as rules: when they are due, how often extended, and until when one may disclose."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest

from services.consent.commands.releases import (
    ExtendRelease,
    RecordDisclosure,
    RequestRelease,
    RevokeRelease,
    extend_release,
    record_disclosure,
    request_release,
    revoke_release,
)
from services.consent.domain.errors import EndDateNeeded, ReleaseExtended, ReleaseNotOpen
from services.consent.domain.release import RecordsRelease, ReleaseForm
from services.consent.published import PUBLISHED
from shared.contracts.consent.v1.events import RecordsReleaseRequested
from shared.errors import NotFound
from tests.unit.services.consent.practice import DESK, PATIENT, PATIENTS_ACCOUNT, ConsentPractice

OTHER = UUID(int=99)
LAST_DAY = date(2027, 1, 31)
SECOND = timedelta(seconds=1)


@pytest.fixture
async def here() -> ConsentPractice:
    practice = ConsentPractice()
    await practice.an_adult_with_access()
    return practice


async def requested(here: ConsentPractice, last_day: date = LAST_DAY) -> UUID:
    form = ReleaseForm("imaging of 2019", "Elm Street Practice", "Dr. Roe, Albany", "second opinion", last_day)
    return (await here.do(request_release, RequestRelease(PATIENT, form, "screen", None, PATIENTS_ACCOUNT))).id


async def release_of(here: ConsentPractice, release_id: UUID) -> RecordsRelease:
    found = await here.store.find(RecordsRelease, release_id)
    assert found is not None
    return found


async def disclosed(here: ConsentPractice, release_id: UUID, *, is_last: bool = False, of: UUID = PATIENT) -> None:
    await here.do(record_disclosure, RecordDisclosure(of, release_id, "two images, by post", is_last, DESK))


async def extended(here: ConsentPractice, release_id: UUID) -> None:
    await here.do(extend_release, ExtendRelease(PATIENT, release_id, "the archive answers late", DESK))


@pytest.mark.parametrize(
    ("at", "due_on"),
    [
        (datetime(2026, 11, 25, 4, 59, 59, tzinfo=UTC), date(2026, 12, 24)),
        (datetime(2026, 11, 25, 5, 0, 0, tzinfo=UTC), date(2026, 12, 25)),
    ],
)
async def test_r21_a_release_is_due_30_days_after_its_local_day(
    here: ConsentPractice, at: datetime, due_on: date
) -> None:
    here.at = at
    assert (await release_of(here, await requested(here))).due_on == due_on


async def test_r21_it_is_extended_by_30_days_once(here: ConsentPractice) -> None:
    release_id = await requested(here)
    before = (await release_of(here, release_id)).due_on
    await extended(here, release_id)
    assert (await release_of(here, release_id)).due_on == before + timedelta(days=30)
    with pytest.raises(ReleaseExtended):
        await extended(here, release_id)


async def test_r21_every_disclosure_is_kept_and_the_last_one_fulfils_it(here: ConsentPractice) -> None:
    release_id = await requested(here)
    await disclosed(here, release_id)
    await disclosed(here, release_id, is_last=True)
    kept = [
        e.event.disclosure for e in await here.store.stream(release_id) if isinstance(e.event, RecordsRelease.Disclosed)
    ]
    assert [(one.to_whom, one.made_by, one.is_last) for one in kept] == [
        ("Dr. Roe, Albany", DESK, False),
        ("Dr. Roe, Albany", DESK, True),
    ]
    for again in (disclosed(here, release_id), extended(here, release_id)):
        with pytest.raises(ReleaseNotOpen):
            await again


async def test_r21_nothing_is_disclosed_after_the_last_local_day(here: ConsentPractice) -> None:
    release_id = await requested(here)
    here.at = datetime(2027, 2, 1, 5, 0, tzinfo=UTC)
    with pytest.raises(EndDateNeeded):
        await disclosed(here, release_id)
    here.at -= SECOND
    await disclosed(here, release_id)


async def test_r21_a_form_whose_last_day_is_over_is_not_taken(here: ConsentPractice) -> None:
    with pytest.raises(EndDateNeeded):
        await requested(here, here.at.date() - timedelta(days=1))
    await requested(here, here.at.date())


async def test_r21_revoked_nothing_more_is_disclosed(here: ConsentPractice) -> None:
    release_id = await requested(here)
    await here.do(revoke_release, RevokeRelease(PATIENT, release_id, PATIENTS_ACCOUNT))
    with pytest.raises(ReleaseNotOpen):
        await disclosed(here, release_id)
    with pytest.raises(ReleaseNotOpen):
        await here.do(revoke_release, RevokeRelease(PATIENT, release_id, PATIENTS_ACCOUNT))


async def test_r21_another_patients_release_is_not_found(here: ConsentPractice) -> None:
    release_id = await requested(here)
    with pytest.raises(NotFound):
        await disclosed(here, release_id, of=OTHER)
    with pytest.raises(NotFound):
        await here.do(revoke_release, RevokeRelease(OTHER, release_id, PATIENTS_ACCOUNT))
    with pytest.raises(NotFound):
        await here.do(extend_release, ExtendRelease(OTHER, release_id, "late", DESK))


async def test_r21_the_published_event_says_when_it_is_due_and_nothing_of_what(here: ConsentPractice) -> None:
    (recorded,) = await here.store.stream(await requested(here))
    told = PUBLISHED[type(recorded.event)](recorded)
    assert isinstance(told, RecordsReleaseRequested)
    text = told.model_dump_json()
    assert not any(word in text for word in ("imaging", "Roe", "opinion", "Elm"))

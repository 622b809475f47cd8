"""Signing by a one-time link, told as rules: whom it is sent to, how often it opens, and what guessing brings."""

import asyncio
from datetime import date, timedelta
from uuid import UUID

import pytest

from services.consent.commands.consents import SignOwnConsent, sign_own_consent
from services.consent.commands.facts import RecordDeath, record_death
from services.consent.commands.forms import PublishForm, publish_form
from services.consent.commands.signing import (
    IssueSigningLink,
    SignByLink,
    issue_signing_link,
    secret_of,
    sign_by_link,
)
from services.consent.domain.consent import PortalConsent
from services.consent.domain.errors import BirthDateDiffers, FormNotInForce, LinkGone, PatientDead, TooYoungToSign
from services.consent.domain.facts import ALL_SCOPES
from services.consent.domain.identifiers import consent_id, signing_link
from services.consent.domain.practice import FormText
from services.consent.domain.signing import LIFE, SigningLink
from tests.unit.services.consent.practice import (
    BORN_ADULT,
    BORN_CHILD,
    DESK,
    PATIENT,
    PATIENTS_ACCOUNT,
    PRACTICE,
    ConsentPractice,
)

ALL: set[str] = set(ALL_SCOPES)
LINK = signing_link(PATIENT)
SECOND = timedelta(seconds=1)


@pytest.fixture
async def here() -> ConsentPractice:
    practice = ConsentPractice()
    await practice.opened()
    await practice.registered()
    return practice


async def issued(here: ConsentPractice) -> str:
    await here.do(issue_signing_link, IssueSigningLink(PATIENT, DESK))
    link = await here.store.find(SigningLink, LINK)
    assert link is not None
    return secret_of(here.store, link)


async def signs(
    here: ConsentPractice, secret: str, born: date = BORN_ADULT, version: int = 1, key: UUID | None = None
) -> None:
    await here.do(sign_by_link, SignByLink(LINK, secret, born, version), key=key)


async def test_r6_the_link_signs_once_with_the_birth_date(here: ConsentPractice) -> None:
    secret = await issued(here)
    await signs(here, secret)
    consent = await here.store.find(PortalConsent, consent_id(PATIENT, PATIENT))
    assert consent is not None
    assert [span.form_version for span in consent.spans] == [1]
    with pytest.raises(LinkGone):
        await signs(here, secret)
    await here.joined()
    assert await here.sees() == ALL


async def test_r6_the_link_holds_7_days_to_the_second(here: ConsentPractice) -> None:
    secret = await issued(here)
    here.at += LIFE
    with pytest.raises(LinkGone):
        await signs(here, secret)
    here.at -= SECOND
    await signs(here, secret)


async def test_r6_a_new_link_voids_the_old_one(here: ConsentPractice) -> None:
    old = await issued(here)
    new = await issued(here)
    assert old != new
    with pytest.raises(LinkGone):
        await signs(here, old)
    await signs(here, new)


async def test_r8_the_third_wrong_birth_date_voids_the_link_also_for_the_right_one(here: ConsentPractice) -> None:
    secret = await issued(here)
    for day in (1, 2, 3):
        with pytest.raises(BirthDateDiffers):
            await signs(here, secret, date(1990, 1, day))
    with pytest.raises(LinkGone):
        await signs(here, secret)
    await signs(here, await issued(here))


async def test_r8_guesses_at_once_are_counted_one_by_one(here: ConsentPractice) -> None:
    secret = await issued(here)
    guesses = [signs(here, secret, date(1990, 1, day)) for day in range(1, 21)]
    refused = await asyncio.gather(*guesses, return_exceptions=True)
    assert [type(one) for one in refused].count(BirthDateDiffers) == 3
    assert {type(one) for one in refused} == {BirthDateDiffers, LinkGone}


async def test_r8_a_repeated_wrong_try_is_answered_alike_and_counts_once(here: ConsentPractice) -> None:
    secret, key = await issued(here), UUID(int=5)
    for _ in range(5):
        with pytest.raises(BirthDateDiffers):
            await signs(here, secret, date(1990, 1, 1), key=key)
    await signs(here, secret)


async def test_r6_a_wrong_secret_an_unknown_link_and_none_answer_alike(here: ConsentPractice) -> None:
    with pytest.raises(LinkGone):
        await signs(here, "0" * 32)
    secret = await issued(here)
    for wrong in ("", "0" * 32, secret[:-1], secret + "0", "ü"):
        with pytest.raises(LinkGone):
            await signs(here, wrong)
    link = await here.store.find(SigningLink, LINK)
    assert link is not None
    assert link.tries == 0


async def test_r2_only_the_form_that_is_in_force_is_signed_and_the_link_stays_open(here: ConsentPractice) -> None:
    secret = await issued(here)
    await here.do(publish_form, PublishForm(PRACTICE, (FormText("en", "New words"),)))
    with pytest.raises(FormNotInForce):
        await signs(here, secret)
    await signs(here, secret, version=2)


async def test_r42_no_link_for_a_child_under_12_and_none_for_the_dead(here: ConsentPractice) -> None:
    child = ConsentPractice()
    await child.opened()
    await child.registered(BORN_CHILD)
    with pytest.raises(TooYoungToSign):
        await issued(child)
    secret = await issued(here)
    await here.do(record_death, RecordDeath(PATIENT, "death", here.told()))
    with pytest.raises(PatientDead):
        await issued(here)
    with pytest.raises(PatientDead):
        await signs(here, secret)


async def test_r6_the_same_form_signed_elsewhere_meanwhile_does_not_hinder_it(here: ConsentPractice) -> None:
    secret = await issued(here)
    await here.joined()
    await here.do(sign_own_consent, SignOwnConsent(PATIENT, PATIENTS_ACCOUNT, 1))
    await signs(here, secret)
    assert await here.sees() == ALL

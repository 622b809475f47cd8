"""Portal consents, told as rules: what was done, what is done now, and who then sees what."""

from datetime import date, timedelta
from uuid import UUID

import pytest

from services.consent.commands.consents import (
    SignConsent,
    SignOwnConsent,
    WithdrawConsent,
    sign_consent,
    sign_own_consent,
    withdraw_consent,
)
from services.consent.commands.facts import (
    JoinAccount,
    join_account,
)
from services.consent.commands.forms import PublishForm, publish_form
from services.consent.domain.access import Access
from services.consent.domain.authorization import Signatory
from services.consent.domain.calendar import start_of_age
from services.consent.domain.consent import PortalConsent
from services.consent.domain.dossier import HeardFacts
from services.consent.domain.errors import (
    ConsentNotInForce,
    FormNotInForce,
    RepresentativeNotVerified,
    TooYoungToSign,
)
from services.consent.domain.facts import ALL_SCOPES
from services.consent.domain.identifiers import access_stream, consent_id
from services.consent.domain.practice import FormText
from shared.errors import NotFound, Unavailable
from tests.unit.services.consent.practice import (
    BORN_CHILD,
    DESK,
    PARENT,
    PARENTS_ACCOUNT,
    PATIENT,
    PATIENTS_ACCOUNT,
    PRACTICE,
    ZONE,
    ConsentPractice,
)

ALL: set[str] = set(ALL_SCOPES)
NEXT_YEAR = date(2027, 11, 24)
BOTH: tuple[Signatory, ...] = ("patient", "representative")
STRANGER = UUID(int=99)


@pytest.fixture
def here() -> ConsentPractice:
    return ConsentPractice()


async def test_r2_no_consent_no_access_and_no_enrolment_no_access(here: ConsentPractice) -> None:
    await here.opened()
    await here.registered()
    await here.joined()
    assert await here.sees() == set()
    await here.signed()
    assert await here.sees() == ALL
    assert await here.sees(STRANGER) == set()


async def test_r2_withdrawn_the_access_ends_in_the_same_append(here: ConsentPractice) -> None:
    await here.an_adult_with_access()
    before = await here.store.head()
    await here.withdrawn()
    pages = [page async for page in here.store.read(before)]
    written = [type(recorded.event) for page in pages for recorded in page]
    assert written == [PortalConsent.Withdrawn, Access.AccessDecidedAgain]
    assert await here.sees() == set()
    with pytest.raises(ConsentNotInForce):
        await here.withdrawn()


async def test_r2_a_patient_who_signs_again_has_the_own_access_back_and_every_grant_must_be_made_anew(
    here: ConsentPractice,
) -> None:
    await here.an_adult_with_access()
    await here.granted("adult_authorization", NEXT_YEAR, BOTH)
    await here.signed(PARENT)
    await here.joined(PARENTS_ACCOUNT, PARENT)
    assert await here.sees(PARENTS_ACCOUNT) == ALL
    await here.withdrawn()
    here.later(hours=1)
    await here.signed()
    assert await here.sees() == ALL
    assert await here.sees(PARENTS_ACCOUNT) == set()
    await here.granted("adult_authorization", NEXT_YEAR, BOTH)
    assert await here.sees(PARENTS_ACCOUNT) == ALL


async def test_r2_a_representatives_withdrawal_ends_nobody_elses_access(here: ConsentPractice) -> None:
    await here.an_adult_with_access()
    await here.granted("adult_authorization", NEXT_YEAR, BOTH)
    await here.signed(PARENT)
    await here.joined(PARENTS_ACCOUNT, PARENT)
    await here.withdrawn(PARENT)
    here.later(seconds=1)
    with pytest.raises(RepresentativeNotVerified):
        await here.signed(PARENT)
    assert (await here.sees(), await here.sees(PARENTS_ACCOUNT)) == (ALL, set())


async def test_r2_only_the_version_in_force_is_signed(here: ConsentPractice) -> None:
    await here.opened()
    await here.registered()
    published = await here.do(publish_form, PublishForm(PRACTICE, (FormText("en", "Anew"),)), key=UUID(int=5))
    assert published.version == 2
    again = await here.do(publish_form, PublishForm(PRACTICE, (FormText("en", "Anew"),)), key=UUID(int=5))
    assert again == published
    with pytest.raises(FormNotInForce):
        await here.signed()


async def test_r2_the_patient_signs_from_12_on(here: ConsentPractice) -> None:
    await here.opened()
    await here.registered(BORN_CHILD)
    here.at = start_of_age(BORN_CHILD, 12, ZONE) - timedelta(seconds=1)
    with pytest.raises(TooYoungToSign):
        await here.signed()
    here.later(seconds=1)
    await here.signed()


async def test_a_retry_of_a_signature_gives_the_same_answer_and_writes_nothing(here: ConsentPractice) -> None:
    await here.opened()
    await here.registered()
    first = await here.signed(key=UUID(int=5))
    head = await here.store.head()
    here.later(days=1)
    assert await here.signed(key=UUID(int=5)) == first == consent_id(PATIENT, PATIENT)
    assert await here.store.head() == head


async def test_the_desk_signs_before_the_event_of_the_registration_has_come(here: ConsentPractice) -> None:
    await here.opened()
    with pytest.raises(NotFound):
        await here.signed()
    heard = HeardFacts(PRACTICE, PATIENT, date(1980, 5, 17), None, ())
    await here.do(sign_consent, SignConsent(PATIENT, PATIENT, 1, "screen", None, DESK, heard))
    await here.registered()
    await here.joined()
    assert await here.sees() == ALL


async def test_a_patient_of_a_practice_not_heard_of_yet_waits(here: ConsentPractice) -> None:
    await here.registered()
    with pytest.raises(Unavailable):
        await here.joined()


async def test_a_consent_of_another_record_or_person_is_not_found(here: ConsentPractice) -> None:
    await here.an_adult_with_access()
    other = UUID(int=500)
    await here.registered(patient_id=other)
    with pytest.raises(NotFound):
        await here.do(withdraw_consent, WithdrawConsent(other, consent_id(PATIENT, PATIENT), "", DESK))
    with pytest.raises(NotFound):
        await here.do(withdraw_consent, WithdrawConsent(PATIENT, consent_id(PATIENT, PATIENT), "", STRANGER, STRANGER))
    with pytest.raises(NotFound):
        await here.do(withdraw_consent, WithdrawConsent(PATIENT, access_stream(PATIENTS_ACCOUNT, PATIENT), "", DESK))


async def test_an_account_signs_and_withdraws_for_the_person_it_is_joined_as(here: ConsentPractice) -> None:
    await here.opened()
    await here.registered()
    await here.joined()
    with pytest.raises(NotFound):
        await here.do(sign_own_consent, SignOwnConsent(PATIENT, STRANGER, 1))
    signed = await here.do(sign_own_consent, SignOwnConsent(PATIENT, PATIENTS_ACCOUNT, 1))
    assert signed.id == consent_id(PATIENT, PATIENT)
    own = WithdrawConsent(PATIENT, signed.id, "", PATIENTS_ACCOUNT, PATIENTS_ACCOUNT)
    await here.do(withdraw_consent, own)
    assert await here.sees() == set()


async def test_generations_only_grow_and_what_changes_nothing_decides_nothing(here: ConsentPractice) -> None:
    await here.an_adult_with_access()
    await here.withdrawn()
    await here.signed()
    access = await here.store.find(Access, access_stream(PATIENTS_ACCOUNT, PATIENT))
    assert access is not None
    assert access.generation == 3
    head = await here.store.head()
    await here.do(join_account, JoinAccount(PATIENT, PATIENTS_ACCOUNT, PATIENT, here.told()))
    assert await here.store.head() == head


async def test_two_commands_on_one_record_at_once_end_in_a_decision_over_both() -> None:
    here = ConsentPractice()
    await here.opened()
    await here.registered()

    rival = ConsentPractice()
    rival.store = here.store
    original = here.store.append

    async def overtaken(command, changes):  # type: ignore[no-untyped-def]  # as append
        here.store.append = original  # type: ignore[method-assign]
        await rival.do(join_account, JoinAccount(PATIENT, PATIENTS_ACCOUNT, PATIENT, here.told()), key=UUID(int=5))
        return await original(command, changes)

    here.store.append = overtaken  # type: ignore[method-assign]
    await here.signed()
    assert await here.sees() == ALL

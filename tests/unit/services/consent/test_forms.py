"""A form's new version: whom it shuts out until they sign, whom it does not, and that nobody sees more meanwhile."""

from datetime import date, timedelta
from uuid import UUID

import pytest

from services.consent.commands.authorizations import GrantAuthorization, grant_authorization
from services.consent.commands.consents import SignConsent, SignOwnConsent, sign_consent, sign_own_consent
from services.consent.commands.forms import (
    DecideForForm,
    OpenPractice,
    PublishForm,
    decide_for_form,
    open_practice,
    publish_form,
)
from services.consent.domain.access import Access
from services.consent.domain.authorization import Signatory, Terms
from services.consent.domain.errors import ConsentOfPatientNeeded, FormNotInForce
from services.consent.domain.facts import ALL_SCOPES
from services.consent.domain.identifiers import access_stream, practice_stream
from services.consent.domain.practice import FormText
from services.consent.processes import PROCESSES, SPREAD_FORM
from shared.bus.partitions import key_bytes, partition_of
from tests.unit.services.consent.practice import (
    BORN_TEEN,
    DESK,
    PARENT,
    PARENTS_ACCOUNT,
    PATIENT,
    PATIENTS_ACCOUNT,
    PRACTICE,
    ConsentPractice,
)

ALL: set[str] = set(ALL_SCOPES)
BOTH: tuple[Signatory, ...] = ("patient", "representative")
NEXT_YEAR = date(2027, 11, 24)
PARTITION = partition_of(key_bytes(PATIENT))
TEXTS = (FormText("en", "New words"), FormText("es", "Palabras nuevas"))


@pytest.fixture
async def here() -> ConsentPractice:
    """An adult and a representative whom the adult let in, both with the first version signed."""
    practice = ConsentPractice()
    await practice.an_adult_with_access()
    await practice.granted("adult_authorization", NEXT_YEAR, BOTH)
    await practice.signed(PARENT)
    await practice.joined(PARENTS_ACCOUNT, PARENT)
    return practice


async def published(here: ConsentPractice) -> None:
    await here.do(publish_form, PublishForm(PRACTICE, TEXTS))


async def spread(here: ConsentPractice) -> None:
    """What the effects of the publication do, one patient each."""
    await here.do(decide_for_form, DecideForForm(PATIENT, here.at))


async def test_r2_the_publication_counts_before_any_decision_on_a_patient_has_followed(here: ConsentPractice) -> None:
    applied = await here.store.head()
    assert await here.sees() == ALL
    await published(here)
    assert await here.sees() == set()
    assert await here.decisions.decide(PATIENTS_ACCOUNT, None) == []
    assert await here.decisions.head({PARTITION: applied}) == {PATIENT}
    assert await here.sees(PARENTS_ACCOUNT) == set()


async def test_r2_decided_for_the_new_version_peers_need_not_ask_and_the_windows_are_the_same(
    here: ConsentPractice,
) -> None:
    await published(here)
    asked = [await here.decisions.decide(account, PATIENT) for account in (PATIENTS_ACCOUNT, PARENTS_ACCOUNT)]
    here.later(seconds=3)
    await here.do(decide_for_form, DecideForForm(PATIENT, here.at - timedelta(seconds=3)))
    told = [await here.decisions.decide(account, PATIENT) for account in (PATIENTS_ACCOUNT, PARENTS_ACCOUNT)]
    assert told == asked
    assert await here.decisions.head({PARTITION: await here.store.head()}) == set()
    access = await here.store.find(Access, access_stream(PATIENTS_ACCOUNT, PATIENT))
    assert access is not None
    assert (access.windows, access.decided_at) == ((), here.at - timedelta(seconds=3))


async def test_r2_the_signer_signs_by_the_own_account_and_has_the_access_back(here: ConsentPractice) -> None:
    await published(here)
    await spread(here)
    assert [(one.patient_id, one.form_version) for one in await here.decisions.to_sign(PATIENTS_ACCOUNT)] == [
        (PATIENT, 2)
    ]
    with pytest.raises(FormNotInForce):
        await here.do(sign_own_consent, SignOwnConsent(PATIENT, PATIENTS_ACCOUNT, 1))
    await here.do(sign_own_consent, SignOwnConsent(PATIENT, PATIENTS_ACCOUNT, 2))
    assert (await here.sees(), await here.decisions.to_sign(PATIENTS_ACCOUNT)) == (ALL, [])


async def test_r2_those_let_in_sign_for_themselves_and_then_go_on_for_30_days(here: ConsentPractice) -> None:
    await published(here)
    began = here.at
    await here.do(sign_own_consent, SignOwnConsent(PATIENT, PARENTS_ACCOUNT, 2))
    month = timedelta(days=30)
    for after, seen in ((timedelta(0), ALL), (month - timedelta(seconds=1), ALL), (month, set())):
        here.at = began + after
        assert (await here.sees(PARENTS_ACCOUNT), await here.sees()) == (seen, set())
    await here.do(sign_own_consent, SignOwnConsent(PATIENT, PATIENTS_ACCOUNT, 2))
    assert (await here.sees(PARENTS_ACCOUNT), await here.sees()) == (ALL, ALL)


async def test_r2_with_an_earlier_version_signed_nobody_new_is_let_in(here: ConsentPractice) -> None:
    await published(here)
    terms = Terms("adult_authorization", tuple(sorted(ALL_SCOPES)), NEXT_YEAR)
    with pytest.raises(ConsentOfPatientNeeded):
        await here.do(grant_authorization, GrantAuthorization(PATIENT, UUID(int=13), terms, BOTH))
    await here.do(sign_consent, SignConsent(PATIENT, PATIENT, 2, "screen", None, DESK))
    await here.do(grant_authorization, GrantAuthorization(PATIENT, UUID(int=13), terms, BOTH))


async def test_r2_who_withdrew_is_not_asked_to_sign_anew(here: ConsentPractice) -> None:
    await here.withdrawn()
    await published(here)
    assert await here.decisions.to_sign(PATIENTS_ACCOUNT) == []
    assert (await here.decisions.explain(PATIENTS_ACCOUNT, PATIENT, here.at)).missing == ("consent",)


async def test_r2_at_18_the_form_is_to_be_signed_anew_like_a_new_version() -> None:
    here = ConsentPractice()
    await here.opened()
    await here.registered(BORN_TEEN)
    await here.signed()
    await here.joined()
    assert await here.decisions.to_sign(PATIENTS_ACCOUNT) == []
    here.later(days=365 * 4)
    assert (await here.sees(), [one.form_version for one in await here.decisions.to_sign(PATIENTS_ACCOUNT)]) == (
        set(),
        [1],
    )


async def test_r2_what_was_decided_after_the_publication_is_not_decided_again_as_of_it(here: ConsentPractice) -> None:
    began = here.at
    await published(here)
    here.later(seconds=1)
    await here.do(sign_own_consent, SignOwnConsent(PATIENT, PATIENTS_ACCOUNT, 2))
    head = await here.store.head()
    await here.do(decide_for_form, DecideForForm(PATIENT, began))
    assert await here.store.head() == head


async def test_r37_between_publication_and_decision_the_past_tells_what_held(here: ConsentPractice) -> None:
    here.later(days=1)
    await published(here)
    began = here.at
    here.later(seconds=5)
    await here.do(decide_for_form, DecideForForm(PATIENT, began))
    assert await here.decisions.viewers(PATIENT, began) == []
    assert len(await here.decisions.viewers(PATIENT, began - timedelta(seconds=1))) == 2


async def test_r2_another_practices_patients_are_left_alone(here: ConsentPractice) -> None:
    applied = await here.store.head()
    await here.do(open_practice, OpenPractice(UUID(int=30), "UTC", 12, 18, here.at))
    await here.do(publish_form, PublishForm(UUID(int=30), TEXTS))
    assert await here.decisions.head({PARTITION: applied}) == set()
    assert await here.sees() == ALL


async def test_r2_an_erased_patient_is_passed_over(here: ConsentPractice) -> None:
    await published(here)
    here.store.erase(PATIENT)
    await spread(here)


async def test_the_first_version_decides_nothing_and_each_later_one_spreads(here: ConsentPractice) -> None:
    await published(here)
    follows = []
    for recorded in await here.store.stream(practice_stream(PRACTICE)):
        decide = PROCESSES.get(type(recorded.event))
        follows += [] if decide is None else [[effect.kind for effect in decide(recorded)]]
    assert follows == [[], [SPREAD_FORM]]

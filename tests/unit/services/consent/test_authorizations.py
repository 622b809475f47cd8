"""Representatives, told as rules: what was done, what is done now, and who then sees what."""

from datetime import date, timedelta
from uuid import UUID

import pytest

from services.consent.commands.authorizations import (
    GrantAuthorization,
    LiftSuspension,
    RevokeAuthorization,
    RevokeDocument,
    SignAuthorization,
    SuspendPair,
    grant_authorization,
    lift_suspension,
    revoke_authorization,
    revoke_document,
    sign_authorization,
    suspend_pair,
)
from services.consent.commands.facts import (
    CorrectBirthDate,
    PartAccount,
    RecordDeath,
    correct_birth_date,
    part_account,
    record_death,
)
from services.consent.domain.authorization import Authorization, Signatory, Terms
from services.consent.domain.calendar import start_of_age
from services.consent.domain.errors import (
    AlreadySigned,
    AuthorizationNotOpen,
    ConsentOfPatientNeeded,
    DocumentUnfit,
    EndDateNeeded,
    NotOfThisAge,
    PairSuspended,
    PatientDead,
    RepresentativeNotVerified,
)
from services.consent.domain.facts import ALL_SCOPES
from shared.errors import InvalidField, NotFound
from tests.unit.services.consent.practice import (
    BORN_CHILD,
    BORN_TEEN,
    DESK,
    NOW,
    PARENT,
    PARENTS_ACCOUNT,
    PATIENT,
    PATIENTS_ACCOUNT,
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


async def test_r17_r7_a_parent_sees_nothing_until_documents_consent_and_account_are_there(
    here: ConsentPractice,
) -> None:
    await here.opened()
    await here.registered(BORN_CHILD)
    await here.joined(PARENTS_ACCOUNT, PARENT)
    authorization_id = await here.granted()
    with pytest.raises(RepresentativeNotVerified):
        await here.signed(PARENT)
    document_id = await here.documented(authorization_id)
    assert await here.sees(PARENTS_ACCOUNT) == set()
    await here.signed(PARENT)
    assert await here.sees(PARENTS_ACCOUNT) == ALL
    revoke = RevokeDocument(PATIENT, authorization_id, document_id, "a forgery", DESK)
    await here.do(revoke_document, revoke)
    assert await here.sees(PARENTS_ACCOUNT) == set()
    await here.documented(authorization_id)
    assert await here.sees(PARENTS_ACCOUNT) == ALL


async def test_r18_the_birthday_needs_no_event(here: ConsentPractice) -> None:
    await here.a_parent_of_a_child()
    head = await here.store.head()
    here.at = start_of_age(BORN_CHILD, 12, ZONE) - timedelta(seconds=1)
    assert await here.sees(PARENTS_ACCOUNT) == ALL
    here.later(seconds=1)
    assert await here.sees(PARENTS_ACCOUNT) == {"appointments", "billing"}
    here.at = start_of_age(BORN_CHILD, 18, ZONE)
    assert await here.sees(PARENTS_ACCOUNT) == set()
    assert await here.store.head() == head


async def test_r18_a_corrected_birth_date_is_decided_in_the_same_append(here: ConsentPractice) -> None:
    await here.a_parent_of_a_child()
    await here.do(correct_birth_date, CorrectBirthDate(PATIENT, BORN_TEEN, here.told()))
    assert await here.sees(PARENTS_ACCOUNT) == {"appointments", "billing"}


async def test_r7_only_documents_of_a_fitting_kind(here: ConsentPractice) -> None:
    await here.an_adult_with_access()
    authorization_id = await here.granted("personal_representative", NEXT_YEAR)
    with pytest.raises(DocumentUnfit):
        await here.documented(authorization_id, "birth_certificate")
    await here.documented(authorization_id, "power_of_attorney")


async def test_r19_each_kind_has_its_age(here: ConsentPractice) -> None:
    await here.opened()
    await here.registered(BORN_TEEN)
    adult = start_of_age(BORN_TEEN, 18, ZONE)
    last = date(2031, 1, 1)
    here.at = adult - timedelta(days=90, seconds=1)
    for kind in ("adult_authorization", "personal_representative"):
        with pytest.raises(NotOfThisAge):
            await here.granted(kind, last)
    here.later(seconds=1)
    await here.granted("personal_representative", last)
    here.at = adult
    with pytest.raises(NotOfThisAge):
        await here.granted("minor")


async def test_r20_an_end_date_is_needed_and_not_in_the_past(here: ConsentPractice) -> None:
    await here.an_adult_with_access()
    for until in (None, NOW.date() - timedelta(days=1)):
        with pytest.raises(EndDateNeeded):
            await here.granted("adult_authorization", until, BOTH)
    await here.granted("adult_authorization", NOW.date(), BOTH)


async def test_r19a_is_a_draft_until_both_have_signed(here: ConsentPractice) -> None:
    await here.an_adult_with_access()
    authorization_id = await here.granted("adult_authorization", NEXT_YEAR, ("representative",))
    with pytest.raises(RepresentativeNotVerified):
        await here.signed(PARENT)
    here.later(days=1)
    await here.do(sign_authorization, SignAuthorization(PATIENT, authorization_id, "patient"))
    await here.signed(PARENT)
    await here.joined(PARENTS_ACCOUNT, PARENT)
    assert await here.sees(PARENTS_ACCOUNT) == ALL
    with pytest.raises(AlreadySigned):
        await here.do(sign_authorization, SignAuthorization(PATIENT, authorization_id, "patient"))


async def test_r20_withdrawal_between_two_signatures_ends_the_draft(here: ConsentPractice) -> None:
    await here.an_adult_with_access()
    authorization_id = await here.granted("adult_authorization", NEXT_YEAR, ("representative",))
    await here.withdrawn()
    await here.signed()
    with pytest.raises(AuthorizationNotOpen):
        await here.do(sign_authorization, SignAuthorization(PATIENT, authorization_id, "patient"))


async def test_r27_an_unenrolled_patient_gives_no_grant_and_those_given_do_not_revive(here: ConsentPractice) -> None:
    await here.an_adult_with_access()
    await here.granted("adult_authorization", NEXT_YEAR, BOTH)
    await here.signed(PARENT)
    await here.joined(PARENTS_ACCOUNT, PARENT)
    part = PartAccount(PATIENT, PATIENTS_ACCOUNT, PATIENT, here.told())
    await here.do(part_account, part)
    assert (await here.sees(), await here.sees(PARENTS_ACCOUNT)) == (set(), set())
    with pytest.raises(ConsentOfPatientNeeded):
        await here.granted("adult_authorization", NEXT_YEAR, BOTH)
    here.later(days=1)
    again = UUID(int=31)
    await here.joined(again)
    assert (await here.sees(again), await here.sees(PARENTS_ACCOUNT)) == (ALL, set())


async def test_r20_the_patient_revokes_only_what_the_patient_gave(here: ConsentPractice) -> None:
    await here.an_adult_with_access()
    given = await here.granted("adult_authorization", NEXT_YEAR, BOTH)
    other = await here.granted("personal_representative", NEXT_YEAR)
    await here.do(revoke_authorization, RevokeAuthorization(PATIENT, given, "", PATIENTS_ACCOUNT, by_patient=True))
    with pytest.raises(NotOfThisAge):
        await here.do(revoke_authorization, RevokeAuthorization(PATIENT, other, "", PATIENTS_ACCOUNT, by_patient=True))
    with pytest.raises(NotFound):
        await here.do(revoke_authorization, RevokeAuthorization(PATIENT, STRANGER, "x", DESK, by_patient=False))


async def test_r20_a_suspended_pair_sees_nothing_whatever_is_granted_until_lifted(here: ConsentPractice) -> None:
    await here.a_parent_of_a_child()
    await here.do(suspend_pair, SuspendPair(PATIENT, PARENT, "court asked", DESK))
    assert await here.sees(PARENTS_ACCOUNT) == set()
    await here.documented(await here.granted())
    assert await here.sees(PARENTS_ACCOUNT) == set()
    with pytest.raises(PairSuspended):
        await here.do(suspend_pair, SuspendPair(PATIENT, PARENT, "again", DESK))
    await here.do(lift_suspension, LiftSuspension(PATIENT, PARENT, "court decided", DESK))
    assert await here.sees(PARENTS_ACCOUNT) == ALL


async def test_r20_a_pair_suspended_before_anything_is_granted_stays_so(here: ConsentPractice) -> None:
    await here.opened()
    await here.registered(BORN_CHILD)
    await here.do(suspend_pair, SuspendPair(PATIENT, PARENT, "court asked", DESK))
    await here.documented(await here.granted())
    await here.signed(PARENT)
    await here.joined(PARENTS_ACCOUNT, PARENT)
    assert await here.sees(PARENTS_ACCOUNT) == set()


async def test_r20_death_ends_access_and_grants_and_only_a_documented_executor_reads(here: ConsentPractice) -> None:
    await here.an_adult_with_access()
    authorization_id = await here.granted("executor", NEXT_YEAR)
    await here.documented(authorization_id, "letters_testamentary")
    await here.signed(PARENT)
    await here.joined(PARENTS_ACCOUNT, PARENT)
    assert await here.sees(PARENTS_ACCOUNT) == set()
    await here.do(record_death, RecordDeath(PATIENT, "death", here.told()))
    assert await here.sees() == set()
    assert await here.sees(PARENTS_ACCOUNT) == {"results", "documents", "billing"}
    with pytest.raises(PatientDead):
        await here.signed()
    await here.do(record_death, RecordDeath(PATIENT, "mistake", here.told()))
    assert (await here.sees(), await here.sees(PARENTS_ACCOUNT)) == (ALL, set())


async def test_r20_a_death_by_mistake_gives_grants_back_to_nobody(here: ConsentPractice) -> None:
    authorization_id = await here.a_parent_of_a_child()
    await here.do(record_death, RecordDeath(PATIENT, "death", here.told()))
    await here.do(record_death, RecordDeath(PATIENT, "mistake", here.told()))
    assert await here.sees(PARENTS_ACCOUNT) == set()
    authorization = await here.store.find(Authorization, authorization_id)
    assert authorization is not None
    assert not authorization.is_open


async def test_nobody_represents_themselves(here: ConsentPractice) -> None:
    await here.an_adult_with_access()
    terms = Terms("personal_representative", ("billing",), NEXT_YEAR)
    with pytest.raises(InvalidField):
        await here.do(grant_authorization, GrantAuthorization(PATIENT, PATIENT, terms, ("representative",)))

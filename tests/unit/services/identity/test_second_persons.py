"""R43: what two different persons must do, to the second, and how one alone would try to do both."""

from datetime import timedelta
from uuid import UUID

import pytest

from services.identity.commands.invitations import IssueInvitation, TakeConsent, issue_invitation, take_consent
from services.identity.commands.patients import (
    NoteVerification,
    RecordContact,
    note_verification,
    record_contact,
)
from services.identity.commands.recovery import IssueRecoveryToken, issue_recovery_token
from services.identity.domain.errors import SecondPersonNeeded
from services.identity.domain.invitation import Invitation
from services.identity.domain.patient import SECOND_PERSON_FOR
from services.identity.domain.recovery import Reached
from services.identity.domain.values import AccountId, ConsentId, Contact, PatientId, PersonId, PracticeId
from tests.unit.services.identity.people import AT, Town

SECOND = timedelta(seconds=1)
DEE, FRAN = AccountId(UUID(int=71)), AccountId(UUID(int=72))
"""Two members of the front desk."""


@pytest.fixture
async def town() -> Town:
    return Town()


@pytest.fixture
async def patient(town: Town) -> PatientId:
    """With a consent, and invited."""
    practice_id = (await town.open_practice()).practice_id
    found = await town.register(practice_id)
    await town.consent(found)
    return found


async def move(town: Town, patient: PatientId, email: str, by: AccountId | None = DEE, phone: str = "") -> None:
    contact = Contact(email, phone)
    await town.perform(record_contact, RecordContact(patient, PersonId(patient), contact, by))


async def invite(town: Town, patient: PatientId, by: AccountId | None, person: PersonId | None = None) -> None:
    await town.perform(issue_invitation, IssueInvitation(patient, person or PersonId(patient), by=by))


async def is_invited(town: Town, patient: PatientId, person: PersonId | None = None) -> bool:
    found = await town.invitation(patient, person)
    invitation = await town.store.find(Invitation, found) if found is not None else None
    return invitation is not None and invitation.state == "open"


@pytest.mark.parametrize("late", [timedelta(0), SECOND_PERSON_FOR - SECOND])
async def test_r43_who_changed_an_address_does_not_invite_there_within_72_hours(
    town: Town, patient: PatientId, late: timedelta
) -> None:
    await move(town, patient, "new@example.org")
    town.at = AT + late
    with pytest.raises(SecondPersonNeeded):
        await invite(town, patient, DEE)
    assert not await is_invited(town, patient)
    await invite(town, patient, FRAN)
    assert await is_invited(town, patient)


@pytest.mark.parametrize("late", [SECOND_PERSON_FOR, SECOND_PERSON_FOR + SECOND])
async def test_r43_after_72_hours_the_same_person_may_invite(town: Town, patient: PatientId, late: timedelta) -> None:
    await move(town, patient, "new@example.org")
    town.at = AT + late
    await invite(town, patient, DEE)
    assert await is_invited(town, patient)


async def test_r43_the_first_address_on_record_changes_none(town: Town) -> None:
    patient = await town.register((await town.open_practice()).practice_id, email="")
    await town.consent(patient)
    await move(town, patient, "first@example.org")
    await invite(town, patient, DEE)
    assert await is_invited(town, patient)


async def test_r43_an_address_taken_out_and_put_in_anew_is_a_changed_one(town: Town, patient: PatientId) -> None:
    await move(town, patient, "")
    await move(town, patient, "evil@example.org")
    with pytest.raises(SecondPersonNeeded):
        await invite(town, patient, DEE)


async def test_r43_saving_another_phone_number_makes_nobody_the_one_who_changed_the_address(
    town: Town, patient: PatientId
) -> None:
    await move(town, patient, "evil@example.org", DEE)
    await move(town, patient, "evil@example.org", FRAN, phone="555-0100")
    with pytest.raises(SecondPersonNeeded):
        await invite(town, patient, DEE)
    await invite(town, patient, FRAN)


async def test_r43_a_consent_recorded_by_the_one_who_changed_the_address_invites_nobody(
    town: Town, patient: PatientId
) -> None:
    await move(town, patient, "evil@example.org", DEE)
    for number, by in enumerate((DEE, None)):
        consent = TakeConsent(patient, PersonId(patient), ConsentId(UUID(int=910 + number)), by=by)
        await town.perform(take_consent, consent)
        assert not await is_invited(town, patient)
    await town.perform(take_consent, TakeConsent(patient, PersonId(patient), ConsentId(UUID(int=920)), by=FRAN))
    assert await is_invited(town, patient)


@pytest.fixture
async def family(town: Town) -> tuple[PracticeId, PatientId, AccountId, PatientId]:
    """An account with records at two practices."""
    first, second = (await town.open_practice()).practice_id, (await town.open_practice()).practice_id
    here, there = await town.register(first), await town.register(second)
    account_id = await town.enrolled(here)
    await town.consent(there, number=901)
    await town.join(there, account_id)
    return first, here, account_id, there


async def issue_token(town: Town, practice: PracticeId, patient: PatientId, account: AccountId, by: AccountId) -> None:
    reached = Reached("patient", patient, practice)
    await town.perform(issue_recovery_token, IssueRecoveryToken(account, reached, "call_back", "called", None, by))


@pytest.mark.parametrize("which", ["that record", "another record"])
async def test_r43_who_changed_an_address_issues_no_reset_token_within_72_hours(
    town: Town, family: tuple[PracticeId, PatientId, AccountId, PatientId], which: str
) -> None:
    """Nor on another record of the account: its notice would go to the changed address."""
    practice, here, account, there = family
    await move(town, here if which == "that record" else there, "evil@example.org")
    town.at = AT + SECOND_PERSON_FOR - SECOND
    with pytest.raises(SecondPersonNeeded):
        await issue_token(town, practice, here, account, DEE)
    await issue_token(town, practice, here, account, FRAN)
    town.at += SECOND
    await issue_token(town, practice, here, account, DEE)


async def test_r43_who_verified_a_representatives_documents_does_not_invite_them(
    town: Town, patient: PatientId
) -> None:
    rae = await town.register_person(patient)
    await town.perform(note_verification, NoteVerification(patient, rae, DEE))
    consent = TakeConsent(patient, rae, ConsentId(UUID(int=930)), by=DEE)
    await town.perform(take_consent, consent)
    assert not await is_invited(town, patient, rae)
    town.at = AT + timedelta(days=400)
    with pytest.raises(SecondPersonNeeded):
        await invite(town, patient, DEE, rae)
    await invite(town, patient, FRAN, rae)
    assert await is_invited(town, patient, rae)


async def test_r43_a_consent_that_another_person_recorded_invites_the_representative(
    town: Town, patient: PatientId
) -> None:
    rae = await town.register_person(patient)
    await town.perform(note_verification, NoteVerification(patient, rae, DEE))
    await town.perform(take_consent, TakeConsent(patient, rae, ConsentId(UUID(int=930)), by=FRAN))
    assert await is_invited(town, patient, rae)


async def test_r43_a_verification_of_another_patients_person_is_noted_nowhere(town: Town, patient: PatientId) -> None:
    other = await town.register((await town.open_practice()).practice_id)
    rae = await town.register_person(patient)
    await town.perform(note_verification, NoteVerification(other, rae, DEE))
    await town.consent(patient, rae, number=940)
    assert await is_invited(town, patient, rae)

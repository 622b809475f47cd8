"""Consent, invitation, acceptance: what leads to what, and where each ends."""

import asyncio
from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from services.identity.commands.accounts import JoinRecord, join_record
from services.identity.commands.emancipations import NoteEmancipation, note_emancipation
from services.identity.commands.invitations import EndConsent, IssueInvitation, end_consent, issue_invitation
from services.identity.commands.patients import RecordContact, RecordDeath, record_contact, record_death
from services.identity.domain.account import Account
from services.identity.domain.emancipation import Emancipation
from services.identity.domain.errors import (
    AddressMissing,
    AlreadyEnrolled,
    ConsentMissing,
    LinkGone,
    PatientIsDeceased,
    TooYoung,
    UserNameTaken,
)
from services.identity.domain.invitation import Invitation, expiry
from services.identity.domain.values import Contact, InvitationId, PatientId, PersonId, PracticeId, emancipation_id
from shared.errors import NotFound
from tests.unit.services.identity.people import AT, Town

SECOND = timedelta(seconds=1)
REPEATED = UUID(int=77_000)


@pytest.fixture
async def town() -> Town:
    return Town()


@pytest.fixture
async def practice(town: Town) -> PracticeId:
    return (await town.open_practice()).practice_id


async def test_r8_a_signed_consent_leads_to_an_invitation_of_its_signer(town: Town, practice: PracticeId) -> None:
    patient = await town.register(practice)
    await town.consent(patient)
    invitation = await town.store.find(Invitation, (await town.invitation(patient)) or UUID(int=0))
    assert invitation is not None
    assert (invitation.relation.patient_id, invitation.relation.person_id) == (patient, PersonId(patient))
    assert invitation.expires_at == AT + timedelta(hours=24 * 30)


async def test_r2_an_invitation_without_consent_is_impossible(town: Town, practice: PracticeId) -> None:
    patient = await town.register(practice)
    with pytest.raises(ConsentMissing):
        await town.perform(issue_invitation, IssueInvitation(patient, PersonId(patient)))


async def test_without_an_address_the_consent_is_noted_and_nobody_is_invited(town: Town, practice: PracticeId) -> None:
    patient = await town.register(practice, email="")
    await town.consent(patient)
    assert await town.invitation(patient) is None
    with pytest.raises(AddressMissing):
        await town.perform(issue_invitation, IssueInvitation(patient, PersonId(patient)))
    await town.perform(record_contact, RecordContact(patient, PersonId(patient), Contact("new@example.org")))
    await town.perform(issue_invitation, IssueInvitation(patient, PersonId(patient)))
    assert await town.invitation(patient) is not None


@pytest.mark.parametrize("seconds", [-1, 0, 1])
async def test_r10_an_invitation_holds_while_now_is_before_issue_plus_thirty_days(
    town: Town, practice: PracticeId, seconds: int
) -> None:
    patient = await town.register(practice)
    await town.consent(patient)
    invitation = await town.invitation(patient)
    assert invitation is not None
    town.at = AT + timedelta(days=30, seconds=seconds)
    if seconds < 0:
        await town.accept(invitation)
    else:
        with pytest.raises(LinkGone):
            await town.accept(invitation)


def test_r10_thirty_days_are_hours_whatever_the_clocks_do() -> None:
    issued = datetime(2026, 3, 1, 12, tzinfo=ZoneInfo("America/New_York"))
    assert expiry(issued.astimezone(ZoneInfo("UTC")), 30) - issued == timedelta(hours=720)


async def test_r10_a_new_invitation_voids_the_old_one(town: Town, practice: PracticeId) -> None:
    patient = await town.register(practice)
    await town.consent(patient)
    old = await town.invitation(patient)
    await town.perform(issue_invitation, IssueInvitation(patient, PersonId(patient)))
    new = await town.invitation(patient)
    assert old is not None
    assert new is not None
    assert new != old
    with pytest.raises(LinkGone):
        await town.accept(old)
    await town.accept(new)


async def test_r8_another_address_voids_the_invitation_and_another_phone_does_not(
    town: Town, practice: PracticeId
) -> None:
    patient = await town.register(practice)
    await town.consent(patient)
    invitation = await town.invitation(patient)
    assert invitation is not None
    await town.perform(
        record_contact, RecordContact(patient, PersonId(patient), Contact("pat@example.org", phone="555-0100"))
    )
    found = await town.store.find(Invitation, invitation)
    assert found is not None
    assert found.state == "open"
    await town.perform(record_contact, RecordContact(patient, PersonId(patient), Contact("other@example.org")))
    with pytest.raises(LinkGone):
        await town.accept(invitation)


async def test_r10_two_tabs_at_once_make_one_account(town: Town, practice: PracticeId) -> None:
    patient = await town.register(practice)
    await town.consent(patient)
    invitation = await town.invitation(patient)
    assert invitation is not None
    answers = await asyncio.gather(
        town.accept(invitation, "one"), town.accept(invitation, "two"), return_exceptions=True
    )
    assert sum(isinstance(answer, UUID) for answer in answers) == 1
    assert sum(isinstance(answer, LinkGone) for answer in answers) == 1
    assert (await town.names()).count("Account.Opened") == 1
    assert len(town.secrets.passwords) == 1


async def test_a_repeated_acceptance_gets_the_first_answer_and_keeps_one_password(
    town: Town, practice: PracticeId
) -> None:
    patient = await town.register(practice)
    await town.consent(patient)
    invitation = await town.invitation(patient)
    assert invitation is not None
    first = await town.accept(invitation, command_id=REPEATED)
    town.at = AT + timedelta(days=1)
    assert await town.accept(invitation, command_id=REPEATED) == first
    assert list(town.secrets.passwords) == [first]


async def test_r9_a_taken_user_name_is_refused_and_leaves_no_secret_behind(town: Town, practice: PracticeId) -> None:
    await town.enrolled(await town.register(practice), "pat")
    other = await town.register(practice, email="other@example.org")
    await town.consent(other, number=901)
    invitation = await town.invitation(other)
    assert invitation is not None
    with pytest.raises(UserNameTaken):
        await town.accept(invitation, "pat")
    assert len(town.secrets.passwords) == 1
    await town.accept(invitation, "pat2")


async def test_r12_a_person_who_has_joined_is_not_invited_again(town: Town, practice: PracticeId) -> None:
    patient = await town.register(practice)
    await town.enrolled(patient)
    await town.consent(patient, number=901)
    assert await town.invitation(patient) is None
    with pytest.raises(AlreadyEnrolled):
        await town.perform(issue_invitation, IssueInvitation(patient, PersonId(patient)))


async def test_r2_withdrawal_voids_what_is_pending_on_it_and_nobody_elses(town: Town, practice: PracticeId) -> None:
    patient = await town.register(practice)
    person = await town.register_person(patient)
    consent = await town.consent(patient)
    await town.consent(patient, person, number=901)
    own, other = await town.invitation(patient), await town.invitation(patient, person)
    assert own is not None
    assert other is not None
    await town.perform(end_consent, EndConsent(patient, PersonId(patient), consent))
    with pytest.raises(LinkGone):
        await town.accept(own)
    await town.accept(other, "rae")


async def test_an_older_consents_withdrawal_changes_nothing(town: Town, practice: PracticeId) -> None:
    patient = await town.register(practice)
    old = await town.consent(patient, number=900)
    await town.consent(patient, number=901)
    before = await town.store.head()
    await town.perform(end_consent, EndConsent(patient, PersonId(patient), old))
    assert await town.store.head() == before


@pytest.mark.parametrize(("now", "invited"), [("2026-03-10T03:59:59Z", False), ("2026-03-10T04:00:00Z", True)])
async def test_r42_under_twelve_by_the_practices_calendar_there_is_no_own_account(
    town: Town, practice: PracticeId, now: str, invited: bool
) -> None:
    child = await town.register(practice, born=date(2014, 3, 10))
    town.at = datetime.fromisoformat(now)
    await town.consent(child)
    assert (await town.invitation(child) is not None) is invited
    if not invited:
        with pytest.raises(TooYoung):
            await town.perform(issue_invitation, IssueInvitation(child, PersonId(child)))


async def test_a_representative_of_a_child_is_invited(town: Town, practice: PracticeId) -> None:
    child = await town.register(practice, born=date(2017, 1, 1), email="")
    parent = await town.register_person(child)
    await town.consent(child, parent)
    assert await town.invitation(child, parent) is not None


async def test_the_dead_are_not_invited(town: Town, practice: PracticeId) -> None:
    patient = await town.register(practice)
    await town.consent(patient)
    invitation = await town.invitation(patient)
    assert invitation is not None
    await town.perform(record_death, RecordDeath(patient))
    with pytest.raises(LinkGone):
        await town.accept(invitation)
    with pytest.raises(PatientIsDeceased):
        await town.perform(issue_invitation, IssueInvitation(patient, PersonId(patient)))


async def test_a_person_of_another_patients_record_is_not_found(town: Town, practice: PracticeId) -> None:
    mine, foreign = await town.register(practice), await town.register(practice, email="x@example.org")
    person = await town.register_person(foreign)
    with pytest.raises(NotFound):
        await town.perform(record_contact, RecordContact(PatientId(mine), person, Contact("evil@example.org")))


async def test_r11_after_expiry_only_the_practice_issues_another_one_and_may_want_the_form_again(
    town: Town, practice: PracticeId
) -> None:
    """Nothing that the holder of the link can do makes it hold longer; without a consent the practice cannot either."""
    patient = await town.register(practice)
    consent = await town.consent(patient)
    old = await town.invitation(patient)
    assert old is not None
    town.at = AT + timedelta(days=30)
    for _ in range(2):
        with pytest.raises(LinkGone):
            await town.accept(old)
    assert await town.invitation(patient) == old
    await town.perform(issue_invitation, IssueInvitation(patient, PersonId(patient)))
    new = await town.invitation(patient)
    found = await town.store.find(Invitation, new or UUID(int=0))
    assert found is not None
    assert found.expires_at == town.at + timedelta(days=30)
    with pytest.raises(LinkGone):
        await town.accept(old)
    await town.perform(end_consent, EndConsent(patient, PersonId(patient), consent))
    with pytest.raises(ConsentMissing):
        await town.perform(issue_invitation, IssueInvitation(patient, PersonId(patient)))
    with pytest.raises(LinkGone):
        await town.accept(InvitationId(found.id))


@pytest.mark.parametrize(("seconds", "joins"), [(-1, True), (0, False), (1, False)])
async def test_r22_an_account_joins_another_practice_for_30_days_to_the_second_and_once(
    town: Town, practice: PracticeId, seconds: int, joins: bool
) -> None:
    """A joining token is an invitation that is told: what ends the one ends the other."""
    account = await town.enrolled(await town.register(practice))
    second = await town.register((await town.open_practice()).practice_id)
    await town.consent(second, number=901)
    town.at = AT + timedelta(days=30, seconds=seconds)
    if not joins:
        with pytest.raises(LinkGone):
            await town.join(second, account)
        return
    invitation = await town.invitation(second)
    assert invitation is not None
    await town.join(second, account)
    with pytest.raises(LinkGone):
        await town.perform(join_record, JoinRecord(invitation, account))
    found = await town.store.find(Account, account)
    assert found is not None
    assert found.records[0].practice_id == practice
    assert len({record.practice_id for record in found.records}) == 2


@pytest.mark.parametrize("seconds", [-1, 0, 1])
async def test_r42_r18_an_emancipated_child_counts_as_an_adult_from_the_recording_until_its_correction(
    town: Town, practice: PracticeId, seconds: int
) -> None:
    child = await town.register(practice, born=date(2019, 1, 1))
    await town.consent(child)
    assert await town.invitation(child) is None
    with pytest.raises(TooYoung):
        await town.perform(issue_invitation, IssueInvitation(child, PersonId(child)))
    await town.perform(note_emancipation, NoteEmancipation(child, True))
    await town.perform(issue_invitation, IssueInvitation(child, PersonId(child)))
    corrected_at = town.at + timedelta(hours=1)
    town.at = corrected_at + timedelta(seconds=seconds)
    if seconds >= 0:
        await town.perform(note_emancipation, NoteEmancipation(child, False))
        with pytest.raises(TooYoung):
            await town.perform(issue_invitation, IssueInvitation(child, PersonId(child)))
    else:
        await town.perform(issue_invitation, IssueInvitation(child, PersonId(child)))


async def test_an_emancipation_that_is_told_twice_or_corrected_unheard_changes_nothing(
    town: Town, practice: PracticeId
) -> None:
    child = await town.register(practice, born=date(2019, 1, 1))
    await town.perform(note_emancipation, NoteEmancipation(child, False))
    assert await town.store.find(Emancipation, emancipation_id(child)) is None
    for holds in (True, True, False, False, True):
        await town.perform(note_emancipation, NoteEmancipation(child, holds))
    found = await town.store.find(Emancipation, emancipation_id(child))
    assert found is not None
    assert (found.holds, found.version) == (True, 3)

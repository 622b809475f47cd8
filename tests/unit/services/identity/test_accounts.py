"""Leaving: un-enrolment, staff who go, names that die, and what is left standing."""

from uuid import UUID

import pytest

from services.identity.commands.accounts import (
    JoinRecord,
    Unenrol,
    UnenrolPerson,
    join_record,
    unenrol,
    unenrol_person,
)
from services.identity.commands.invitations import EndConsent, end_consent
from services.identity.commands.staff import (
    ChangeStaffRoles,
    EndStaff,
    change_staff_roles,
    end_staff,
)
from services.identity.domain.account import Account
from services.identity.domain.errors import FactorNeeded, LastAdmin, LinkGone, NotEnrolled, UserNameTaken
from services.identity.domain.staff import INVITATION_LIFETIME
from services.identity.domain.values import (
    ConsentId,
    PersonId,
)
from services.identity.processes import has_footing
from shared.errors import NotFound
from tests.unit.services.identity.people import AT, NURSE, Town


@pytest.fixture
async def town() -> Town:
    return Town()


async def test_r27_the_user_name_dies_with_the_last_enrolment_and_never_before(town: Town) -> None:
    first, second = (await town.open_practice()).practice_id, (await town.open_practice()).practice_id
    here, there = await town.register(first), await town.register(second)
    account_id = await town.enrolled(here)
    await town.consent(there, number=901)
    invitation = await town.invitation(there)
    assert invitation is not None
    await town.perform(join_record, JoinRecord(invitation, account_id))

    await town.perform(unenrol, Unenrol(account_id, first, "self"))
    account = await town.store.find(Account, account_id)
    assert account is not None
    assert account.is_open
    assert [record.practice_id for record in account.records] == [second]

    await town.perform(unenrol, Unenrol(account_id, second, "self"))
    account = await town.store.find(Account, account_id)
    assert account is not None
    assert not account.is_open
    await town.consent(there, number=902)
    again = await town.invitation(there)
    assert again is not None
    with pytest.raises(UserNameTaken):
        await town.accept(again, "pat")
    assert await town.accept(again, "pat-the-second") != account_id


async def test_un_enrolment_at_a_practice_without_a_record_is_refused(town: Town) -> None:
    first, second = (await town.open_practice()).practice_id, (await town.open_practice()).practice_id
    account_id = await town.enrolled(await town.register(first))
    with pytest.raises(NotEnrolled):
        await town.perform(unenrol, Unenrol(account_id, second, "self"))


async def test_an_account_can_leave_a_practice_where_its_record_was_erased(town: Town) -> None:
    practice = (await town.open_practice()).practice_id
    patient = await town.register(practice)
    account_id = await town.enrolled(patient)
    town.store.erase(patient)
    await town.perform(unenrol, Unenrol(account_id, practice, "self"))
    assert not await has_footing(town.store, account_id)


async def test_staff_un_enrol_the_person_from_every_record_of_the_practice(town: Town) -> None:
    practice = (await town.open_practice()).practice_id
    patient = await town.register(practice)
    account_id = await town.enrolled(patient)
    await town.perform(unenrol_person, UnenrolPerson(patient, PersonId(patient), "asked by phone"))
    assert not await has_footing(town.store, account_id)
    with pytest.raises(NotEnrolled):
        await town.perform(unenrol_person, UnenrolPerson(patient, PersonId(patient), "again"))


async def test_r2_a_withdrawn_consent_takes_the_footing_unless_another_record_is_left(town: Town) -> None:
    first, second = (await town.open_practice()).practice_id, (await town.open_practice()).practice_id
    here, there = await town.register(first), await town.register(second)
    account_id = await town.enrolled(here, number=900)
    other = await town.consent(there, number=901)
    invitation = await town.invitation(there)
    assert invitation is not None
    await town.perform(join_record, JoinRecord(invitation, account_id))
    await town.perform(end_consent, EndConsent(there, PersonId(there), other))
    assert await has_footing(town.store, account_id)
    await town.perform(end_consent, EndConsent(here, PersonId(here), ConsentId(UUID(int=900))))
    assert not await has_footing(town.store, account_id)


async def test_r43_the_last_admin_can_neither_leave_nor_give_up_the_role(town: Town) -> None:
    opening = await town.open_practice()
    practice, first = opening.practice_id, opening.staff_id
    await town.join_staff(first, "ada")
    with pytest.raises(LastAdmin):
        await town.perform(end_staff, EndStaff(practice, first))
    with pytest.raises(LastAdmin):
        await town.perform(change_staff_roles, ChangeStaffRoles(practice, first, NURSE, first))
    second = await town.invite_admin(practice, first)
    with pytest.raises(LastAdmin):
        await town.perform(end_staff, EndStaff(practice, first))
    await town.join_staff(second, "nia")
    await town.perform(end_staff, EndStaff(practice, first))
    with pytest.raises(LastAdmin):
        await town.perform(end_staff, EndStaff(practice, second))


async def test_who_leaves_the_staff_loses_the_account_and_the_name(town: Town) -> None:
    opening = await town.open_practice()
    practice, ada = opening.practice_id, opening.staff_id
    nurse = await town.invite_staff(practice, ada, NURSE)
    account_id = await town.join_staff(nurse, "nia")
    await town.perform(end_staff, EndStaff(practice, nurse))
    assert not await has_footing(town.store, account_id)
    with pytest.raises(UserNameTaken):
        await town.join_staff(await town.invite_staff(practice, ada, NURSE), "nia")


async def test_r43_a_staff_invitation_holds_for_72_hours_and_once(town: Town) -> None:
    opening = await town.open_practice()
    practice, ada = opening.practice_id, opening.staff_id
    late, used = await town.invite_staff(practice, ada, NURSE), await town.invite_staff(practice, ada, NURSE)
    await town.join_staff(used, "nia")
    with pytest.raises(LinkGone):
        await town.join_staff(used, "nia2")
    town.at = AT + INVITATION_LIFETIME
    with pytest.raises(LinkGone):
        await town.join_staff(late, "late")


async def test_r36_staff_cannot_remove_their_factor(town: Town) -> None:
    opening = await town.open_practice()
    nurse = await town.invite_staff(opening.practice_id, opening.staff_id, NURSE)
    account_id = await town.join_staff(nurse, "nia")
    account = await town.store.find(Account, account_id)
    assert account is not None
    assert account.has_totp
    with pytest.raises(FactorNeeded):
        account.remove_totp(AT)


async def test_another_practices_staff_is_not_found(town: Town) -> None:
    first, second = await town.open_practice(), await town.open_practice()
    nurse = await town.invite_staff(first.practice_id, first.staff_id, NURSE)
    with pytest.raises(NotFound):
        await town.perform(end_staff, EndStaff(second.practice_id, nurse))

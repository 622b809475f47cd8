"""R35: another e-mail address, asked for by the account and confirmed from the new one within 60 minutes."""

from datetime import timedelta
from uuid import UUID

import pytest

from services.identity.commands.addresses import (
    AskAddressChange,
    ConfirmAddress,
    ask_address_change,
    confirm_address,
)
from services.identity.commands.invitations import IssueInvitation, issue_invitation
from services.identity.commands.patients import RecordContact, record_contact
from services.identity.domain.address_request import LINK_LIFETIME, Move
from services.identity.domain.errors import AddressShared, LinkGone
from services.identity.domain.patient import Patient
from services.identity.domain.staff import StaffMember
from services.identity.domain.values import AccountId, AddressRequestId, Contact, PatientId, PersonId
from shared.errors import Refused
from tests.unit.services.identity.people import AT, NIA, NURSE, Town

SECOND = timedelta(seconds=1)
OLD, NEW = "pat@example.org", "new@example.org"


@pytest.fixture
async def town() -> Town:
    return Town()


@pytest.fixture
async def pat(town: Town) -> tuple[AccountId, PatientId, PatientId]:
    """An account with records at two practices, at one address."""
    first, second = (await town.open_practice()).practice_id, (await town.open_practice()).practice_id
    here, there = await town.register(first), await town.register(second)
    account_id = await town.enrolled(here)
    await town.consent(there, number=901)
    await town.join(there, account_id)
    return account_id, here, there


async def ask(town: Town, account_id: AccountId, email: str = NEW, former: str = OLD) -> AddressRequestId:
    asked = await town.perform(ask_address_change, AskAddressChange(account_id, Move(former, email)))
    return AddressRequestId(asked.id)


async def confirm(town: Town, request: AddressRequestId) -> None:
    await town.perform(confirm_address, ConfirmAddress(request))


async def address(town: Town, patient: PatientId) -> str:
    found = await town.store.find(Patient, patient)
    assert found is not None
    return found.contact.email


async def test_r35_the_old_address_counts_until_the_new_one_is_confirmed(
    town: Town, pat: tuple[AccountId, PatientId, PatientId]
) -> None:
    account_id, here, there = pat
    request = await ask(town, account_id)
    assert "Account.Noticed" in (await town.names())[-3:]
    assert [await address(town, one) for one in (here, there)] == [OLD, OLD]
    await confirm(town, request)
    assert [await address(town, one) for one in (here, there)] == [NEW, NEW]
    assert "Account.Noticed" in (await town.names())[-4:]


@pytest.mark.parametrize(("late", "is_open"), [(LINK_LIFETIME - SECOND, True), (LINK_LIFETIME, False)])
async def test_r35_a_confirmation_link_holds_60_minutes_to_the_second_and_once(
    town: Town, pat: tuple[AccountId, PatientId, PatientId], late: timedelta, is_open: bool
) -> None:
    account_id, here, _ = pat
    request = await ask(town, account_id)
    town.at = AT + late
    if is_open:
        await confirm(town, request)
    with pytest.raises(LinkGone):
        await confirm(town, request)
    assert await address(town, here) == (NEW if is_open else OLD)


async def test_r35_a_second_request_voids_the_first(town: Town, pat: tuple[AccountId, PatientId, PatientId]) -> None:
    account_id, here, _ = pat
    first, second = await ask(town, account_id, "evil@example.org"), await ask(town, account_id)
    with pytest.raises(LinkGone):
        await confirm(town, first)
    await confirm(town, second)
    assert await address(town, here) == NEW


async def test_r35_a_request_ends_where_the_practice_changed_the_address_meanwhile(town: Town) -> None:
    """The owner of a stolen session phones the desk: the thief's link opens nothing any more."""
    patient = await town.register((await town.open_practice()).practice_id)
    account_id = await town.enrolled(patient)
    request = await ask(town, account_id, "evil@example.org")
    contact = Contact("safe@example.org")
    await town.perform(record_contact, RecordContact(patient, PersonId(patient), contact, AccountId(UUID(int=71))))
    with pytest.raises(LinkGone):
        await confirm(town, request)
    assert await address(town, patient) == "safe@example.org"


async def test_r35_a_record_at_another_address_stays_there(
    town: Town, pat: tuple[AccountId, PatientId, PatientId]
) -> None:
    account_id, here, there = pat
    await town.perform(record_contact, RecordContact(there, PersonId(there), Contact("work@example.org")))
    await confirm(town, await ask(town, account_id))
    assert [await address(town, one) for one in (here, there)] == [NEW, "work@example.org"]


async def test_r42_a_teens_account_does_not_move_to_a_representatives_address(
    town: Town, pat: tuple[AccountId, PatientId, PatientId]
) -> None:
    """Nor where the representative's address became that one between asking and confirming."""
    account_id, here, _ = pat
    with pytest.raises(AddressShared):
        await town.perform(ask_address_change, AskAddressChange(account_id, Move(OLD, NEW), is_refused=True))
    request = await ask(town, account_id)
    with pytest.raises(LinkGone):
        await town.perform(confirm_address, ConfirmAddress(request, is_refused=True))
    assert await address(town, here) == OLD


async def test_r35_the_present_address_is_no_change(town: Town, pat: tuple[AccountId, PatientId, PatientId]) -> None:
    with pytest.raises(Refused):
        await ask(town, pat[0], OLD)


async def test_r35_a_member_of_staff_moves_too(town: Town) -> None:
    opening = await town.open_practice()
    nurse = await town.invite_staff(opening.practice_id, opening.staff_id, NURSE)
    account_id = await town.join_staff(nurse, "nia")
    await confirm(town, await ask(town, account_id, NEW, NIA.email))
    member = await town.store.find(StaffMember, nurse)
    assert member is not None
    assert member.invitee.email == NEW


async def test_r43_ones_own_change_of_address_keeps_nobody_at_the_desk_from_inviting(town: Town) -> None:
    practice = (await town.open_practice()).practice_id
    patient = await town.register(practice)
    account_id = await town.enrolled(patient)
    rae = await town.register_person(patient)
    await confirm(town, await ask(town, account_id))
    await town.consent(patient, rae, number=950)
    await town.perform(issue_invitation, IssueInvitation(patient, rae, by=AccountId(UUID(int=71))))

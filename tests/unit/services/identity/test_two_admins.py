"""R43: making an admin and erasing a patient take two admins; leaving ends it; the last one cannot leave."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest

from services.identity.commands.seconding import (
    ConfirmAdmin,
    ConfirmErasure,
    DeclineAdmin,
    RequestErasure,
    WithdrawErasure,
    confirm_admin,
    confirm_erasure,
    decline_admin,
    request_erasure,
    withdraw_erasure,
)
from services.identity.commands.staff import (
    ChangeStaffRoles,
    Decided,
    EndStaff,
    InviteStaff,
    change_staff_roles,
    end_staff,
    invite_staff,
)
from services.identity.domain.errors import LastAdmin, ProposalGone, SecondPersonNeeded
from services.identity.domain.patient import Patient
from services.identity.domain.practice import Practice
from services.identity.domain.seconding import PROPOSAL_LIFETIME
from services.identity.domain.staff import StaffMember
from services.identity.domain.values import Duty, ErasureRequestId, PracticeId, ProposalId, StaffId
from shared.errors import NotFound, PortalError, Refused
from tests.unit.services.identity.people import ADMIN, AT, NIA, NURSE, Town

SECOND = timedelta(seconds=1)


@pytest.fixture
async def town() -> Town:
    return Town()


@pytest.fixture
async def house(town: Town) -> tuple[PracticeId, StaffId, StaffId, StaffId]:
    """A practice with two admins and a nurse."""
    opening = await town.open_practice()
    practice, ada = opening.practice_id, opening.staff_id
    await town.join_staff(ada, "ada")
    bea = await town.new_admin(practice, ada, "bea")
    nurse = await town.employ(practice, ada, NURSE, "nia")
    return practice, ada, bea, nurse


async def promote(town: Town, practice: PracticeId, member: StaffId, by: StaffId) -> ProposalId:
    decided = await town.perform(change_staff_roles, ChangeStaffRoles(practice, member, ADMIN, by))
    assert decided.proposal_id is not None
    return decided.proposal_id


async def confirm(town: Town, practice: PracticeId, proposal: ProposalId, by: StaffId | None) -> None:
    await town.perform(confirm_admin, ConfirmAdmin(practice, proposal, by))


async def admins(town: Town, practice: PracticeId) -> set[StaffId]:
    found = await town.store.find(Practice, practice)
    assert found is not None
    return found.admins


async def test_r43_an_admin_is_made_by_two(town: Town, house: tuple[PracticeId, StaffId, StaffId, StaffId]) -> None:
    practice, ada, bea, nurse = house
    proposal = await promote(town, practice, nurse, ada)
    member = await town.store.find(StaffMember, nurse)
    assert member is not None
    assert member.duty == NURSE
    for wrong in (ada, nurse, StaffId(UUID(int=5)), None):
        with pytest.raises(SecondPersonNeeded):
            await confirm(town, practice, proposal, wrong)
    assert await admins(town, practice) == {ada, bea}
    await confirm(town, practice, proposal, bea)
    assert await admins(town, practice) == {ada, bea, nurse}
    with pytest.raises(ProposalGone):
        await confirm(town, practice, proposal, bea)


async def test_r43_who_is_invited_as_an_admin_gets_no_link_before_the_second_one_confirms(
    town: Town, house: tuple[PracticeId, StaffId, StaffId, StaffId]
) -> None:
    practice, ada, bea, _ = house
    decided = await town.perform(invite_staff, InviteStaff(practice, NIA, ADMIN, ada))
    assert decided.staff_id is None
    assert decided.proposal_id is not None
    assert "StaffMember.Invited" not in (await town.names())[-1:]
    await confirm(town, practice, decided.proposal_id, bea)
    assert (await town.names())[-1] == "StaffMember.Invited"


@pytest.mark.parametrize(("late", "is_open"), [(PROPOSAL_LIFETIME - SECOND, True), (PROPOSAL_LIFETIME, False)])
async def test_r43_a_proposal_holds_72_hours_to_the_second(
    town: Town, house: tuple[PracticeId, StaffId, StaffId, StaffId], late: timedelta, is_open: bool
) -> None:
    practice, ada, bea, nurse = house
    proposal = await promote(town, practice, nurse, ada)
    town.at = AT + late
    if is_open:
        await confirm(town, practice, proposal, bea)
    else:
        with pytest.raises(ProposalGone):
            await confirm(town, practice, proposal, bea)


async def test_r43_a_proposal_ends_with_its_maker_and_when_it_is_declined(
    town: Town, house: tuple[PracticeId, StaffId, StaffId, StaffId]
) -> None:
    practice, ada, bea, nurse = house
    declined = await promote(town, practice, nurse, ada)
    await town.perform(decline_admin, DeclineAdmin(practice, declined, bea))
    with pytest.raises(ProposalGone):
        await confirm(town, practice, declined, bea)
    proposal = await promote(town, practice, nurse, ada)
    await town.perform(end_staff, EndStaff(practice, ada))
    with pytest.raises(ProposalGone):
        await confirm(town, practice, proposal, bea)
    with pytest.raises(ProposalGone):
        await confirm(town, practice, proposal, None)


async def test_r43_nobody_who_has_left_becomes_an_admin(
    town: Town, house: tuple[PracticeId, StaffId, StaffId, StaffId]
) -> None:
    practice, ada, bea, nurse = house
    proposal = await promote(town, practice, nurse, ada)
    await town.perform(end_staff, EndStaff(practice, nurse))
    with pytest.raises(Refused):
        await confirm(town, practice, proposal, bea)


async def test_r43_another_practices_admin_neither_finds_nor_confirms_a_proposal(
    town: Town, house: tuple[PracticeId, StaffId, StaffId, StaffId]
) -> None:
    practice, ada, _, nurse = house
    proposal = await promote(town, practice, nurse, ada)
    other = await town.open_practice()
    await town.join_staff(other.staff_id, "zoe")
    with pytest.raises(NotFound):
        await confirm(town, other.practice_id, proposal, other.staff_id)
    with pytest.raises(SecondPersonNeeded):
        await confirm(town, practice, proposal, other.staff_id)


async def test_r43_where_there_is_one_admin_operations_confirms(town: Town) -> None:
    opening = await town.open_practice()
    practice, ada = opening.practice_id, opening.staff_id
    await town.join_staff(ada, "ada")
    nurse = await town.employ(practice, ada, NURSE, "nia")
    proposal = await promote(town, practice, nurse, ada)
    with pytest.raises(SecondPersonNeeded):
        await confirm(town, practice, proposal, ada)
    await confirm(town, practice, proposal, None)
    assert await admins(town, practice) == {ada, nurse}


async def test_changing_an_admins_other_roles_takes_nobody_else(
    town: Town, house: tuple[PracticeId, StaffId, StaffId, StaffId]
) -> None:
    practice, ada, bea, _ = house
    both = Duty(frozenset({"admin", "billing"}))
    changed = await town.perform(change_staff_roles, ChangeStaffRoles(practice, bea, both, ada))
    assert changed == Decided(bea, None, changed.position)


async def test_r43_two_admins_who_end_each_other_at_once_leave_one(
    town: Town, house: tuple[PracticeId, StaffId, StaffId, StaffId]
) -> None:
    practice, ada, bea, _ = house

    async def end(staff_id: StaffId) -> type | None:
        try:
            await town.perform(end_staff, EndStaff(practice, staff_id))
        except PortalError as refusal:
            return type(refusal)
        return None

    outcomes = await asyncio.gather(end(ada), end(bea))
    assert set(outcomes) == {None, LastAdmin}
    assert len(await admins(town, practice)) == 1


async def test_r43_an_erasure_takes_two_admins(town: Town, house: tuple[PracticeId, StaffId, StaffId, StaffId]) -> None:
    practice, ada, bea, nurse = house
    patient = await town.register(practice)
    request = ErasureRequestId((await town.perform(request_erasure, RequestErasure(patient, ada))).id)
    for wrong in (ada, nurse, None):
        with pytest.raises(SecondPersonNeeded):
            await town.perform(confirm_erasure, ConfirmErasure(patient, request, wrong))
    other = await town.register(practice, email="other@example.org")
    with pytest.raises(NotFound):
        await town.perform(confirm_erasure, ConfirmErasure(other, request, bea))
    assert await town.store.find(Patient, patient) is not None
    await town.perform(confirm_erasure, ConfirmErasure(patient, request, bea))
    assert (await town.names())[-2:] == ["ErasureRequest.Confirmed", "Erasure.Erased"]


@pytest.mark.parametrize("over", ["time", "withdrawal"])
async def test_r43_a_request_to_erase_ends(
    town: Town, house: tuple[PracticeId, StaffId, StaffId, StaffId], over: str
) -> None:
    practice, ada, bea, _ = house
    patient = await town.register(practice)
    request = ErasureRequestId((await town.perform(request_erasure, RequestErasure(patient, ada))).id)
    if over == "time":
        town.at = AT + PROPOSAL_LIFETIME
    else:
        await town.perform(withdraw_erasure, WithdrawErasure(patient, request, bea))
    with pytest.raises(ProposalGone):
        await town.perform(confirm_erasure, ConfirmErasure(patient, request, bea))


async def test_r43_operations_erases_only_what_the_only_admin_requested(town: Town) -> None:
    opening = await town.open_practice()
    await town.join_staff(opening.staff_id, "ada")
    patient = await town.register(opening.practice_id)
    asked = await town.perform(request_erasure, RequestErasure(patient, opening.staff_id))
    await town.perform(confirm_erasure, ConfirmErasure(patient, ErasureRequestId(asked.id), None))
    assert (await town.names())[-1] == "Erasure.Erased"

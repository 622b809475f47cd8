"""R32: what was made by phone or at the desk stays out of the inbox, and is shown where the practice shows all."""

from datetime import timedelta

import pytest

from shared.contracts.messaging.v1 import api_pb2
from shared.errors import NotFound
from tests.integration.services.messaging.conftest import House
from tests.integration.services.messaging.people import PARENT, PARENTS_ACCOUNT, PATIENT, PATIENTS_ACCOUNT, PRACTICE
from tests.integration.services.messaging.test_conversations import inbox
from tests.integration.services.messaging.test_notifications import recipients
from tests.integration.services.messaging.test_requests import NEXT_WEEK, as_parent, ask, cancel, confirm, instant


async def book(house: House, *, confidential: bool = False) -> str:
    request = api_pb2.BookAppointmentRequest(
        practice_id=str(PRACTICE), patient_id=str(PATIENT), starts_at=instant(NEXT_WEEK), confidential=confidential
    )
    return (await house.api.BookAppointment(request, house.as_staff("front_desk"))).appointment_id


async def move(house: House, appointment: str) -> None:
    request = api_pb2.RescheduleAppointmentRequest(
        practice_id=str(PRACTICE), appointment_id=appointment, starts_at=instant(NEXT_WEEK + timedelta(days=1))
    )
    await house.api.RescheduleAppointment(request, house.as_staff("front_desk"))


async def listed(house: House, *, everything: bool = False, parent: bool = False) -> list[str]:
    request = api_pb2.ListAppointmentsRequest(patient_id=str(PATIENT), all=everything)
    call = as_parent(house) if parent else house.as_patient()
    return [one.appointment_id for one in (await house.api.ListAppointments(request, call)).appointments]


async def show_all(house: House, shows_all: bool) -> None:
    request = api_pb2.ChooseAppointmentPolicyRequest(practice_id=str(PRACTICE), shows_all=shows_all)
    await house.api.ChooseAppointmentPolicy(request, house.as_staff("admin", patient_id=None))


async def test_r32_what_the_desk_made_is_off_the_portal_until_the_practice_shows_all(house: House) -> None:
    await house.decide(PATIENTS_ACCOUNT, PATIENT)
    booked = await book(house)
    await move(house, booked)
    house.later(minutes=1)
    asked = await ask(house)
    assert (await listed(house), await inbox(house)) == ([asked], ["appointment:requested"])
    for forged in (listed(house, everything=True), cancel(house, booked)):
        with pytest.raises(NotFound):
            await forged
    await show_all(house, True)
    assert (await listed(house), await listed(house, everything=True)) == ([asked], [asked, booked])
    assert await inbox(house) == ["appointment:requested"], "the inbox never lists what the desk made"
    await cancel(house, booked)
    await show_all(house, False)
    with pytest.raises(NotFound):
        await listed(house, everything=True)
    await house.carry_out()
    assert recipients(house) == [], "what the desk made is told at the desk"


async def test_r32_a_portal_request_moved_by_phone_stays_in_the_inbox_and_is_updated(house: House) -> None:
    asked = await ask(house)
    await confirm(house, asked)
    await move(house, asked)
    assert await inbox(house) == ["appointment:confirmed"]
    assert await listed(house) == [asked]


async def test_r18_a_confidential_one_that_the_desk_made_does_not_exist_for_a_representative(house: House) -> None:
    await house.decide(PARENTS_ACCOUNT, PARENT, "representative")
    await show_all(house, True)
    secret, known = await book(house, confidential=True), await book(house)
    assert await listed(house, everything=True, parent=True) == [known]
    with pytest.raises(NotFound):
        await cancel(house, secret, as_parent(house))

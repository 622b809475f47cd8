"""R38: appointments and refills from the request to what became of them, at the boundaries of the rules."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from services.messaging.domain.errors import (
    NotInThatState,
    NotOnMedicationList,
    ProposalChanged,
    ProviderNotTakingPart,
    TimeNotPreferred,
    TimePast,
    TooLateToCancel,
)
from shared.contracts.documents.v1.events import RecordEntryListed
from shared.contracts.messaging.v1 import api_pb2
from shared.errors import InvalidField, NotFound
from shared.rpc.call import Actor
from tests.integration.services.messaging.conftest import Asked, House
from tests.integration.services.messaging.people import (
    ADDRESSES,
    MONDAY,
    PARENT,
    PARENTS_ACCOUNT,
    PATIENT,
    PATIENTS_ACCOUNT,
    PRACTICE,
    PROVIDER,
)
from tests.integration.services.messaging.test_conversations import inbox
from tests.integration.services.messaging.test_notifications import recipients

NEXT_WEEK = datetime(2026, 3, 9, 14, 0, tzinfo=UTC)
DAY, SECOND = timedelta(days=1), timedelta(seconds=1)


def instant(at: datetime) -> Timestamp:
    message = Timestamp()
    message.FromDatetime(at)
    return message


def as_parent(house: House) -> Asked:
    actor = Actor("account", PARENTS_ACCOUNT, acting_as="representative", scopes=frozenset({"appointments"}))
    return house.as_patient(actor=actor)


async def ask(house: House, *preferred: datetime, confidential: bool = False, provider: str = "") -> str:
    request = api_pb2.RequestAppointmentRequest(
        patient_id=str(PATIENT),
        provider_id=provider or str(PROVIDER),
        preferred=[instant(at) for at in preferred or (NEXT_WEEK, NEXT_WEEK + DAY)],
        reason="CANARY-reason",
        confidential=confidential,
    )
    return (await house.api.RequestAppointment(request, house.as_patient())).appointment_id


async def confirm(house: House, appointment: str, at: datetime = NEXT_WEEK) -> None:
    request = api_pb2.ConfirmAppointmentRequest(
        practice_id=str(PRACTICE), appointment_id=appointment, starts_at=instant(at)
    )
    await house.api.ConfirmAppointment(request, house.as_staff("front_desk"))


async def propose(house: House, appointment: str, at: datetime) -> datetime:
    request = api_pb2.ProposeAppointmentRequest(
        practice_id=str(PRACTICE), appointment_id=appointment, starts_at=instant(at)
    )
    answer = await house.api.ProposeAppointment(request, house.as_staff("front_desk"))
    return answer.lapses_at.ToDatetime(UTC)


async def accept(house: House, appointment: str, at: datetime) -> None:
    request = api_pb2.AcceptProposalRequest(patient_id=str(PATIENT), appointment_id=appointment, starts_at=instant(at))
    await house.api.AcceptProposal(request, house.as_patient())


async def cancel(house: House, appointment: str, call: Asked | None = None) -> None:
    request = api_pb2.CancelAppointmentRequest(patient_id=str(PATIENT), appointment_id=appointment)
    await house.api.CancelAppointment(request, call or house.as_patient())


async def attend(house: House, appointment: str) -> None:
    request = api_pb2.RecordAttendanceRequest(practice_id=str(PRACTICE), appointment_id=appointment, attended=True)
    await house.api.RecordAttendance(request, house.as_staff("front_desk"))


async def shown(house: House, call: Asked | None = None) -> list[api_pb2.Appointment]:
    request = api_pb2.ListAppointmentsRequest(patient_id=str(PATIENT))
    return list((await house.api.ListAppointments(request, call or house.as_patient())).appointments)


async def test_r38_a_request_is_confirmed_at_a_preferred_time_and_told(house: House) -> None:
    await house.decide(PATIENTS_ACCOUNT, PATIENT)
    appointment = await ask(house)
    with pytest.raises(TimeNotPreferred):
        await confirm(house, appointment, NEXT_WEEK + timedelta(hours=1))
    await confirm(house, appointment)
    (row,) = await shown(house)
    assert (row.state, row.starts_at.ToDatetime(UTC), row.reason) == ("confirmed", NEXT_WEEK, "CANARY-reason")
    assert await inbox(house) == ["appointment:confirmed"]
    await house.carry_out()
    assert recipients(house) == [ADDRESSES[PATIENT]]
    assert "CANARY" not in house.post.catcher.mails[0].as_string()


async def test_r28_an_off_portal_provider_is_refused_for_an_appointment_and_a_refill(house: House) -> None:
    with pytest.raises(ProviderNotTakingPart):
        await ask(house, provider=str(uuid4()))
    request = api_pb2.RequestRefillRequest(patient_id=str(PATIENT), medication="Aspirin", provider_id=str(uuid4()))
    with pytest.raises(ProviderNotTakingPart):
        await house.api.RequestRefill(request, house.as_patient())


async def test_r38_a_proposal_is_accepted_until_the_third_business_day_ends(house: House) -> None:
    """Proposed on Monday at 10:00 in New York: it lapses on Thursday at 17:00:00, 22:00:00 UTC."""
    appointment = await ask(house)
    lapses_at = await propose(house, appointment, NEXT_WEEK + 2 * DAY)
    assert lapses_at == datetime(2026, 3, 5, 22, 0, tzinfo=UTC)
    house.now = lapses_at
    with pytest.raises(NotInThatState):
        await accept(house, appointment, NEXT_WEEK + 2 * DAY)
    house.now = lapses_at - SECOND
    await accept(house, appointment, NEXT_WEEK + 2 * DAY)
    house.now = lapses_at
    await house.carry_out()
    assert [row.state for row in await shown(house)] == ["confirmed"]


async def test_r38_a_proposal_that_nobody_accepts_lapses_by_itself_and_is_told(house: House) -> None:
    await house.decide(PATIENTS_ACCOUNT, PATIENT)
    appointment = await ask(house)
    house.now = await propose(house, appointment, NEXT_WEEK + 2 * DAY)
    await house.carry_out()
    assert [row.state for row in await shown(house)] == ["lapsed"]
    await house.carry_out()
    assert len(recipients(house)) == 2


async def test_a_proposal_that_was_changed_meanwhile_is_not_accepted_unseen(house: House) -> None:
    appointment = await ask(house)
    await propose(house, appointment, NEXT_WEEK + DAY)
    await propose(house, appointment, NEXT_WEEK + 2 * DAY)
    with pytest.raises(ProposalChanged):
        await accept(house, appointment, NEXT_WEEK + DAY)


async def test_r38_the_patient_cancels_until_24_hours_before_and_staff_at_any_time(house: House) -> None:
    appointment = await ask(house)
    await confirm(house, appointment)
    house.now = NEXT_WEEK - DAY
    with pytest.raises(TooLateToCancel):
        await cancel(house, appointment)
    other = await ask(house)
    await confirm(house, other, NEXT_WEEK + DAY)
    house.now = NEXT_WEEK - SECOND
    await cancel(house, other)
    request = api_pb2.CancelPracticeAppointmentRequest(
        practice_id=str(PRACTICE), appointment_id=appointment, reason="Snow"
    )
    await house.api.CancelPracticeAppointment(request, house.as_staff("front_desk"))
    assert sorted((row.state, row.answer) for row in await shown(house)) == [("cancelled", ""), ("cancelled", "Snow")]
    with pytest.raises(NotInThatState):
        await cancel(house, appointment)


async def test_r38_a_reminder_comes_two_days_before_the_time_that_holds_then(house: House) -> None:
    await house.decide(PATIENTS_ACCOUNT, PATIENT)
    appointment = await ask(house)
    await confirm(house, appointment)
    request = api_pb2.RescheduleAppointmentRequest(
        practice_id=str(PRACTICE), appointment_id=appointment, starts_at=instant(NEXT_WEEK + 3 * DAY)
    )
    await house.api.RescheduleAppointment(request, house.as_staff("front_desk"))
    house.now = NEXT_WEEK - 2 * DAY
    await house.carry_out()
    assert len(recipients(house)) == 2
    house.now = NEXT_WEEK + DAY - SECOND
    await house.carry_out()
    assert len(recipients(house)) == 2
    house.now += SECOND
    await house.carry_out()
    assert house.post.catcher.mails[-1]["Subject"] == "A reminder of an appointment at Elm Street Practice"
    assert len(recipients(house)) == 3


async def test_attendance_is_recorded_once_it_has_begun(house: House) -> None:
    appointment = await ask(house)
    await confirm(house, appointment)
    house.now = NEXT_WEEK - SECOND
    with pytest.raises(NotInThatState):
        await attend(house, appointment)
    house.now = NEXT_WEEK
    await attend(house, appointment)
    assert [row.state for row in await shown(house)] == ["attended"]


async def test_r18_a_confidential_appointment_does_not_exist_for_a_representative(house: House) -> None:
    await house.decide(PATIENTS_ACCOUNT, PATIENT)
    await house.decide(PARENTS_ACCOUNT, PARENT, "representative", ("appointments",))
    secret, known = await ask(house, confidential=True), await ask(house)
    seen = await shown(house, as_parent(house))
    assert [row.appointment_id for row in seen] == [known]
    assert seen[0].reason == ""
    assert await inbox(house, scopes=("appointments",), acting_as="representative") == ["appointment:requested"]
    for hidden in (secret, str(uuid4())):
        with pytest.raises(NotFound):
            await cancel(house, hidden, as_parent(house))
    await confirm(house, secret)
    await house.carry_out()
    assert recipients(house) == [ADDRESSES[PATIENT]]


@pytest.mark.parametrize(
    ("preferred", "expected"),
    [
        ((MONDAY,), TimePast),
        ((MONDAY + DAY, MONDAY - DAY), TimePast),
        (tuple(NEXT_WEEK + number * DAY for number in range(6)), InvalidField),
        ((NEXT_WEEK + SECOND,), InvalidField),
    ],
    ids=["now", "one in the past", "six", "not a whole minute"],
)
async def test_preferred_times_are_one_to_five_in_the_future(
    house: House, preferred: tuple[datetime, ...], expected: type[Exception]
) -> None:
    with pytest.raises(expected):
        await ask(house, *preferred)
    assert await house.store.head() == 0


async def refill(house: House, **fields: str) -> str:
    request = api_pb2.RequestRefillRequest(patient_id=str(PATIENT), **fields)
    return (await house.api.RequestRefill(request, house.as_patient())).refill_id


async def test_r38_a_refill_is_of_the_patients_own_list_or_named(house: House) -> None:
    own, foreign, allergy = uuid4(), uuid4(), uuid4()
    about = {"practice_id": PRACTICE, "patient_id": PATIENT}
    await house.tell("documents", RecordEntryListed(**about, entry_id=own, kind="medication", origin="import"))
    await house.tell("documents", RecordEntryListed(**about, entry_id=allergy, kind="allergy", origin="import"))
    told = RecordEntryListed(practice_id=PRACTICE, patient_id=uuid4(), entry_id=foreign, kind="medication")
    await house.tell("documents", told)
    await refill(house, entry_id=str(own))
    await refill(house, medication="Aspirin")
    for unfit in (foreign, allergy, uuid4()):
        with pytest.raises(NotOnMedicationList):
            await refill(house, entry_id=str(unfit))
    with pytest.raises(InvalidField):
        await refill(house)


async def test_r38_a_refill_is_decided_once_and_sent_only_when_approved(house: House) -> None:
    await house.decide(PATIENTS_ACCOUNT, PATIENT)
    first, second = await refill(house, medication="Aspirin"), await refill(house, medication="Ibuprofen")
    staff = house.as_staff("provider")
    approve = api_pb2.ApproveRefillRequest(practice_id=str(PRACTICE), refill_id=first)
    decline = api_pb2.DeclineRefillRequest(practice_id=str(PRACTICE), refill_id=second, reason="See us first")
    send = api_pb2.SendRefillToPharmacyRequest(practice_id=str(PRACTICE), refill_id=first)
    with pytest.raises(NotInThatState):
        await house.api.SendRefillToPharmacy(send, staff)
    await house.api.ApproveRefill(approve, staff)
    await house.api.DeclineRefill(decline, staff)
    await house.api.SendRefillToPharmacy(send, staff)
    again: list[Callable[[], Awaitable[object]]] = [
        lambda: house.api.ApproveRefill(approve, staff),
        lambda: house.api.DeclineRefill(decline, staff),
    ]
    for repeat in again:
        with pytest.raises(NotInThatState):
            await repeat()
    listed = await house.api.ListRefills(api_pb2.ListRefillsRequest(patient_id=str(PATIENT)), house.as_patient())
    assert {(row.state, row.medication, row.answer) for row in listed.refills} == {
        ("sent_to_pharmacy", "Aspirin", ""),
        ("declined", "Ibuprofen", "See us first"),
    }
    await house.carry_out()
    assert recipients(house) == [ADDRESSES[PATIENT]] * 2
    waiting = api_pb2.ListPracticeRefillsRequest(practice_id=str(PRACTICE))
    assert not (await house.api.ListPracticeRefills(waiting, house.as_staff("clinical", patient_id=None))).refills

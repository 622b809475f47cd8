"""Appointments, as both sides ask."""

from uuid import UUID

from services.messaging import messages
from services.messaging.api.callers import account_of, located, patient_author, staff_author
from services.messaging.api.fields import instant_of, preferred_of, reason_of
from services.messaging.commands import appointments as commands
from services.messaging.domain.appointment import About, Side, Wish
from services.messaging.keysets import Keyset
from services.messaging.projections import appointment_policies, appointments, practices, providers
from services.messaging.public_holidays import business_hours
from shared.contracts.messaging.v1 import api_pb2
from shared.errors import InvalidField, NotFound
from shared.rpc.call import Call
from shared.rpc.fields import choice_field, instant_message, uuid_field
from shared.rpc.owning import own_patients

STATES = frozenset({"waiting", "all"})


class Appointments:
    """The patient's side. A confidential appointment does not exist for representatives (R18)."""

    async def RequestAppointment(
        self, request: api_pb2.RequestAppointmentRequest, call: Call
    ) -> api_pb2.RequestAppointmentResponse:
        practice_id, patient_id = located(call)
        if request.confidential and not is_patient(call):
            raise InvalidField("confidential", "expected it of the patient only")
        provider_id = uuid_field(request.provider_id, "provider_id") if request.provider_id else None
        async with call.rows() as rows:
            takes_part = provider_id is not None and await providers.takes_part(rows, practice_id, provider_id)
        wish = Wish(
            author=await patient_author(call, "appointments"),
            provider_id=provider_id,
            preferred=preferred_of(request.preferred),
            reason=reason_of(request.reason),
        )
        about = About(practice_id, patient_id, request.confidential)
        created = await call.perform(commands.request_appointment, commands.RequestAppointment(about, wish, takes_part))
        return api_pb2.RequestAppointmentResponse(appointment_id=str(created.id), position=str(created.position))

    async def ListAppointments(
        self, request: api_pb2.ListAppointmentsRequest, call: Call
    ) -> api_pb2.ListAppointmentsResponse:
        practice_id, patient_id = located(call)
        token, size = call.page(request.page_token, request.page_size)
        async with call.rows() as rows:
            shows_all = await appointment_policies.shows_all(rows, practice_id)
            if request.all and not shows_all:
                raise NotFound
            sight = appointments.Sight(confidential=is_patient(call), desk=request.all)
            found = await appointments.of_patient(rows, patient_id, Keyset.parse(token), size + 1, sight)
        call.viewed(*(row.appointment_id for row in found[:size]))
        shown = [messages.appointment(row, with_reason=knows_reason(call, row.account_id)) for row in found[:size]]
        answer = api_pb2.ListAppointmentsResponse(appointments=shown, shows_all=shows_all)
        if len(found) > size:
            last = found[size - 1]
            answer.next_page_token = call.next_page(str(Keyset(last.requested_at, last.appointment_id)))
        return answer

    async def AcceptProposal(
        self, request: api_pb2.AcceptProposalRequest, call: Call
    ) -> api_pb2.AcceptProposalResponse:
        appointment_id = await visible(call, request.appointment_id)
        command = commands.AcceptProposal(appointment_id, instant_of(request.starts_at, "starts_at"))
        return api_pb2.AcceptProposalResponse(position=str(await call.perform(commands.accept_proposal, command)))

    async def CancelAppointment(
        self, request: api_pb2.CancelAppointmentRequest, call: Call
    ) -> api_pb2.CancelAppointmentResponse:
        appointment_id = await visible(call, request.appointment_id)
        by: Side = "patient" if is_patient(call) else "representative"
        command = commands.CancelAppointment(appointment_id, by)
        return api_pb2.CancelAppointmentResponse(position=str(await call.perform(commands.cancel_appointment, command)))


class PracticeAppointments:
    """The practice's side."""

    async def ListPracticeAppointments(
        self, request: api_pb2.ListPracticeAppointmentsRequest, call: Call
    ) -> api_pb2.ListPracticeAppointmentsResponse:
        if call.practice_id is None:
            raise NotFound
        state = choice_field(request.state or "waiting", "state", STATES)
        token, size = call.page(request.page_token, request.page_size)
        own = await own_patients(call)
        only = appointments.Filter(call.practice_id, call.patient_id, own, waiting=state == "waiting")
        async with call.rows() as rows:
            found = await appointments.of_practice(rows, only, Keyset.parse(token), size + 1)
        for row in found[:size]:
            call.viewed(row.appointment_id, patient_id=row.patient_id, practice_id=row.practice_id)
        answer = api_pb2.ListPracticeAppointmentsResponse(
            appointments=[messages.appointment(row, with_reason=True) for row in found[:size]]
        )
        if len(found) > size:
            last = found[size - 1]
            answer.next_page_token = call.next_page(str(Keyset(last.requested_at, last.appointment_id)))
        return answer

    async def BookAppointment(
        self, request: api_pb2.BookAppointmentRequest, call: Call
    ) -> api_pb2.BookAppointmentResponse:
        practice_id, patient_id = located(call)
        provider_id = uuid_field(request.provider_id, "provider_id") if request.provider_id else None
        wish = Wish(
            author=staff_author(call),
            provider_id=provider_id,
            preferred=(instant_of(request.starts_at, "starts_at"),),
            reason=reason_of(request.reason, least=0),
        )
        about = About(practice_id, patient_id, request.confidential, "desk")
        booked = await call.perform(commands.book_appointment, commands.BookAppointment(about, wish))
        return api_pb2.BookAppointmentResponse(appointment_id=str(booked.id), position=str(booked.position))

    async def GetAppointmentPolicy(
        self, request: api_pb2.GetAppointmentPolicyRequest, call: Call
    ) -> api_pb2.GetAppointmentPolicyResponse:
        if call.practice_id is None:
            raise NotFound
        async with call.rows() as rows:
            shows_all = await appointment_policies.shows_all(rows, call.practice_id)
        return api_pb2.GetAppointmentPolicyResponse(shows_all=shows_all)

    async def ChooseAppointmentPolicy(
        self, request: api_pb2.ChooseAppointmentPolicyRequest, call: Call
    ) -> api_pb2.ChooseAppointmentPolicyResponse:
        if call.practice_id is None:
            raise NotFound
        command = commands.ChooseAppointmentPolicy(call.practice_id, request.shows_all, account_of(call))
        position = await call.perform(commands.choose_appointment_policy, command)
        return api_pb2.ChooseAppointmentPolicyResponse(position=str(position))

    async def ConfirmAppointment(
        self, request: api_pb2.ConfirmAppointmentRequest, call: Call
    ) -> api_pb2.ConfirmAppointmentResponse:
        command = commands.ConfirmAppointment(id_of(request.appointment_id), instant_of(request.starts_at, "starts_at"))
        position = await call.perform(commands.confirm_appointment, command)
        return api_pb2.ConfirmAppointmentResponse(position=str(position))

    async def ProposeAppointment(
        self, request: api_pb2.ProposeAppointmentRequest, call: Call
    ) -> api_pb2.ProposeAppointmentResponse:
        practice_id, _ = located(call)
        async with call.rows() as rows:
            hours = business_hours(await practices.time_zone(rows, practice_id))
        starts_at = instant_of(request.starts_at, "starts_at")
        command = commands.ProposeAppointment(id_of(request.appointment_id), starts_at, hours)
        proposed = await call.perform(commands.propose_appointment, command)
        return api_pb2.ProposeAppointmentResponse(
            position=str(proposed.position), lapses_at=instant_message(proposed.lapses_at)
        )

    async def DeclineAppointment(
        self, request: api_pb2.DeclineAppointmentRequest, call: Call
    ) -> api_pb2.DeclineAppointmentResponse:
        command = commands.DeclineAppointment(id_of(request.appointment_id), reason_of(request.reason))
        position = await call.perform(commands.decline_appointment, command)
        return api_pb2.DeclineAppointmentResponse(position=str(position))

    async def RescheduleAppointment(
        self, request: api_pb2.RescheduleAppointmentRequest, call: Call
    ) -> api_pb2.RescheduleAppointmentResponse:
        starts_at = instant_of(request.starts_at, "starts_at")
        command = commands.RescheduleAppointment(id_of(request.appointment_id), starts_at)
        position = await call.perform(commands.reschedule_appointment, command)
        return api_pb2.RescheduleAppointmentResponse(position=str(position))

    async def CancelPracticeAppointment(
        self, request: api_pb2.CancelPracticeAppointmentRequest, call: Call
    ) -> api_pb2.CancelPracticeAppointmentResponse:
        command = commands.CancelAppointment(id_of(request.appointment_id), "staff", reason_of(request.reason))
        position = await call.perform(commands.cancel_appointment, command)
        return api_pb2.CancelPracticeAppointmentResponse(position=str(position))

    async def RecordAttendance(
        self, request: api_pb2.RecordAttendanceRequest, call: Call
    ) -> api_pb2.RecordAttendanceResponse:
        command = commands.RecordAttendance(id_of(request.appointment_id), request.attended)
        position = await call.perform(commands.record_attendance, command)
        return api_pb2.RecordAttendanceResponse(position=str(position))


def id_of(appointment_id: str) -> UUID:
    return uuid_field(appointment_id, "appointment_id")


def is_patient(call: Call) -> bool:
    return call.actor.acting_as == "self"


def knows_reason(call: Call, account_id: UUID) -> bool:
    """The patient, and who gave it."""
    return is_patient(call) or call.actor.id == account_id


async def visible(call: Call, appointment_id: str) -> UUID:
    """Hidden and absent appointments answer alike."""
    practice_id, patient_id = located(call)
    found = id_of(appointment_id)
    async with call.rows() as rows:
        shows_all = await appointment_policies.shows_all(rows, practice_id)
        sight = appointments.Sight(confidential=is_patient(call), desk=shows_all)
        if not await appointments.is_visible(rows, patient_id, found, sight):
            raise NotFound
    return found

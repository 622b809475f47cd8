"""Commands on appointments, each followed by its handler."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.messaging.domain.appointment import PROPOSAL_BUSINESS_DAYS, About, Appointment, Side, Wish
from services.messaging.domain.appointment_policy import AppointmentPolicy
from services.messaging.domain.business_hours import BusinessHours
from services.messaging.domain.conversation import Recipient
from services.messaging.domain.errors import TimePast
from shared.envelope import Position
from shared.handling import Created, Streams, Work


@dataclass(frozen=True, slots=True)
class RequestAppointment:
    """``provider_takes_part`` is what the replica last told of the wished provider."""

    about: About
    wish: Wish
    provider_takes_part: bool = False


async def request_appointment(command: RequestAppointment, work: Work) -> Created:
    def build() -> Appointment:
        if command.wish.provider_id is not None:
            Recipient.provider(command.wish.provider_id, command.provider_takes_part)
        if min(command.wish.preferred) <= work.now:
            raise TimePast
        return Appointment(
            appointment_id=work.new_id("appointment"), about=command.about, wish=command.wish, requested_at=work.now
        )

    position = await work.create(build)
    return Created(work.new_id("appointment"), position)


@dataclass(frozen=True, slots=True)
class BookAppointment:
    """Made by phone or at the desk: it holds at once, and no mail tells of it."""

    about: About
    wish: Wish


async def book_appointment(command: BookAppointment, work: Work) -> Created:
    def build() -> Appointment:
        appointment = Appointment(
            appointment_id=work.new_id("appointment"), about=command.about, wish=command.wish, requested_at=work.now
        )
        appointment.confirm(command.wish.preferred[0], work.now)
        return appointment

    position = await work.create(build)
    return Created(work.new_id("appointment"), position)


@dataclass(frozen=True, slots=True)
class ChooseAppointmentPolicy:
    practice_id: UUID
    shows_all: bool
    account_id: UUID


async def choose_appointment_policy(command: ChooseAppointmentPolicy, work: Work) -> Position:
    async def decide(streams: Streams) -> None:
        policy = await streams.find(AppointmentPolicy, AppointmentPolicy.create_id(command.practice_id))
        if policy is None:
            streams.add(AppointmentPolicy(command.practice_id, command.shows_all, command.account_id, work.now))
        else:
            policy.change(command.shows_all, command.account_id, work.now)

    return await work.decide(decide)


@dataclass(frozen=True, slots=True)
class ConfirmAppointment:
    appointment_id: UUID
    starts_at: datetime


async def confirm_appointment(command: ConfirmAppointment, work: Work) -> Position:
    return await work.change(
        Appointment, command.appointment_id, lambda appointment: appointment.confirm(command.starts_at, work.now)
    )


@dataclass(frozen=True, slots=True)
class ProposeAppointment:
    appointment_id: UUID
    starts_at: datetime
    hours: BusinessHours


@dataclass(frozen=True, slots=True)
class Proposed:
    position: Position
    lapses_at: datetime


async def propose_appointment(command: ProposeAppointment, work: Work) -> Proposed:
    def propose(appointment: Appointment) -> None:
        appointment.propose(command.starts_at, _lapses_at(command, work), work.now)

    position = await work.change(Appointment, command.appointment_id, propose)
    return Proposed(position, min(_lapses_at(command, work), command.starts_at))


def _lapses_at(command: ProposeAppointment, work: Work) -> datetime:
    """From the stored instant alone, so that a repeat's answer is the same."""
    return command.hours.reply_due(work.now, PROPOSAL_BUSINESS_DAYS).at


@dataclass(frozen=True, slots=True)
class AcceptProposal:
    appointment_id: UUID
    starts_at: datetime


async def accept_proposal(command: AcceptProposal, work: Work) -> Position:
    return await work.change(
        Appointment, command.appointment_id, lambda appointment: appointment.accept(command.starts_at, work.now)
    )


@dataclass(frozen=True, slots=True)
class LapseProposal:
    appointment_id: UUID
    lapses_at: datetime


async def lapse_proposal(command: LapseProposal, work: Work) -> Position:
    return await work.change(
        Appointment, command.appointment_id, lambda appointment: appointment.lapse(command.lapses_at, work.now)
    )


@dataclass(frozen=True, slots=True)
class DeclineAppointment:
    appointment_id: UUID
    reason: str


async def decline_appointment(command: DeclineAppointment, work: Work) -> Position:
    return await work.change(
        Appointment, command.appointment_id, lambda appointment: appointment.decline(command.reason, work.now)
    )


@dataclass(frozen=True, slots=True)
class RescheduleAppointment:
    appointment_id: UUID
    starts_at: datetime


async def reschedule_appointment(command: RescheduleAppointment, work: Work) -> Position:
    return await work.change(
        Appointment, command.appointment_id, lambda appointment: appointment.reschedule(command.starts_at, work.now)
    )


@dataclass(frozen=True, slots=True)
class CancelAppointment:
    appointment_id: UUID
    by: Side
    reason: str = ""


async def cancel_appointment(command: CancelAppointment, work: Work) -> Position:
    return await work.change(
        Appointment,
        command.appointment_id,
        lambda appointment: appointment.cancel(command.by, command.reason, work.now),
    )


@dataclass(frozen=True, slots=True)
class RecordAttendance:
    appointment_id: UUID
    attended: bool


async def record_attendance(command: RecordAttendance, work: Work) -> Position:
    return await work.change(
        Appointment,
        command.appointment_id,
        lambda appointment: appointment.record_attendance(command.attended, work.now),
    )

"""Commands on refills, each followed by its handler."""

from dataclasses import dataclass
from uuid import UUID

from services.messaging.domain.conversation import Recipient
from services.messaging.domain.errors import NotOnMedicationList
from services.messaging.domain.refill import Prescription, Refill
from shared.envelope import Position
from shared.handling import Created, Work


@dataclass(frozen=True, slots=True)
class RequestRefill:
    """``provider_takes_part`` and ``is_on_list`` are what the replicas last told."""

    practice_id: UUID
    patient_id: UUID
    prescription: Prescription
    provider_takes_part: bool = False
    is_on_list: bool = False


async def request_refill(command: RequestRefill, work: Work) -> Created:
    def build() -> Refill:
        if command.prescription.provider_id is not None:
            Recipient.provider(command.prescription.provider_id, command.provider_takes_part)
        if command.prescription.entry_id is not None and not command.is_on_list:
            raise NotOnMedicationList
        return Refill(
            refill_id=work.new_id("refill"),
            practice_id=command.practice_id,
            patient_id=command.patient_id,
            prescription=command.prescription,
            requested_at=work.now,
        )

    position = await work.create(build)
    return Created(work.new_id("refill"), position)


@dataclass(frozen=True, slots=True)
class ApproveRefill:
    refill_id: UUID
    staff_id: UUID


async def approve_refill(command: ApproveRefill, work: Work) -> Position:
    return await work.change(Refill, command.refill_id, lambda refill: refill.approve(command.staff_id, work.now))


@dataclass(frozen=True, slots=True)
class DeclineRefill:
    refill_id: UUID
    staff_id: UUID
    reason: str


async def decline_refill(command: DeclineRefill, work: Work) -> Position:
    return await work.change(
        Refill, command.refill_id, lambda refill: refill.decline(command.staff_id, command.reason, work.now)
    )


@dataclass(frozen=True, slots=True)
class SendRefillToPharmacy:
    refill_id: UUID
    staff_id: UUID


async def send_refill_to_pharmacy(command: SendRefillToPharmacy, work: Work) -> Position:
    return await work.change(
        Refill, command.refill_id, lambda refill: refill.send_to_pharmacy(command.staff_id, work.now)
    )

"""Transmitting a record and taking it back; each command followed by its handler (R39)."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from services.documents.domain.transmission import VALID, Term, Transmission, Transmitted, Transmitter
from shared.envelope import Position
from shared.errors import NotFound
from shared.handling import Created, Work


@dataclass(frozen=True, slots=True)
class TransmitRecord:
    practice_id: UUID
    patient_id: UUID
    transmitter: Transmitter
    transmitted: Transmitted


async def transmit_record(command: TransmitRecord, work: Work) -> Created:
    def build() -> Transmission:
        return Transmission(
            transmission_id=work.new_id("transmission"),
            practice_id=command.practice_id,
            patient_id=command.patient_id,
            transmitter=command.transmitter,
            transmitted=command.transmitted,
            term=Term(work.now, work.now + VALID),
        )

    position = await work.create(build)
    return Created(work.new_id("transmission"), position)


@dataclass(frozen=True, slots=True)
class RevokeTransmission:
    """By who sent it, or by the patient, whoever sent it; ``records`` are the patient's, joined ones included."""

    records: Collection[UUID]
    transmission_id: UUID
    account_id: UUID
    is_patient: bool


async def revoke_transmission(command: RevokeTransmission, work: Work) -> Position:
    def revoke(transmission: Transmission) -> None:
        own = command.is_patient or transmission.transmitter.account_id == command.account_id
        if transmission.patient_id not in command.records or not own:
            raise NotFound
        transmission.revoke(command.account_id, work.now)

    return await work.change(Transmission, Transmission.create_id(command.transmission_id), revoke)


@dataclass(frozen=True, slots=True)
class UseUpTransmission:
    """The last of its codes was a wrong one."""

    transmission_id: UUID


async def use_up_transmission(command: UseUpTransmission, work: Work) -> Position:
    return await work.change(
        Transmission,
        Transmission.create_id(command.transmission_id),
        lambda transmission: transmission.use_up(work.now),
    )

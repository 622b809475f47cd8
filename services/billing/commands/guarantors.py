"""Guarantors: named and released by billing staff."""

from dataclasses import dataclass
from uuid import UUID

from services.billing.domain.guarantors import Guarantee
from shared.envelope import Position
from shared.handling import Streams, Work


@dataclass(frozen=True, slots=True)
class NameGuarantor:
    practice_id: UUID
    patient_id: UUID
    person_id: UUID


async def name_guarantor(command: NameGuarantor, work: Work) -> Position:
    async def decide(streams: Streams) -> None:
        known = await streams.find(Guarantee, Guarantee.create_id(command.patient_id))
        if known is None:
            streams.add(Guarantee(command.practice_id, command.patient_id, command.person_id, work.now))
        else:
            known.name(command.person_id, work.now)

    return await work.decide(decide)


@dataclass(frozen=True, slots=True)
class ReleaseGuarantor:
    patient_id: UUID


async def release_guarantor(command: ReleaseGuarantor, work: Work) -> Position:
    guarantee_id = Guarantee.create_id(command.patient_id)
    return await work.change(Guarantee, guarantee_id, lambda guarantee: guarantee.release(work.now))

"""Commands on what consent tells of emancipations: a minor counts as an adult here, too (R18, R42)."""

from dataclasses import dataclass

from services.identity.domain.emancipation import Emancipation
from services.identity.domain.patient import Patient
from services.identity.domain.values import PatientId, emancipation_id
from shared.envelope import Position
from shared.handling import Streams, Work


@dataclass(frozen=True, slots=True)
class NoteEmancipation:
    """``holds`` False: it had been recorded by mistake."""

    patient_id: PatientId
    holds: bool


async def note_emancipation(command: NoteEmancipation, work: Work) -> Position:
    """Nothing where the patient has been erased since."""

    async def decision(streams: Streams) -> None:
        patient = await streams.find(Patient, command.patient_id)
        known = await streams.find(Emancipation, emancipation_id(command.patient_id))
        if patient is None:
            return
        if known is None and command.holds:
            streams.add(Emancipation(patient.practice_id, command.patient_id, work.now))
        elif known is not None:
            (known.note if command.holds else known.correct)(work.now)

    return await work.decide(decision, queue={command.patient_id})

"""Birthdays ahead: announced to both sides, and the desk's task at the first; emancipation before the second."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from services.consent.commands.deciding import change_record
from services.consent.commands.scans import require_scan
from services.consent.domain.birthdays import due_at
from services.consent.domain.dossier import Dossier, read_dossier
from services.consent.domain.identifiers import offer_task, record_stream
from services.consent.domain.record import Birthday, PatientRecord, Proof
from services.consent.domain.task import DeskTask, TaskAbout
from services.consent.domain.windows import windows
from shared.envelope import Position
from shared.handling import Streams, Work

OFFER_WITHIN = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class AnnounceBirthday:
    """Decided again when it is due, by the birth date as it is then."""

    patient_id: UUID
    birthday: Birthday
    days: int


async def announce_birthday(command: AnnounceBirthday, work: Work) -> Position:
    """Nothing for the dead, before its day, once the next one is due, or where nobody has access."""

    async def decision(streams: Streams) -> None:
        dossier = await _alive(streams, command.patient_id)
        if dossier is None:
            return
        record = dossier.record
        due = due_at(record.birth_date, dossier.practice, command.birthday, work.now)
        if due is None or due.days != command.days or (command.birthday == "adult" and record.is_emancipated):
            return
        decided = (windows(dossier.facts(account), after=work.now) for account in record.accounts)
        if any(window.acting_as != "emergency" for each in decided for window in each):
            record.announce(due, work.now)

    return await work.decide(decision, queue={record_stream(command.patient_id)})


@dataclass(frozen=True, slots=True)
class OfferAccount:
    """On the birthday from which the patient may have an own account."""

    patient_id: UUID


async def offer_account(command: OfferAccount, work: Work) -> Position:
    """A task of the desk, once a patient, unless the patient has an account already (R42)."""

    async def decision(streams: Streams) -> None:
        dossier = await _alive(streams, command.patient_id)
        if dossier is None:
            return
        record, practice = dossier.record, dossier.practice
        task_id = offer_task(command.patient_id)
        if work.now < record.adolescent_at(practice) or record.is_enrolled(None, command.patient_id):
            return
        if await streams.find(DeskTask, task_id) is None:
            due_on = (work.now + OFFER_WITHIN).astimezone(practice.zone).date()
            about = TaskAbout("offer_account", None, "")
            streams.add(DeskTask(task_id, record.practice_id, command.patient_id, about, work.now, due_on))

    return await work.decide(decision, queue={record_stream(command.patient_id)})


async def _alive(streams: Streams, patient_id: UUID) -> Dossier | None:
    """All that bears on the record; None for the dead and the erased."""
    record = await streams.find(PatientRecord, record_stream(patient_id))
    return None if record is None or record.is_dead else await read_dossier(streams, record)


@dataclass(frozen=True, slots=True)
class RecordEmancipation:
    patient_id: UUID
    proof: Proof


async def record_emancipation(command: RecordEmancipation, work: Work) -> Position:
    """An adult at once: what the parents saw closes, and the patient signs anew (R18)."""

    async def emancipate(dossier: Dossier, streams: Streams) -> None:
        await require_scan(streams, command.patient_id, command.proof.scan_id)
        dossier.record.emancipate(dossier.practice, command.proof, work.now)

    return await change_record(work, command.patient_id, emancipate)


@dataclass(frozen=True, slots=True)
class CorrectEmancipation:
    """It was recorded by mistake."""

    patient_id: UUID
    reason: str
    corrected_by: UUID


async def correct_emancipation(command: CorrectEmancipation, work: Work) -> Position:
    def correct(dossier: Dossier, streams: Streams) -> None:
        dossier.record.correct_emancipation(command.reason, command.corrected_by, work.now)

    return await change_record(work, command.patient_id, correct)

"""What identity tells, taken into the record; each decides access anew in the same append."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal
from uuid import UUID

from services.consent.commands.deciding import decide_access, take_fact
from services.consent.domain.dossier import Dossier, read_dossier
from services.consent.domain.identifiers import record_stream
from services.consent.domain.record import PatientRecord
from shared.envelope import Position
from shared.handling import Streams, Work


@dataclass(frozen=True, slots=True)
class Told:
    """Identity's event, and when it recorded it: nothing acts before."""

    cause: str
    at: datetime


@dataclass(frozen=True, slots=True)
class RegisterPatient:
    practice_id: UUID
    patient_id: UUID
    birth_date: date
    told: Told


async def register_patient(command: RegisterPatient, work: Work) -> Position:
    """Begins the record; one that a signature began ahead of the event takes the event's birth date."""

    async def decision(streams: Streams) -> None:
        record = await streams.find(PatientRecord, record_stream(command.patient_id))
        if record is not None:
            record.correct_birth_date(command.birth_date, command.told.at, command.told.cause)
            await decide_access(await read_dossier(streams, record), streams, work.now)
            return
        streams.add(
            PatientRecord(
                patient_id=command.patient_id,
                practice_id=command.practice_id,
                birth_date=command.birth_date,
                recorded_at=command.told.at,
                cause=command.told.cause,
            )
        )

    return await work.decide(decision, queue={record_stream(command.patient_id)})


@dataclass(frozen=True, slots=True)
class CorrectBirthDate:
    patient_id: UUID
    birth_date: date
    told: Told


async def correct_birth_date(command: CorrectBirthDate, work: Work) -> Position:
    def correct(dossier: Dossier, streams: Streams) -> None:
        dossier.record.correct_birth_date(command.birth_date, command.told.at, command.told.cause)

    return await take_fact(work, command.patient_id, correct)


@dataclass(frozen=True, slots=True)
class RecordDeath:
    """``what``: a death, or that it had been recorded by mistake (the patient's access returns, grants do not)."""

    patient_id: UUID
    what: Literal["death", "mistake"]
    told: Told


async def record_death(command: RecordDeath, work: Work) -> Position:
    def record(dossier: Dossier, streams: Streams) -> None:
        if command.what == "death":
            dossier.record_death(command.told.at, command.told.cause)
        else:
            dossier.record.correct_death(command.told.at, command.told.cause)

    return await take_fact(work, command.patient_id, record)


@dataclass(frozen=True, slots=True)
class JoinAccount:
    patient_id: UUID
    account_id: UUID
    person_id: UUID
    told: Told


async def join_account(command: JoinAccount, work: Work) -> Position:
    async def join(dossier: Dossier, streams: Streams) -> None:
        dossier.record.enrol(command.account_id, command.person_id, command.told.at, command.told.cause)
        await dossier.read_person(streams, command.person_id)

    return await take_fact(work, command.patient_id, join)


@dataclass(frozen=True, slots=True)
class PartAccount:
    patient_id: UUID
    account_id: UUID
    person_id: UUID
    told: Told


async def part_account(command: PartAccount, work: Work) -> Position:
    def part(dossier: Dossier, streams: Streams) -> None:
        dossier.unenrol(command.account_id, command.person_id, command.told.at, command.told.cause)

    return await take_fact(work, command.patient_id, part)


@dataclass(frozen=True, slots=True)
class SupersedeRecord:
    """It was joined to the survivor's (R44)."""

    patient_id: UUID
    survivor_id: UUID
    told: Told


async def supersede_record(command: SupersedeRecord, work: Work) -> Position:
    def supersede(dossier: Dossier, streams: Streams) -> None:
        dossier.supersede(command.survivor_id, command.told.at, command.told.cause)

    return await take_fact(work, command.patient_id, supersede)


@dataclass(frozen=True, slots=True)
class RestoreRecord:
    patient_id: UUID
    told: Told


async def restore_record(command: RestoreRecord, work: Work) -> Position:
    def restore(dossier: Dossier, streams: Streams) -> None:
        dossier.record.restore(command.told.at, command.told.cause)

    return await take_fact(work, command.patient_id, restore)

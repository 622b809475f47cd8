"""Identity's events → commands of consent: each fact is taken into the record, and access decided anew with it."""

from collections.abc import Iterable, Mapping
from datetime import date
from uuid import UUID

from services.consent.commands.facts import (
    CorrectBirthDate,
    JoinAccount,
    PartAccount,
    RecordDeath,
    RegisterPatient,
    RestoreRecord,
    SupersedeRecord,
    Told,
    correct_birth_date,
    join_account,
    part_account,
    record_death,
    register_patient,
    restore_record,
    supersede_record,
)
from services.consent.commands.forms import OpenPractice, open_practice
from services.consent.commands.verifying import InterruptAccess, interrupt_access
from services.consent.projections.birth_dates import birth_date_of
from shared.contracts.event import PatientEvent
from shared.contracts.identity.v1.events import (
    BirthDateCorrected,
    DeathCorrected,
    PatientDeceased,
    PatientEnrolled,
    PatientRegistered,
    PatientRestored,
    PatientsJoined,
    PatientSuperseded,
    PatientUnenrolled,
    PracticeOpened,
)
from shared.effects import Carrying, Decide, Effect, Run
from shared.envelope import Position, Recorded


def practice_opened(recorded: Recorded[PracticeOpened]) -> Iterable[Effect]:
    event = recorded.event
    details = {
        "practice_id": str(event.practice_id),
        "time_zone": event.time_zone,
        "adolescent_age": str(event.adolescent_age),
        "adult_age": str(event.adult_age),
    }
    return [Effect("open-practice", key=recorded.key, details=details)]


def _about(event: PatientEvent, kind: str, **more: UUID) -> Iterable[Effect]:
    details = {"practice_id": str(event.practice_id), "patient_id": str(event.patient_id)}
    details |= {name: str(value) for name, value in more.items()}
    return [Effect(kind, key=event.patient_id, details=details)]


def patient_registered(recorded: Recorded[PatientRegistered]) -> Iterable[Effect]:
    return _about(recorded.event, "register-patient")


def birth_date_corrected(recorded: Recorded[BirthDateCorrected]) -> Iterable[Effect]:
    return _about(recorded.event, "correct-birth-date")


def patient_deceased(recorded: Recorded[PatientDeceased]) -> Iterable[Effect]:
    return _about(recorded.event, "record-death")


def death_corrected(recorded: Recorded[DeathCorrected]) -> Iterable[Effect]:
    return _about(recorded.event, "correct-death")


def patient_enrolled(recorded: Recorded[PatientEnrolled]) -> Iterable[Effect]:
    event = recorded.event
    return _about(event, "join-account", account_id=event.account_id, person_id=event.person_id)


def patient_unenrolled(recorded: Recorded[PatientUnenrolled]) -> Iterable[Effect]:
    event = recorded.event
    return _about(event, "part-account", account_id=event.account_id, person_id=event.person_id)


def patients_joined(recorded: Recorded[PatientsJoined]) -> Iterable[Effect]:
    return _about(recorded.event, "interrupt-access", duplicate_id=recorded.event.duplicate_id)


def patient_superseded(recorded: Recorded[PatientSuperseded]) -> Iterable[Effect]:
    return _about(recorded.event, "supersede-record", survivor_id=recorded.event.survivor_id)


def patient_restored(recorded: Recorded[PatientRestored]) -> Iterable[Effect]:
    return _about(recorded.event, "restore-record")


CONSUMERS: Mapping[str, Mapping[type, Decide]] = {
    "identity": {
        PracticeOpened: practice_opened,
        PatientRegistered: patient_registered,
        BirthDateCorrected: birth_date_corrected,
        PatientDeceased: patient_deceased,
        DeathCorrected: death_corrected,
        PatientEnrolled: patient_enrolled,
        PatientUnenrolled: patient_unenrolled,
        PatientsJoined: patients_joined,
        PatientSuperseded: patient_superseded,
        PatientRestored: patient_restored,
    }
}


async def run_open_practice(carrying: Carrying) -> None:
    details = carrying.effect.details
    command = OpenPractice(
        UUID(details["practice_id"]),
        details["time_zone"],
        int(details["adolescent_age"]),
        int(details["adult_age"]),
        carrying.effect.at,
    )
    await carrying.perform(open_practice, command)


async def run_register_patient(carrying: Carrying) -> None:
    birth_date = await _birth_date(carrying)
    if birth_date is not None:
        practice_id = UUID(carrying.effect.details["practice_id"])
        await carrying.perform(
            register_patient, RegisterPatient(practice_id, _patient(carrying), birth_date, _told(carrying))
        )


async def run_correct_birth_date(carrying: Carrying) -> None:
    birth_date = await _birth_date(carrying)
    if birth_date is not None:
        await carrying.perform(correct_birth_date, CorrectBirthDate(_patient(carrying), birth_date, _told(carrying)))


async def run_record_death(carrying: Carrying) -> None:
    await carrying.perform(record_death, RecordDeath(_patient(carrying), "death", _told(carrying)))


async def run_correct_death(carrying: Carrying) -> None:
    await carrying.perform(record_death, RecordDeath(_patient(carrying), "mistake", _told(carrying)))


async def run_join_account(carrying: Carrying) -> None:
    account_id, person_id = _account(carrying), _person(carrying)
    await carrying.perform(join_account, JoinAccount(_patient(carrying), account_id, person_id, _told(carrying)))


async def run_part_account(carrying: Carrying) -> None:
    account_id, person_id = _account(carrying), _person(carrying)
    await carrying.perform(part_account, PartAccount(_patient(carrying), account_id, person_id, _told(carrying)))


async def run_interrupt_access(carrying: Carrying) -> None:
    duplicate_id = UUID(carrying.effect.details["duplicate_id"])
    await carrying.perform(interrupt_access, InterruptAccess(_patient(carrying), duplicate_id, _told(carrying)))


async def run_supersede_record(carrying: Carrying) -> None:
    survivor_id = UUID(carrying.effect.details["survivor_id"])
    await carrying.perform(supersede_record, SupersedeRecord(_patient(carrying), survivor_id, _told(carrying)))


async def run_restore_record(carrying: Carrying) -> None:
    await carrying.perform(restore_record, RestoreRecord(_patient(carrying), _told(carrying)))


EFFECTS: Mapping[str, Run] = {
    "open-practice": run_open_practice,
    "register-patient": run_register_patient,
    "correct-birth-date": run_correct_birth_date,
    "record-death": run_record_death,
    "correct-death": run_correct_death,
    "join-account": run_join_account,
    "part-account": run_part_account,
    "interrupt-access": run_interrupt_access,
    "supersede-record": run_supersede_record,
    "restore-record": run_restore_record,
}

FACT_KINDS = frozenset(EFFECTS) - {"open-practice"}
"""Effects that take a fact about one patient into the store: until done, identity is asked about that patient."""


def _patient(carrying: Carrying) -> UUID:
    return UUID(carrying.effect.details["patient_id"])


def _account(carrying: Carrying) -> UUID:
    return UUID(carrying.effect.details["account_id"])


def _person(carrying: Carrying) -> UUID:
    return UUID(carrying.effect.details["person_id"])


def _told(carrying: Carrying) -> Told:
    return Told(carrying.effect.cause, carrying.effect.at)


async def _birth_date(carrying: Carrying) -> date | None:
    """The birth date that the causing event told; None where the patient has been erased since."""
    async with carrying.rows() as rows:
        return await birth_date_of(rows, _patient(carrying), Position.parse(carrying.effect.cause).number)

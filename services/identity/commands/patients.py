"""Commands on patients and the persons who stand by them."""

from dataclasses import dataclass
from datetime import date

from services.identity.domain.enrolments import Enrolments
from services.identity.domain.errors import PossibleDuplicate
from services.identity.domain.invitation import Invitation
from services.identity.domain.patient import Erasure, Patient, Person
from services.identity.domain.practice import Practice
from services.identity.domain.values import (
    AccountId,
    Contact,
    PatientId,
    PersonId,
    PersonIdentity,
    PersonName,
    PracticeId,
    RegistrationOrigin,
    enrolments_id,
    erasure_id,
    imported_patient_id,
)
from shared.envelope import Position
from shared.errors import NotFound
from shared.handling import Created, Streams, Work


@dataclass(frozen=True, slots=True)
class RegisterPatient:
    """``looks_like`` counts the possible duplicates that nobody has confirmed to be other persons."""

    practice_id: PracticeId
    identity: PersonIdentity
    contact: Contact
    looks_like: int = 0


async def register_patient(command: RegisterPatient, work: Work) -> Created:
    """PossibleDuplicate while there is one unconfirmed; a repeat, which looks like its own first, is not refused."""

    async def decision(streams: Streams) -> None:
        if command.looks_like:
            raise PossibleDuplicate
        await streams.get(Practice, command.practice_id)
        streams.add(
            Patient(
                command.practice_id,
                PatientId(work.new_id("patient")),
                command.identity,
                command.contact,
                RegistrationOrigin(),
                work.now,
            )
        )

    position = await work.decide(decision)
    return Created(work.new_id("patient"), position)


@dataclass(frozen=True, slots=True)
class ImportPatient:
    """``source_digest`` tells whether the resource has changed since."""

    practice_id: PracticeId
    resource_id: str
    identity: PersonIdentity
    contact: Contact
    deceased: bool
    source_digest: str


@dataclass(frozen=True, slots=True)
class Imported:
    """``outcome``: registered, unchanged, or changed (differs from what was imported; nothing is overwritten)."""

    id: PatientId
    outcome: str
    position: Position


async def import_patient(command: ImportPatient, work: Work) -> Imported:
    """Once a practice and resource; a deceased patient is registered, then recorded dead."""
    patient_id = imported_patient_id(command.practice_id, command.resource_id)
    outcome = "registered"

    async def decision(streams: Streams) -> None:
        nonlocal outcome
        await streams.get(Practice, command.practice_id)
        known = await streams.find(Patient, patient_id)
        if known is not None:
            outcome = "unchanged" if known.origin.source_digest == command.source_digest else "changed"
            return
        if await streams.find(Erasure, erasure_id(patient_id)) is not None:
            raise NotFound
        outcome = "registered"
        origin = RegistrationOrigin("import", command.source_digest)
        patient = Patient(command.practice_id, patient_id, command.identity, command.contact, origin, work.now)
        if command.deceased:
            patient.record_death(work.now)
        streams.add(patient)

    position = await work.decide(decision, queue={patient_id})
    return Imported(patient_id, outcome, position)


@dataclass(frozen=True, slots=True)
class CorrectName:
    patient_id: PatientId
    name: PersonName
    document: str


async def correct_name(command: CorrectName, work: Work) -> Position:
    return await work.change(
        Patient,
        command.patient_id,
        lambda patient: patient.correct_name(command.name, command.document, work.now),
    )


@dataclass(frozen=True, slots=True)
class CorrectBirthDate:
    patient_id: PatientId
    birth_date: date
    document: str


async def correct_birth_date(command: CorrectBirthDate, work: Work) -> Position:
    return await work.change(
        Patient,
        command.patient_id,
        lambda patient: patient.correct_birth_date(command.birth_date, command.document, work.now),
    )


@dataclass(frozen=True, slots=True)
class RecordDeath:
    patient_id: PatientId


async def record_death(command: RecordDeath, work: Work) -> Position:
    """An invitation to the own record is void from here on; representatives' rest on other rules."""

    async def decision(streams: Streams) -> None:
        (await streams.get(Patient, command.patient_id)).record_death(work.now)
        await void_open(streams, command.patient_id, PersonId(command.patient_id), "withdrawn", work)

    return await work.decide(decision, queue={command.patient_id})


@dataclass(frozen=True, slots=True)
class CorrectDeath:
    patient_id: PatientId


async def correct_death(command: CorrectDeath, work: Work) -> Position:
    return await work.change(Patient, command.patient_id, lambda patient: patient.correct_death(work.now))


@dataclass(frozen=True, slots=True)
class RegisterPerson:
    patient_id: PatientId
    identity: PersonIdentity
    contact: Contact


async def register_person(command: RegisterPerson, work: Work) -> Created:
    async def decision(streams: Streams) -> None:
        patient = await streams.get(Patient, command.patient_id)
        patient.require_own_record()
        streams.add(
            Person(
                patient.practice_id,
                command.patient_id,
                PersonId(work.new_id("person")),
                command.identity,
                command.contact,
                work.now,
            )
        )

    position = await work.decide(decision)
    return Created(work.new_id("person"), position)


@dataclass(frozen=True, slots=True)
class RecordContact:
    patient_id: PatientId
    person_id: PersonId
    contact: Contact
    by: AccountId | None = None


async def record_contact(command: RecordContact, work: Work) -> Position:
    """Another e-mail address voids an open invitation, which is bound to the former one (R8)."""

    async def decision(streams: Streams) -> None:
        holder = await holder_of(streams, command.patient_id, command.person_id)
        moved = holder.contact.email != command.contact.email
        holder.record_contact(command.contact, command.by, work.now)
        if moved:
            await void_open(streams, command.patient_id, command.person_id, "address_changed", work)

    return await work.decide(decision, queue={command.patient_id})


@dataclass(frozen=True, slots=True)
class NoteVerification:
    """Consent told who verified the documents of that person."""

    patient_id: PatientId
    person_id: PersonId
    verified_by: AccountId


async def note_verification(command: NoteVerification, work: Work) -> Position:
    """Nothing where the person has been erased since, or is not of this record."""

    async def decision(streams: Streams) -> None:
        person = await streams.find(Person, command.person_id)
        if person is not None and person.patient_id == command.patient_id:
            person.note_verification(command.verified_by, work.now)

    return await work.decide(decision, queue={command.person_id})


async def void_open(streams: Streams, patient_id: PatientId, person_id: PersonId, reason: str, work: Work) -> None:
    """Voids the invitation that the person has, if it is open."""
    enrolments = await streams.find(Enrolments, enrolments_id(patient_id))
    if enrolments is not None and person_id in enrolments.invitations:
        (await streams.get(Invitation, enrolments.invitations[person_id])).void(reason, work.now)


async def void_all_open(streams: Streams, patient_id: PatientId, reason: str, work: Work) -> None:
    """Voids the open invitations of everybody to that record."""
    enrolments = await streams.find(Enrolments, enrolments_id(patient_id))
    for invitation_id in enrolments.invitations.values() if enrolments is not None else ():
        (await streams.get(Invitation, invitation_id)).void(reason, work.now)


async def holder_of(streams: Streams, patient_id: PatientId, person_id: PersonId) -> Patient | Person:
    """Whose contact and birth date count: the patient's own, or that of a person of this patient's record.

    RecordJoined where the record was joined to another one.
    """
    patient = await streams.get(Patient, patient_id)
    patient.require_own_record()
    if patient_id == person_id:
        return patient
    person = await streams.get(Person, person_id)
    if person.patient_id != patient_id:
        raise NotFound
    return person

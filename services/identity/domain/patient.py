"""A patient: one practice's record of a person; and a person who may act for one."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from services.identity.domain.errors import NotJoinable, RecordJoined, SecondPersonNeeded
from services.identity.domain.values import (
    AccountId,
    Contact,
    PatientId,
    PersonId,
    PersonIdentity,
    PersonName,
    PracticeId,
    RegistrationOrigin,
    erasure_id,
)
from shared.aggregate import SERVICE_SUBJECT, Aggregate, event
from shared.errors import Refused

SECOND_PERSON_FOR = timedelta(hours=72)
"""R43: who changed an address neither invites nor issues a token within this time."""


@dataclass(frozen=True, slots=True)
class AddressChange:
    """The last change of an e-mail address that was made by staff. The first address on record changes none."""

    by: AccountId
    at: datetime

    def require_another(self, by: AccountId | None, at: datetime) -> None:
        """SecondPersonNeeded within 72 h for the same person; nobody (the system) is not another one."""
        if by in (None, self.by) and at < self.at + SECOND_PERSON_FOR:
            raise SecondPersonNeeded


class Patient(Aggregate):
    """Belongs to one practice for ever. What time or event brings acts from its recording, nothing is back-dated."""

    class Registered(Aggregate.Created):
        practice_id: PracticeId
        patient_id: PatientId
        identity: PersonIdentity
        contact: Contact
        origin: RegistrationOrigin
        registered_at: datetime

    class NameCorrected(Aggregate.Event):
        practice_id: PracticeId
        name: PersonName
        document: str
        corrected_at: datetime

    class BirthDateCorrected(Aggregate.Event):
        practice_id: PracticeId
        birth_date: date
        document: str
        corrected_at: datetime

    class ContactRecorded(Aggregate.Event):
        practice_id: PracticeId
        contact: Contact
        recorded_by: AccountId | None
        recorded_at: datetime

    class DeathRecorded(Aggregate.Event):
        practice_id: PracticeId
        recorded_at: datetime

    class DeathCorrected(Aggregate.Event):
        practice_id: PracticeId
        corrected_at: datetime

    class Superseded(Aggregate.Event):
        """This record is a duplicate of the survivor's; ``Joined`` in the survivor's stream is the other half."""

        practice_id: PracticeId
        survivor_id: PatientId
        superseded_at: datetime

    class Restored(Aggregate.Event):
        practice_id: PracticeId
        survivor_id: PatientId
        restored_at: datetime

    class Joined(Aggregate.Event):
        practice_id: PracticeId
        duplicate_id: PatientId
        joined_at: datetime

    class Parted(Aggregate.Event):
        practice_id: PracticeId
        duplicate_id: PatientId
        parted_at: datetime

    @staticmethod
    def create_id(patient_id: PatientId) -> UUID:
        return patient_id

    @event(Registered)
    def __init__(
        self,
        practice_id: PracticeId,
        patient_id: PatientId,
        identity: PersonIdentity,
        contact: Contact,
        origin: RegistrationOrigin,
        registered_at: datetime,
    ) -> None:
        self.practice_id = practice_id
        self.name = identity.name
        self.birth_date = identity.birth_date
        self.contact = contact
        self.contact_number = 1
        self.has_had_address = bool(contact.email)
        self.address_change: AddressChange | None = None
        self.origin = origin
        self.is_deceased = False
        self.survivor_id: PatientId | None = None
        self.duplicates: frozenset[PatientId] = frozenset()

    @property
    def subject_id(self) -> UUID:
        return self.id

    def correct_name(self, name: PersonName, document: str, at: datetime) -> None:
        """``document`` says which one was seen (R35)."""
        self.require_own_record()
        if name != self.name:
            self._name_corrected(practice_id=self.practice_id, name=name, document=document, corrected_at=at)

    @event(NameCorrected)
    def _name_corrected(self, practice_id: PracticeId, name: PersonName, document: str, corrected_at: datetime) -> None:
        self.name = name

    def correct_birth_date(self, birth_date: date, document: str, at: datetime) -> None:
        """``document`` says which one was seen (R35)."""
        self.require_own_record()
        if birth_date != self.birth_date:
            self._birth_date_corrected(
                practice_id=self.practice_id, birth_date=birth_date, document=document, corrected_at=at
            )

    @event(BirthDateCorrected)
    def _birth_date_corrected(
        self, practice_id: PracticeId, birth_date: date, document: str, corrected_at: datetime
    ) -> None:
        self.birth_date = birth_date

    def record_contact(self, contact: Contact, by: AccountId | None, at: datetime) -> None:
        """``by`` is the member of staff's account; None where the holder changed it (R35)."""
        self.require_own_record()
        if contact != self.contact:
            self._contact_recorded(practice_id=self.practice_id, contact=contact, recorded_by=by, recorded_at=at)

    @event(ContactRecorded)
    def _contact_recorded(
        self, practice_id: PracticeId, contact: Contact, recorded_by: AccountId | None, recorded_at: datetime
    ) -> None:
        if contact.email != self.contact.email:
            self.contact_number += 1
            self.address_change = _address_change(self, recorded_by, recorded_at)
            self.has_had_address |= bool(contact.email)
        self.contact = contact

    def require_second_person(self, by: AccountId | None, at: datetime) -> None:
        """SecondPersonNeeded where ``by`` may not invite this person now (R43)."""
        if self.address_change is not None:
            self.address_change.require_another(by, at)

    def record_death(self, at: datetime) -> None:
        self.require_own_record()
        if self.is_deceased:
            raise Refused("expected a patient who is not recorded dead")
        self._death_recorded(practice_id=self.practice_id, recorded_at=at)

    @event(DeathRecorded)
    def _death_recorded(self, practice_id: PracticeId, recorded_at: datetime) -> None:
        self.is_deceased = True

    def correct_death(self, at: datetime) -> None:
        self.require_own_record()
        if not self.is_deceased:
            raise Refused("expected a patient who is recorded dead")
        self._death_corrected(practice_id=self.practice_id, corrected_at=at)

    @event(DeathCorrected)
    def _death_corrected(self, practice_id: PracticeId, corrected_at: datetime) -> None:
        self.is_deceased = False

    @property
    def is_joined(self) -> bool:
        """To another record, or others to this one."""
        return self.survivor_id is not None or bool(self.duplicates)

    def require_own_record(self) -> None:
        """RecordJoined where everything new belongs to the survivor (R44)."""
        if self.survivor_id is not None:
            raise RecordJoined

    def require_unjoined(self) -> None:
        """RecordJoined for either of two that were joined."""
        if self.is_joined:
            raise RecordJoined("expected a record that no other is joined to; they are parted first")

    def require_joinable_to(self, survivor: "Patient") -> None:
        """NotJoinable unless both may be one person's: no chains, one birth date, both alive or both dead (R44)."""
        same = (self.practice_id, self.birth_date, self.is_deceased) == (
            survivor.practice_id,
            survivor.birth_date,
            survivor.is_deceased,
        )
        if not same or self.id == survivor.id or self.is_joined or survivor.survivor_id is not None:
            raise NotJoinable

    def join_to(self, survivor: "Patient", at: datetime) -> None:
        """One half in either stream, so that each patient's key tells it."""
        self.require_joinable_to(survivor)
        self._superseded(practice_id=self.practice_id, survivor_id=PatientId(survivor.id), superseded_at=at)
        survivor.take_in(PatientId(self.id), at)

    @event(Superseded)
    def _superseded(self, practice_id: PracticeId, survivor_id: PatientId, superseded_at: datetime) -> None:
        self.survivor_id = survivor_id

    def take_in(self, duplicate_id: PatientId, at: datetime) -> None:
        """The survivor's half of ``join_to``."""
        self._joined(practice_id=self.practice_id, duplicate_id=duplicate_id, joined_at=at)

    @event(Joined)
    def _joined(self, practice_id: PracticeId, duplicate_id: PatientId, joined_at: datetime) -> None:
        self.duplicates |= {duplicate_id}

    def part_from(self, survivor: "Patient", at: datetime) -> None:
        """NotJoinable unless it is joined to that one."""
        if self.survivor_id != survivor.id:
            raise NotJoinable("expected a record that is joined to this one")
        self._restored(practice_id=self.practice_id, survivor_id=self.survivor_id, restored_at=at)
        survivor.let_go(PatientId(self.id), at)

    @event(Restored)
    def _restored(self, practice_id: PracticeId, survivor_id: PatientId, restored_at: datetime) -> None:
        self.survivor_id = None

    def let_go(self, duplicate_id: PatientId, at: datetime) -> None:
        """The survivor's half of ``part_from``."""
        self._parted(practice_id=self.practice_id, duplicate_id=duplicate_id, parted_at=at)

    @event(Parted)
    def _parted(self, practice_id: PracticeId, duplicate_id: PatientId, parted_at: datetime) -> None:
        self.duplicates -= {duplicate_id}


class Person(Aggregate):
    """A representative or executor of one patient: whom a form names, before any account."""

    class Registered(Aggregate.Created):
        practice_id: PracticeId
        patient_id: PatientId
        person_id: PersonId
        identity: PersonIdentity
        contact: Contact
        registered_at: datetime

    class ContactRecorded(Aggregate.Event):
        practice_id: PracticeId
        patient_id: PatientId
        contact: Contact
        recorded_by: AccountId | None
        recorded_at: datetime

    class DocumentVerified(Aggregate.Event):
        practice_id: PracticeId
        patient_id: PatientId
        verified_by: AccountId
        verified_at: datetime

    @staticmethod
    def create_id(person_id: PersonId) -> UUID:
        return person_id

    @event(Registered)
    def __init__(
        self,
        practice_id: PracticeId,
        patient_id: PatientId,
        person_id: PersonId,
        identity: PersonIdentity,
        contact: Contact,
        registered_at: datetime,
    ) -> None:
        self.practice_id = practice_id
        self.patient_id = patient_id
        self.name = identity.name
        self.birth_date = identity.birth_date
        self.contact = contact
        self.contact_number = 1
        self.has_had_address = bool(contact.email)
        self.address_change: AddressChange | None = None
        self.verified_by: AccountId | None = None

    @property
    def subject_id(self) -> UUID:
        return self.id

    def record_contact(self, contact: Contact, by: AccountId | None, at: datetime) -> None:
        """As a patient's."""
        if contact != self.contact:
            self._contact_recorded(
                practice_id=self.practice_id,
                patient_id=self.patient_id,
                contact=contact,
                recorded_by=by,
                recorded_at=at,
            )

    @event(ContactRecorded)
    def _contact_recorded(
        self,
        practice_id: PracticeId,
        patient_id: PatientId,
        contact: Contact,
        recorded_by: AccountId | None,
        recorded_at: datetime,
    ) -> None:
        if contact.email != self.contact.email:
            self.contact_number += 1
            self.address_change = _address_change(self, recorded_by, recorded_at)
            self.has_had_address |= bool(contact.email)
        self.contact = contact

    def note_verification(self, by: AccountId, at: datetime) -> None:
        """Consent says who verified the documents by which this person acts; the last one counts."""
        if by != self.verified_by:
            self._document_verified(
                practice_id=self.practice_id, patient_id=self.patient_id, verified_by=by, verified_at=at
            )

    @event(DocumentVerified)
    def _document_verified(
        self, practice_id: PracticeId, patient_id: PatientId, verified_by: AccountId, verified_at: datetime
    ) -> None:
        self.verified_by = verified_by

    def require_second_person(self, by: AccountId | None, at: datetime) -> None:
        """SecondPersonNeeded also where ``by`` verified the documents (R43)."""
        if self.address_change is not None:
            self.address_change.require_another(by, at)
        if self.verified_by is not None and by in (None, self.verified_by):
            raise SecondPersonNeeded


def _address_change(of: Patient | Person, by: AccountId | None, at: datetime) -> AddressChange | None:
    return AddressChange(by, at) if of.has_had_address and by is not None else None


class Erasure(Aggregate):
    """A patient's data were made unreadable; an event of the service itself, so that it outlives the key."""

    class Erased(Aggregate.Created):
        practice_id: PracticeId
        patient_id: PatientId
        erased_at: datetime

    @staticmethod
    def create_id(patient_id: PatientId) -> UUID:
        return erasure_id(patient_id)

    @event(Erased)
    def __init__(self, practice_id: PracticeId, patient_id: PatientId, erased_at: datetime) -> None:
        self.practice_id = practice_id

    @property
    def subject_id(self) -> UUID:
        return SERVICE_SUBJECT

"""A patient: one practice's record of a person; and a person who may act for one."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from services.identity.domain.errors import SecondPersonNeeded
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

    @property
    def subject_id(self) -> UUID:
        return self.id

    def correct_name(self, name: PersonName, document: str, at: datetime) -> None:
        """``document`` says which one was seen (R35)."""
        if name != self.name:
            self._name_corrected(practice_id=self.practice_id, name=name, document=document, corrected_at=at)

    @event(NameCorrected)
    def _name_corrected(self, practice_id: PracticeId, name: PersonName, document: str, corrected_at: datetime) -> None:
        self.name = name

    def correct_birth_date(self, birth_date: date, document: str, at: datetime) -> None:
        """``document`` says which one was seen (R35)."""
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
        if self.is_deceased:
            raise Refused("expected a patient who is not recorded dead")
        self._death_recorded(practice_id=self.practice_id, recorded_at=at)

    @event(DeathRecorded)
    def _death_recorded(self, practice_id: PracticeId, recorded_at: datetime) -> None:
        self.is_deceased = True

    def correct_death(self, at: datetime) -> None:
        if not self.is_deceased:
            raise Refused("expected a patient who is recorded dead")
        self._death_corrected(practice_id=self.practice_id, corrected_at=at)

    @event(DeathCorrected)
    def _death_corrected(self, practice_id: PracticeId, corrected_at: datetime) -> None:
        self.is_deceased = False


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

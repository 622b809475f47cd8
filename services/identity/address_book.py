"""Where an account is reached, whose an address is, and whether it proves anybody (R12, R42)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from services.identity.domain.account import Account
from services.identity.domain.emancipation import Emancipation, age_counted
from services.identity.domain.enrolments import Enrolments
from services.identity.domain.patient import Patient, Person
from services.identity.domain.practice import Practice
from services.identity.domain.recovery import Reached
from services.identity.domain.staff import StaffMember
from services.identity.domain.values import AccountId, PatientId, PersonName, emancipation_id, enrolments_id
from services.identity.projections import addresses, persons
from services.identity.projections.patients import words_of
from shared.eventstore.store import EventStore
from shared.reading import Database

MOST_USES = 100
"""More people than this at one address: it proves nobody."""


@dataclass(frozen=True, slots=True)
class Contacted:
    """A holder of an address: patient, person of a record, or member of staff, as the store has them now."""

    reached: Reached
    email: str
    language: str
    name: PersonName
    birth_date: date | None
    account_id: AccountId | None
    patient_id: UUID | None = None

    def is_same_person_as(self, other: "Contacted") -> bool:
        """The same name and birth date; staff have no birth date on record."""
        dates = {day for day in (self.birth_date, other.birth_date) if day is not None}
        return calling_name(self.name) == calling_name(other.name) and len(dates) < 2


def calling_name(name: PersonName) -> str:
    """The first given name and the family name, without accents, case and signs."""
    return " ".join([*words_of(name.given)[:1], *words_of(name.family)])


def details_word(name: PersonName, birth_date: date) -> str:
    """What route B compares (R24), before it is made a blind index."""
    return f"{calling_name(name)}|{birth_date.isoformat()}"


class AddressBook:
    """Finds by the read model of addresses, then believes the store only."""

    def __init__(self, store: EventStore, database: Database) -> None:
        self._store, self._database = store, database

    async def at(self, word: UUID) -> list[Contacted]:
        """Everyone who is reached at the address with that blind index."""
        async with self._database.live_rows() as rows:
            found = await addresses.uses(rows, word, MOST_USES)
        holders = [await self.holder(row["kind"], row["holder_id"]) for row in found]
        return [one for one in holders if one is not None and self.word(one.email) == word]

    def word(self, email: str) -> UUID:
        return self._store.blind(addresses.PURPOSE, email)

    async def of_account(self, account: Account) -> Contacted | None:
        """Where its holder is written to: the own record's address, else another's, else that of a membership."""
        places = [("patient" if record.is_own else "person", record.person_id) for record in account.records]
        places.sort(key=lambda place: place[0] != "patient")
        for kind, holder_id in [*places, *(("staff", staff_id) for staff_id in account.staff.values())]:
            found = await self.holder(kind, holder_id)
            if found is not None and found.email:
                return found
        return None

    async def holder(self, kind: str, holder_id: UUID) -> Contacted | None:
        if kind == "staff":
            member = await self._store.find(StaffMember, holder_id)
            return None if member is None or member.state == "left" else _of_staff(member)
        person = await self._store.find(Patient if kind == "patient" else Person, holder_id)
        if not isinstance(person, Patient | Person):
            return None
        patient_id = person.id if isinstance(person, Patient) else person.patient_id
        enrolments = await self._store.find(Enrolments, enrolments_id(patient_id))  # type: ignore[arg-type]  # its id
        return Contacted(
            Reached(
                "patient" if isinstance(person, Patient) else "person",
                person.id,
                person.practice_id,
                person.contact_number,
            ),
            person.contact.email,
            person.contact.language,
            person.name,
            person.birth_date,
            enrolments.accounts.get(person.id) if enrolments is not None else None,  # type: ignore[call-overload]  # as above
            patient_id,
        )

    async def proves_nobody(self, contacted: Contacted, account_id: UUID | None) -> bool:
        """Whether another account, or a representative who is somebody else, uses the address (R12)."""
        others = await self.at(self.word(contacted.email))
        return len(others) >= MOST_USES or any(_is_other(one, contacted, account_id) for one in others)

    async def of_person(self, patient_id: UUID, person_id: UUID) -> Contacted | None:
        """The patient, or that person of the patient's record; None where there is none such."""
        found = await self.holder("patient" if patient_id == person_id else "person", person_id)
        return found if found is not None and found.patient_id == patient_id else None

    async def is_own(self, contacted: Contacted) -> bool:
        """Whether there is an address, and neither another account nor a representative uses it (R12, R18)."""
        return bool(contacted.email) and not await self.proves_nobody(contacted, contacted.account_id)

    async def is_silent(self, contacted: Contacted, now: datetime) -> bool:
        """A teen's own record at an address that a representative or guarantor of theirs uses (R42)."""
        return await self._is_silent_at(contacted, contacted.email, now)

    async def would_silence(self, account: Account, email: str, now: datetime) -> bool:
        """Whether the account is a teen's to whom nothing would be sent at that address (R42)."""
        for record in account.records:
            holder = await self.holder("patient", record.patient_id) if record.is_own else None
            if holder is not None and await self._is_silent_at(holder, email, now):
                return True
        return False

    async def _is_silent_at(self, contacted: Contacted, email: str, now: datetime) -> bool:
        if contacted.reached.kind != "patient" or contacted.birth_date is None:
            return False
        practice = await self._store.find(Practice, contacted.reached.practice_id)
        patient = await self._store.find(Patient, contacted.reached.holder_id)
        if practice is None or patient is None:
            return False
        rules, freed = practice.rules, emancipation_id(PatientId(patient.id))
        age = age_counted(patient, await self._store.find(Emancipation, freed), rules, now)
        return rules.adolescent_age <= age < rules.adult_age and await self._is_used_beside(patient.id, email)

    async def _is_used_beside(self, patient_id: UUID, email: str) -> bool:
        """Whether a representative or guarantor is reached there, in this record or anywhere else.

        Every person of the record counts: guarantors are persons of it, and who was one keeps the address.
        """
        at_address = await self.at(self.word(email))
        if len(at_address) >= MOST_USES or representative_among(at_address, patient_id):
            return True
        async with self._database.live_rows() as rows:
            person_ids = await persons.of_patient(rows, patient_id)
        beside = [one for one in [await self.holder("person", person_id) for person_id in person_ids] if one]
        others = [one for one in at_address if one.reached.holder_id != patient_id]
        return any(_is_one(other, person) for other in others for person in beside)


def representative_among(holders: Sequence[Contacted], patient_id: UUID) -> bool:
    return any(one.reached.kind == "person" and one.patient_id == patient_id for one in holders)


def _is_one(one: Contacted, other: Contacted) -> bool:
    """One account, or one person by name and birth date."""
    return (one.account_id is not None and one.account_id == other.account_id) or one.is_same_person_as(other)


def _is_other(one: Contacted, contacted: Contacted, account_id: UUID | None) -> bool:
    if one.reached.holder_id == contacted.reached.holder_id or one.is_same_person_as(contacted):
        return False
    if one.account_id is not None:
        return one.account_id != account_id
    return one.reached.kind == "person"


def _of_staff(member: StaffMember) -> Contacted:
    invitee = member.invitee
    reached = Reached("staff", member.id, member.practice_id, member.contact_number)
    return Contacted(reached, invitee.email, "en", invitee.name, None, member.account_id)

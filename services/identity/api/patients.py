"""Patients' registration and the persons who stand by them."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Protocol
from uuid import UUID

from google.type.date_pb2 import Date

from services.identity.api.sessions import account_of
from services.identity.commands.patients import (
    CorrectBirthDate,
    CorrectDeath,
    CorrectName,
    RecordContact,
    RecordDeath,
    RegisterPatient,
    RegisterPerson,
    correct_birth_date,
    correct_death,
    correct_name,
    record_contact,
    record_death,
    register_patient,
    register_person,
)
from services.identity.commands.usual_providers import NameUsualProvider, name_usual_provider
from services.identity.domain.errors import PossibleDuplicate
from services.identity.domain.patient import Patient, Person
from services.identity.domain.usual_provider import UsualProvider
from services.identity.domain.values import (
    AccountId,
    Contact,
    PatientId,
    PersonId,
    PersonIdentity,
    PracticeId,
    ProviderId,
    usual_provider_id,
)
from services.identity.messages import (
    contact_field,
    contact_message,
    email_field,
    entry_message,
    name_field,
    name_message,
    phone_field,
)
from services.identity.parts import Servicer
from services.identity.projections import enrolments, patients, persons
from services.identity.projections.patients import Sought, digits_of, words_of
from shared.contracts.identity.v1 import api_pb2
from shared.errors import InvalidField, NotFound
from shared.reading import Row, Rows
from shared.rpc.call import Call
from shared.rpc.fields import date_field, date_message, text_field, uuid_field

FIRST = UUID(int=0)
JOINS = frozenset({"front_desk", "admin"})
"""Who is warned of look-alikes on a patient's page: who may join them."""
OLDEST, ONE_DAY = date(1900, 1, 1), timedelta(days=1)


class HasBirthDate(Protocol):
    @property
    def birth_date(self) -> Date: ...


class PatientsApi(Servicer):
    async def RegisterPatient(
        self, request: api_pb2.RegisterPatientRequest, call: Call
    ) -> api_pb2.RegisterPatientResponse:
        practice_id = PracticeId(uuid_field(request.practice_id, "practice_id"))
        identity = PersonIdentity(name_field(request.name, "name"), birth_date_field(request, call))
        contact = contact_field(request.contact, "contact")
        async with call.rows() as rows:
            alike = (
                []
                if request.confirmed
                else await patients.alike(rows, practice_id, identity, contact, self.parts.store.blind)
            )
        try:
            created = await call.perform(register_patient, RegisterPatient(practice_id, identity, contact, len(alike)))
        except PossibleDuplicate:
            return api_pb2.RegisterPatientResponse(possible_duplicates=[entry_message(row) for row in alike])
        return api_pb2.RegisterPatientResponse(patient_id=str(created.id), position=str(created.position))

    async def FindPatients(self, request: api_pb2.FindPatientsRequest, call: Call) -> api_pb2.FindPatientsResponse:
        after, size = call.page(request.page_token, request.page_size)
        sought = _sought(request)
        async with call.rows() as rows:
            found = await patients.find(rows, sought, self.parts.store.blind, UUID(after) if after else FIRST, size + 1)
        shown = found[:size]
        return api_pb2.FindPatientsResponse(
            patients=[entry_message(row) for row in shown],
            next_page_token=call.next_page(str(shown[-1]["patient_id"])) if len(found) > size else "",
        )

    async def GetPatient(self, request: api_pb2.GetPatientRequest, call: Call) -> api_pb2.GetPatientResponse:
        patient_id = _patient(request.patient_id)
        patient = await self.parts.store.find(Patient, patient_id)
        if patient is None:
            raise NotFound
        async with call.rows() as rows:
            states = {row["person_id"]: row for row in await enrolments.of_patient(rows, patient_id)}
            others = await persons.of_patient(rows, patient_id)
            alike = await self._look_alikes(rows, patient, call)
        entries = [self._entry(patient, states, call)] if patient_id in states else []
        for person_id in others:
            person = await self.parts.store.find(Person, person_id)
            if person is not None:
                entries.append(self._entry(person, states, call))
        call.viewed(patient_id)
        usual = await self.parts.store.find(UsualProvider, usual_provider_id(patient_id))
        return api_pb2.GetPatientResponse(
            patient_id=str(patient_id),
            practice_id=str(patient.practice_id),
            name=name_message(patient.name),
            birth_date=date_message(patient.birth_date),
            deceased=patient.is_deceased,
            contact=contact_message(patient.contact),
            origin=patient.origin.kind,
            persons=entries,
            survivor_id=str(patient.survivor_id or ""),
            duplicate_ids=sorted(str(duplicate_id) for duplicate_id in patient.duplicates),
            possible_duplicates=[entry_message(row) for row in alike],
            usual_provider_id=str(usual.provider_id) if usual is not None else "",
        )

    async def _look_alikes(self, rows: Rows, patient: Patient, call: Call) -> list[Row]:
        """Others of the same birth date and a word of the name, for who may join records (R44)."""
        if patient.survivor_id is not None or not call.actor.roles & JOINS:
            return []
        identity = PersonIdentity(patient.name, patient.birth_date)
        found = await patients.alike(rows, patient.practice_id, identity, Contact(), self.parts.store.blind)
        return [row for row in found if row["patient_id"] != patient.id]

    @staticmethod
    def _entry(person: Patient | Person, states: Mapping[UUID, Row], call: Call) -> api_pb2.PersonEntry:
        row = states.get(person.id)
        return api_pb2.PersonEntry(
            person_id=str(person.id),
            name=name_message(person.name),
            birth_date=date_message(person.birth_date),
            email=person.contact.email,
            consented=row is not None and row["consented"],
            state=enrolments.state_of(row, call.now),
        )

    async def CorrectName(self, request: api_pb2.CorrectNameRequest, call: Call) -> api_pb2.CorrectNameResponse:
        command = CorrectName(
            _patient(request.patient_id), name_field(request.name, "name"), text_field(request.document, "document")
        )
        return api_pb2.CorrectNameResponse(position=str(await call.perform(correct_name, command)))

    async def CorrectBirthDate(
        self, request: api_pb2.CorrectBirthDateRequest, call: Call
    ) -> api_pb2.CorrectBirthDateResponse:
        command = CorrectBirthDate(
            _patient(request.patient_id), birth_date_field(request, call), text_field(request.document, "document")
        )
        return api_pb2.CorrectBirthDateResponse(position=str(await call.perform(correct_birth_date, command)))

    async def NameUsualProvider(
        self, request: api_pb2.NameUsualProviderRequest, call: Call
    ) -> api_pb2.NameUsualProviderResponse:
        provider_id = ProviderId(uuid_field(request.provider_id, "provider_id"))
        command = NameUsualProvider(_patient(request.patient_id), provider_id, AccountId(account_of(call)))
        return api_pb2.NameUsualProviderResponse(position=str(await call.perform(name_usual_provider, command)))

    async def RecordDeath(self, request: api_pb2.RecordDeathRequest, call: Call) -> api_pb2.RecordDeathResponse:
        position = await call.perform(record_death, RecordDeath(_patient(request.patient_id)))
        return api_pb2.RecordDeathResponse(position=str(position))

    async def CorrectDeath(self, request: api_pb2.CorrectDeathRequest, call: Call) -> api_pb2.CorrectDeathResponse:
        position = await call.perform(correct_death, CorrectDeath(_patient(request.patient_id)))
        return api_pb2.CorrectDeathResponse(position=str(position))

    async def RecordContact(self, request: api_pb2.RecordContactRequest, call: Call) -> api_pb2.RecordContactResponse:
        command = RecordContact(
            _patient(request.patient_id),
            PersonId(uuid_field(request.person_id, "person_id")),
            contact_field(request.contact, "contact"),
            AccountId(account_of(call)),
        )
        return api_pb2.RecordContactResponse(position=str(await call.perform(record_contact, command)))

    async def RegisterPerson(
        self, request: api_pb2.RegisterPersonRequest, call: Call
    ) -> api_pb2.RegisterPersonResponse:
        identity = PersonIdentity(name_field(request.name, "name"), birth_date_field(request, call))
        contact = contact_field(request.contact, "contact")
        created = await call.perform(register_person, RegisterPerson(_patient(request.patient_id), identity, contact))
        return api_pb2.RegisterPersonResponse(person_id=str(created.id), position=str(created.position))


def birth_date_field(request: HasBirthDate, call: Call) -> date:
    """A day that has been, and not longer ago than anyone lives."""
    day = date_field(request.birth_date, "birth_date")
    if not OLDEST <= day <= call.now.date() + ONE_DAY:
        raise InvalidField("birth_date", "expected a day between 1900 and today")
    return day


def _sought(request: api_pb2.FindPatientsRequest) -> Sought:
    words = words_of(request.name)
    birth_date = date_field(request.birth_date, "birth_date") if request.HasField("birth_date") else None
    sought = Sought(
        UUID(request.practice_id), words, birth_date, email_field(request.email, "email"),
        digits_of(phone_field(request.phone, "phone")),
    )  # fmt: skip
    if not (sought.words or sought.birth_date or sought.email or sought.phone):
        raise InvalidField("name", "expected a name, birth date, e-mail address or phone number")
    return sought


def _patient(text: str) -> PatientId:
    return PatientId(uuid_field(text, "patient_id"))

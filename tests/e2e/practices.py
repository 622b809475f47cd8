"""A practice of one test module: its staff and patients come into being, through the gateway, as tests ask for them."""

import secrets
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from operations import journey
from operations.demo.world import Patient
from operations.outside import Person, Portal, eventually
from shared.ids import uuid7
from shared.rpc.client import ApiChannel

BIRTH_DATE = date(1971, 5, 17)


def unique(word: str) -> str:
    """A name that no other test uses."""
    return f"{word}-{secrets.token_hex(5)}"


def password() -> str:
    return f"e2e {uuid7()}"


@dataclass(slots=True)
class House:
    """One practice. Staff are invited when they are first asked for, one a role."""

    portal: Portal
    channels: ApiChannel
    name: str
    practice_id: str
    admin: Person
    provider_id: str = ""
    _staff: dict[str, Person] = field(default_factory=dict)

    @classmethod
    async def open(cls, portal: Portal, channels: ApiChannel) -> "House":
        name, user_name = unique("Practice"), unique("admin")
        opened = await journey.open_practice(
            channels, name, "America/New_York", ("Ada", "Quist", f"{user_name}@house.example")
        )
        admin = await journey.join_staff(portal, opened.link, user_name, password())
        return cls(portal, channels, name, opened.practice_id, admin)

    async def mails(self) -> int:
        """How many mails the practice has sent."""
        return sum(self.name in mail["subject"] + mail["text"] for mail in await self.portal.mails())

    def of(self, rest: str) -> str:
        """A path of this practice."""
        return f"/v1/practices/{self.practice_id}/{rest}"

    async def staff(self, role: str) -> Person:
        """The member of staff with that role; the provider takes part."""
        if role == "admin":
            return self.admin
        if role not in self._staff:
            provider_id = ""
            if role == "provider":
                new = journey.NewProvider("Grace", "Okafor", "1000000004", takes_part=True)
                provider_id = self.provider_id = await journey.register_provider(self.admin, self.practice_id, new)
            name = unique(role.replace("_", "-"))
            member = journey.Member(role.title(), "House", f"{name}@house.example", [role], provider_id)
            link = await journey.invite_staff(self.admin, self.practice_id, member)
            self._staff[role] = await journey.join_staff(self.portal, link, name, password())
        return self._staff[role]

    async def registered(self, given: str = "Ives", born: date = BIRTH_DATE) -> Patient:
        """A patient with an address, as the desk registers one."""
        desk = await self.staff("front_desk")
        family = unique("Test")
        email = f"{family.lower()}@mail.example"
        new = journey.NewPatient(given, family, born, email)
        return Patient(await journey.register_patient(desk, self.practice_id, new), family, born, email)

    async def invited(self, given: str = "Ives", born: date = BIRTH_DATE) -> tuple[Patient, str]:
        """A patient whose consent is signed, and the mailed link."""
        patient = await self.registered(given, born)
        patient.consent_id = await journey.sign_consent(
            await self.staff("front_desk"), self.practice_id, patient.patient_id, method="screen"
        )
        return patient, await self.portal.link_mailed_to(patient.email, "invitation")

    async def enrolled(self, given: str = "Ives", born: date = BIRTH_DATE) -> Patient:
        """A patient with an own account that reaches the record."""
        patient, link = await self.invited(given, born)
        patient.person = await journey.enrol(self.portal, link, born, unique("user"), password())
        await journey.reach(patient.account, patient.patient_id, "results")
        return patient

    async def result_of(self, patient: Patient, *, released: bool = True) -> str:
        """A result, filed and perhaps released by the provider."""
        provider, key = await self.staff("provider"), str(uuid7())
        value = {"name": "Hemoglobin", "value": "12.9", "unit": "g/dL", "reference_low": "11.5"}
        result = {
            "title": "Blood count",
            "category": "laboratory",
            "effective_at": "2026-03-02T10:00:00Z",
            "values": [value],
        }

        async def file() -> dict[str, Any] | None:
            return await journey.if_found(provider.post(patient.path("results"), result, key=key))

        filed = await eventually("the patient at documents", file)
        path, position = patient.path(f"results/{filed['result_id']}"), filed["position"]
        if released:
            position = (await provider.post(f"{path}/release", after=position))["position"]
        await provider.get(path, after=position)
        return str(filed["result_id"])

    async def statement_of(self, patient: Patient, cents: int = 12345) -> str:
        """A posted statement over one charge."""
        billing, key = await self.staff("billing"), str(uuid7())
        charge = {
            "serviced_on": journey.day(date(2026, 3, 2)),
            "category": "visit",
            "description": "Visit",
            "amount_cents": str(cents),
        }

        async def post() -> dict[str, Any] | None:
            return await journey.if_found(billing.post(patient.path("charges"), charge, key=key))

        charged = await eventually("the patient at billing", post)
        posted = await billing.post(patient.path("statements"), {"charge_ids": [charged["charge_id"]]})
        statement_id = str(posted["statement_id"])
        await billing.get(patient.path(f"statements/{statement_id}"), after=posted["position"])
        return statement_id

    async def conversation_of(self, patient: Patient) -> str:
        """A conversation with the practice that the patient began."""
        body = {"topic": "medical", "subject": "Question", "body": "May I take it with food?"}

        async def start() -> dict[str, Any] | None:
            return await journey.if_found(patient.account.post(patient.path("conversations"), body, key=key))

        key = str(uuid7())
        started = await eventually("the patient at messaging", start)
        await patient.account.get(patient.path("conversations?page_size=1"), after=started["position"])
        return str(started["conversation_id"])

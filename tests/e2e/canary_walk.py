"""A long walk through the portal, and a FHIR bundle, with a canary in each field that people or files may fill."""

import json
from datetime import timedelta
from typing import Any

import httpx

from operations import journey
from operations.demo.world import Patient
from operations.outside import Authenticator, Person, Portal, eventually
from shared.clock import machine_now
from shared.ids import uuid7
from tests.e2e.canaries import Canaries
from tests.e2e.practices import House
from tests.e2e.wire import send


class Walk:
    """Everything that people may type, typed once rightly and once wrongly; refusals are kept."""

    def __init__(self, portal: Portal, house: House) -> None:
        self.portal, self.house = portal, house
        self.canary = Canaries()
        self.began = machine_now().timestamp()
        self.refusals: list[httpx.Response] = []

    def contact(self, who: str) -> dict[str, Any]:
        canary = self.canary
        address = {
            "street": canary(f"{who}_street"),
            "city": canary(f"{who}_city"),
            "state": "NY",
            "postal_code": canary.keep("postal code", canary.postal_code),
        }
        canary.keep("phone", canary.phone)
        canary.keep("digits of the phone", "5557301944")
        email = f"{canary(f'{who}_email')}@mail.example"
        return {"email": email, "phone": canary.phone, "address": address, "language": "en"}

    def name(self, who: str) -> dict[str, str]:
        return {"given": self.canary(f"{who}_given"), "family": self.canary(f"{who}_family")}

    async def wrong(self, person: Person | None, path: str, body: dict[str, Any], method: str = "POST") -> None:
        """The same request, refused: with a field of another form, without the right, and broken off."""
        token = await person.token() if person else ""
        text, odd = json.dumps(body), json.dumps(dict.fromkeys(body, self.canary("odd") * 1000))
        untyped = text.replace('": "', '": ["', 1) if '": "' in text else text[:-1]
        tries = [
            await send(self.portal, method, path, token=token, content=content) for content in (untyped, text[:-3], odd)
        ]
        tries.append(await send(self.portal, method, path, content=text, headers={"authorization": "Bearer x"}))
        path = f"{path}?{self.canary('query')}=1"
        tries.append(await send(self.portal, method, path, token=token, content=text))
        assert not any(response.is_success for response in tries)
        self.refusals += tries

    async def do(self, person: Person, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """A command, wrongly first; waited for while a service has not heard of the patient."""
        if body:
            await self.wrong(person, path, body)
        key = str(uuid7())

        async def ask() -> dict[str, Any] | None:
            return await journey.if_found(person.post(path, body, key=key))

        return await eventually(path.rpartition("/")[2], ask)

    async def joining(self) -> Patient:
        """Staff, a provider, a patient with account and security question, a representative."""
        canary, house = self.canary, self.house
        desk = await house.staff("front_desk")
        await house.staff("provider")
        await self.staff_join()
        body = {
            "name": self.name("patient"),
            "birth_date": journey.day(canary.birth_date),
            "contact": self.contact("patient"),
            "confirmed": True,
        }
        patient_id = (await self.do(desk, house.of("patients"), body))["patient_id"]
        email = str(body["contact"]["email"])  # type: ignore[index]  # a mapping
        patient = Patient(patient_id, "", canary.birth_date, email)
        await desk.post(house.of("patients/find"), {"name": canary("patient_family"), "phone": canary.phone})
        person = {
            "name": self.name("person"),
            "birth_date": journey.day(canary.birth_date),
            "contact": self.contact("person"),
        }
        await self.do(desk, patient.path("persons"), person)
        patient.consent_id = await journey.sign_consent(desk, house.practice_id, patient_id)
        link = await self.portal.link_mailed_to(email, "invitation")
        patient.person = await self.enrol(link, patient)
        await journey.reach(patient.account, patient_id, "results")
        return patient

    async def staff_join(self) -> None:
        canary, admin = self.canary, self.house.admin
        member = {
            "name": self.name("staff"),
            "email": f"{canary('staff_email')}@house.example",
            "roles": ["clinical"],
        }
        await self.do(admin, self.house.of("staff"), member)
        link = await self.portal.link_mailed_to(str(member["email"]), "staff-invitation")
        staff_id, secret = link.split("/")[-2:]
        canary.keep("staff link", secret)
        path = f"/v1/staff-invitations/{staff_id}"
        begun = await self.portal.ask("POST", f"{path}/begin", {"secret": secret})
        canary.keep("TOTP secret", begun["totp_secret"])
        joining = {
            "secret": secret,
            "user_name": canary("staff_user"),
            "password": f"{canary('staff_password')} long enough",
            "code": await Authenticator(begun["totp_secret"]).code(),
        }
        await self.wrong(None, f"{path}/accept", joining)
        accepted = await self.portal.ask("POST", f"{path}/accept", joining)
        canary.keep("recovery code", accepted["recovery_codes"][0])
        provider = {"name": self.name("provider"), "credentials": "MD", "npi": "1000000012"}
        await self.do(admin, self.house.of("providers"), provider)

    async def enrol(self, link: str, patient: Patient) -> Person:
        canary = self.canary
        invitation_id, secret = link.split("/")[-2:]
        canary.keep("invitation link", secret)
        body = {
            "secret": secret,
            "birth_date": journey.day(canary.birth_date),
            "user_name": canary("user"),
            "password": f"{canary('password')} long enough",
            "security_question": canary("question"),
            "security_answer": canary("answer"),
        }
        path = f"/v1/invitations/{invitation_id}/accept"
        await self.wrong(None, path, body)
        await self.portal.ask("POST", path, body)
        signing = {"user_name": body["user_name"], "password": f"{canary('wrong')} password", "code": canary("code")}
        self.refusals.append(await send(self.portal, "POST", "/v1/sign-in", content=json.dumps(signing)))
        opened = await self.portal.ask("POST", "/v1/sign-in", {**signing, "password": body["password"], "code": ""})
        canary.keep("refresh token", opened["refresh_token"])
        canary.keep("access token's signature", opened["access_token"].rpartition(".")[2])
        canary.keep("device", opened["device"].rpartition(".")[2])
        return await Person(self.portal, str(body["user_name"]), str(body["password"])).sign_in()

    async def writing(self, patient: Patient) -> None:
        """Messages, appointments, refills."""
        canary, house, account = self.canary, self.house, patient.account
        provider = await house.staff("provider")
        message = {"topic": "medical", "subject": canary("subject"), "body": canary("message")}
        started = await self.do(account, patient.path("conversations"), message)
        conversation = house.of(f"conversations/{started['conversation_id']}")

        async def can_be_read() -> bool | None:
            seen = await journey.if_found(provider.get(conversation))
            return bool(seen and seen.get("readers")) or None

        await eventually("somebody who can read a reply", can_be_read)
        await self.do(provider, f"{conversation}/messages", {"body": canary("reply")})
        await provider.get(conversation)
        at = (machine_now() + timedelta(days=9)).strftime("%Y-%m-%dT15:00:00Z")
        asked = await self.do(
            account, patient.path("appointments"), {"preferred": [at], "reason": canary("appointment_reason")}
        )
        await self.do(
            provider,
            house.of(f"appointments/{asked['appointment_id']}/decline"),
            {"reason": canary("decline_reason")},
        )
        refill = {"medication": canary("medication"), "note": canary("note")}
        asked = await self.do(account, patient.path("refills"), refill)
        await self.do(provider, house.of(f"refills/{asked['refill_id']}/decline"), {"reason": canary("refill_reason")})

    async def record_and_bills(self, patient: Patient) -> None:
        """Results, and what is paid."""
        canary, house, account = self.canary, self.house, patient.account
        provider, billing = await house.staff("provider"), await house.staff("billing")
        value = {
            "name": canary("value_name"),
            "value": canary("value"),
            "unit": canary("unit"),
            "reference_low": canary("low"),
            "reference_high": canary("high"),
            "code": canary("loinc"),
        }
        filing = {
            "title": canary("title"),
            "category": "laboratory",
            "effective_at": "2026-03-02T10:00:00Z",
            "values": [value],
        }
        filed = await self.do(provider, patient.path("results"), filing)
        path = patient.path(f"results/{filed['result_id']}")
        await self.do(provider, f"{path}/release", {})
        read = await eventually("the result", lambda: journey.if_found(account.get(path)))
        assert read["values"][0]["value"] == canary("value"), "the portal itself can read what was sealed"
        await account.download(f"{path}/pdf")
        await self.do(provider, f"{path}/retract", {"reason": canary("retraction")})
        charge = {
            "serviced_on": journey.day(canary.birth_date),
            "category": "visit",
            "description": canary("description"),
            "amount_cents": "700",
        }
        charged = await self.do(billing, patient.path("charges"), charge)
        posted = await self.do(billing, patient.path("statements"), {"charge_ids": [charged["charge_id"]]})
        path = patient.path(f"statements/{posted['statement_id']}")
        read = await eventually("the statement", lambda: journey.if_found(account.get(path)))
        canary.keep("statement number", read["statement"]["number"])
        await account.download(f"{path}/pdf")
        paid = await self.do(account, f"{path}/payments", {"amount_cents": "700"})
        await self.portal.http.post(paid["checkout_url"], data={"outcome": "pay"})
        payment = patient.path(f"payments/{paid['payment_id']}")

        async def received() -> bool | None:
            return (await account.get(payment))["payment"]["state"] == "received" or None

        await eventually("the payment", received)
        await self.do(billing, f"{payment}/refunds", {"amount_cents": "100", "reason": canary("refund_reason")})

    async def desk_again(self, patient: Patient) -> None:
        """Corrections, and reasons why something ends."""
        canary, desk = self.canary, await self.house.staff("front_desk")
        support = await self.house.staff("support")
        path, name = patient.path("name"), {"name": self.name("corrected"), "document": "Driver license"}
        await self.wrong(desk, path, name, "PUT")
        await desk.ask("PUT", path, name)
        contact = {"person_id": patient.patient_id, "contact": {**self.contact("moved"), "email": patient.email}}
        await self.do(desk, patient.path("contacts"), contact)
        for read in ("registration", "invitations"):
            await desk.get(patient.path(read))
        for read in ("inbox", "conversations", "appointments", "refills", "results", "charges", "access-history"):
            await patient.account.get(patient.path(read))
        for body in ({"user_name": canary("user")}, {"user_name": canary("nobody")}):
            await send(self.portal, "POST", "/v1/recovery/by-user-name", content=json.dumps(body))
        unenrolling = {"person_id": patient.patient_id, "reason": canary("unenrol_reason")}
        await self.do(support, patient.path("unenrol"), unenrolling)


def bundle(canary: Canaries) -> dict[str, Any]:
    """A FHIR bundle with a canary in each element that the import reads."""
    about = {"reference": "urn:uuid:p"}
    reading = {
        "resourceType": "Observation",
        "id": "o",
        "status": "final",
        "subject": about,
        "effectiveDateTime": "2025-01-02T03:04:05Z",
        "code": {"text": canary("fhir_observation")},
        "valueString": canary("fhir_value"),
    }
    resources: list[dict[str, Any]] = [
        {
            "resourceType": "Patient",
            "id": "p",
            "name": [{"given": [canary("fhir_given")], "family": canary("fhir_family")}],
            "birthDate": canary.birth_date.isoformat(),
            "telecom": [
                {"system": "email", "value": f"{canary('fhir_email')}@mail.example"},
                {"system": "phone", "value": canary.phone},
            ],
            "address": [{"line": [canary("fhir_street")], "city": canary("fhir_city"), "postalCode": "10001"}],
            "text": {"div": f"<div>{canary('fhir_narrative')}</div>"},
        },
        {
            "resourceType": "Practitioner",
            "id": "d",
            "identifier": [{"system": "http://hl7.org/fhir/sid/us-npi", "value": "1000000020"}],
            "name": [{"given": [canary("fhir_doctor_given")], "family": canary("fhir_doctor_family")}],
        },
        reading,
        {
            "resourceType": "DiagnosticReport",
            "id": "r",
            "status": "final",
            "subject": about,
            "effectiveDateTime": "2025-01-02T03:04:05Z",
            "code": {"text": canary("fhir_report")},
            "result": [{"reference": "urn:uuid:o"}],
        },
        {
            "resourceType": "MedicationRequest",
            "id": "m",
            "status": "active",
            "subject": about,
            "medicationCodeableConcept": {"text": canary("fhir_drug")},
        },
        {"resourceType": "Condition", "id": "c", "subject": about, "code": {"text": canary("fhir_problem")}},
        {"resourceType": "AllergyIntolerance", "id": "a", "patient": about, "code": {"text": canary("fhir_allergy")}},
        {
            "resourceType": "Claim",
            "id": "b",
            "patient": about,
            "created": "2025-01-02",
            "total": {"value": 12.5, "currency": "USD"},
            "item": [{"productOrService": {"text": canary("fhir_procedure")}}],
        },
    ]
    return {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [{"fullUrl": f"urn:uuid:{one['id']}", "resource": one} for one in resources],
    }

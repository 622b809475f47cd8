"""What people do at the portal, one function an act, through the gateway: the demo walks them, the seed too."""

from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from datetime import date
from io import BytesIO
from typing import Any

from PIL import Image, ImageDraw

from operations.outside import Answer, Authenticator, Person, Portal, eventually
from shared.contracts.identity.v1 import peers_pb2 as identity
from shared.contracts.identity.v1.peers_pb2_grpc import IdentityPeersStub
from shared.ids import uuid7
from shared.rpc.client import ApiChannel
from shared.rpc.metadata import calling


@dataclass(frozen=True, slots=True)
class Opened:
    """A practice that was opened: its id, and the one-time link of its first admin."""

    practice_id: str
    link: str


async def open_practice(
    channels: ApiChannel, name: str, time_zone: str, admin: tuple[str, str, str], key: str = ""
) -> Opened:
    """``portal practice open``: the one act that no outside client can do. ``admin``: given, family, e-mail."""
    request = identity.OpenPracticeRequest(
        name=name,
        time_zone=time_zone,
        support_phone="+1 555 010 0100",
        support_email="support@practice.example",
        support_hours="Mon-Fri 9-17",
        admin_given=admin[0],
        admin_family=admin[1],
        admin_email=admin[2],
    )
    with calling(idempotency_key=key or str(uuid7())):
        answer = await IdentityPeersStub(channels.channel("identity")).OpenPractice(request)
    return Opened(answer.practice_id, answer.link)


async def join_staff(portal: Portal, link: str, user_name: str, password: str, key: str = "") -> Person:
    """Accepts a staff invitation with a user name, a password and a second factor, and signs in."""
    staff_id, secret = link.rstrip("/").split("/")[-2:]
    path = f"/v1/staff-invitations/{staff_id}"
    begun = await portal.ask("POST", f"{path}/begin", {"secret": secret})
    authenticator = Authenticator(begun["totp_secret"])
    body = {"secret": secret, "user_name": user_name, "password": password, "code": await authenticator.code()}
    await portal.ask("POST", f"{path}/accept", body, key=key)
    return await Person(portal, user_name, password, authenticator).sign_in()


@dataclass(frozen=True, slots=True)
class Member:
    """A member of staff to be invited."""

    given: str
    family: str
    email: str
    roles: Sequence[str]
    provider_id: str = ""


async def invite_staff(admin: Person, practice_id: str, member: Member, key: str = "") -> str:
    """Invites a member of staff, and answers the link as it was mailed."""
    body = {
        "name": {"given": member.given, "family": member.family},
        "email": member.email,
        "roles": list(member.roles),
        "provider_id": member.provider_id,
    }
    await admin.post(f"/v1/practices/{practice_id}/staff", body, key=key)
    return await admin.portal.link_mailed_to(member.email, "staff-invitation")


@dataclass(frozen=True, slots=True)
class NewProvider:
    """A provider to be made known, who perhaps takes part."""

    given: str
    family: str
    npi: str
    takes_part: bool


async def register_provider(admin: Person, practice_id: str, provider: NewProvider, key: str = "") -> str:
    """Makes a provider known, and has those take part who do; the provider's id."""
    path = f"/v1/practices/{practice_id}/providers"
    name = {"given": provider.given, "family": provider.family}
    body = {"name": name, "credentials": "MD", "npi": provider.npi}
    provider_id = str((await admin.post(path, body, key=key))["provider_id"])
    if provider.takes_part:
        await admin.post(f"{path}/{provider_id}/activate")
    return provider_id


@dataclass(frozen=True, slots=True)
class NewPatient:
    """A patient as written on the registration form."""

    given: str
    family: str
    birth_date: date
    email: str
    language: str = "en"


async def register_patient(desk: Person, practice_id: str, patient: NewPatient, key: str = "") -> str:
    """Registers a patient at the desk; the patient's id."""
    body = {
        "name": {"given": patient.given, "family": patient.family},
        "birth_date": day(patient.birth_date),
        "contact": {"email": patient.email, "language": patient.language},
        "confirmed": True,
    }
    return str((await desk.post(f"/v1/practices/{practice_id}/patients", body, key=key))["patient_id"])


def paper(words: str) -> bytes:
    """A letter page with a line on it, as a scanner would send it."""
    page, made = Image.new("L", (850, 1100), "white"), BytesIO()
    ImageDraw.Draw(page).text((80, 80), words, fill="black", font_size=28)
    page.save(made, "PNG")
    return made.getvalue()


async def scan(desk: Person, patient_id: str, words: str, key: str = "") -> str:
    """Uploads the scan of a paper of the patient's, once consent has heard of the patient; the scan's id."""
    content, key = paper(words), key or str(uuid7())

    async def ask() -> dict[str, Any] | None:
        return await if_found(desk.upload(f"/v1/patients/{patient_id}/scans", content, "image/png", key))

    return str((await eventually("the patient at consent", ask))["scan_id"])


async def sign_consent(
    desk: Person, practice_id: str, patient_id: str, signer_id: str = "", key: str = "", *, method: str = "paper"
) -> str:
    """Records a signed consent form at the desk, one on paper with its scan; the consent's id."""

    async def ask() -> dict[str, Any] | None:
        return await if_found(desk.get(f"/v1/practices/{practice_id}/consent-form"))

    key = key or str(uuid7())
    form = await eventually("the practice's consent form", ask)
    body = {
        "signer_id": signer_id,
        "form_version": form["form_version"],
        "method": method,
        "scan_id": await scan(desk, patient_id, "Portal consent form", key) if method == "paper" else "",
    }

    async def sign() -> dict[str, Any] | None:
        return await if_found(desk.post(f"/v1/patients/{patient_id}/consents", body, key=key))

    return str((await eventually("the patient at consent", sign))["consent_id"])


async def enrol(portal: Portal, link: str, birth_date: date, user_name: str, password: str, key: str = "") -> Person:
    """Opens an account from a mailed invitation, and signs in."""
    invitation_id, secret = link.rstrip("/").split("/")[-2:]
    body = {"secret": secret, "birth_date": day(birth_date), "user_name": user_name, "password": password}
    await portal.ask("POST", f"/v1/invitations/{invitation_id}/accept", body, key=key)
    return await Person(portal, user_name, password).sign_in()


@dataclass(frozen=True, slots=True)
class Representative:
    """A parent to be: as written on the Authorization form, with the account to come."""

    given: str
    family: str
    birth_date: date
    email: str
    user_name: str
    password: str


async def represent(desk: Person, verifier: Person, practice_id: str, child_id: str, parent: Representative) -> Person:
    """Registers a parent of a minor, has the documents verified by a second person, and lets the parent in (R7)."""
    path = f"/v1/patients/{child_id}"
    body = {
        "name": {"given": parent.given, "family": parent.family},
        "birth_date": day(parent.birth_date),
        "contact": {"email": parent.email, "language": "en"},
    }
    key = str(uuid7())
    made = await eventually("the child", lambda: if_found(desk.post(f"{path}/persons", body, key=key)))
    person_id = str(made["person_id"])
    terms = {"person_id": person_id, "kind": "minor", "signed_by": ["representative"]}
    granted = await eventually(
        "the child at consent", lambda: if_found(desk.post(f"{path}/authorizations", terms, key=key))
    )
    documents = f"{path}/authorizations/{granted['authorization_id']}/documents"
    scan_id = await scan(desk, child_id, "Birth certificate")
    recorded = await desk.post(documents, {"kind": "birth_certificate", "scan_id": scan_id})
    await verifier.post(f"{documents}/{recorded['document_id']}/verify")
    await sign_consent(desk, practice_id, child_id, person_id)
    link = await desk.portal.link_mailed_to(parent.email, "invitation")
    return await enrol(desk.portal, link, parent.birth_date, parent.user_name, parent.password)


async def reach(person: Person, patient_id: str, scope: str) -> None:
    """Waits until the person may see that scope of the patient: consent decides once it has heard of the account."""

    async def ask() -> bool | None:
        access = await person.get("/v1/account/access")
        return any(one["patient_id"] == patient_id and scope in one["scopes"] for one in access["patients"]) or None

    await eventually(f"access to {scope}", ask)


async def if_found(call: Awaitable[dict[str, Any]]) -> dict[str, Any] | None:
    """The answer, or None while a service has not heard of the object yet."""
    try:
        return await call
    except Answer as answer:
        if answer.status in {404, 503}:
            return None
        raise


def day(date_: date) -> dict[str, int]:
    """A calendar date as the API takes it."""
    return {"year": date_.year, "month": date_.month, "day": date_.day}

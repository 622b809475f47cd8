"""For whom a page acts: the patient or the practice named in its URL, and what the account may do there."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from shared.contracts.consent.v1 import api_pb2 as consent
from shared.contracts.identity.v1 import api_pb2 as identity
from shared.contracts.messaging.v1 import api_pb2 as messaging
from shared.errors import NotAllowed, NotFound, PortalError
from web.language import N_
from web.page import Page

Link = tuple[str, str, str]
"""Path, text, and the word that marks a link as the present page's."""


@dataclass(frozen=True, slots=True)
class Acting:
    """The signed-in account on one patient's record, as consent says at this moment."""

    patient_id: str
    patient_name: str
    practice_id: str
    practice_name: str
    acting_as: str
    person_id: str
    consent_id: str
    scopes: frozenset[str]
    holder: str
    has_others: bool
    unread: int

    @property
    def own(self) -> bool:
        return self.acting_as == "self"

    @property
    def path(self) -> str:
        return f"/patients/{self.patient_id}"

    def may(self, scope: str) -> bool:
        return scope in self.scopes

    def links(self) -> Sequence[Link]:
        """What this account may open here, in the order of the navigation."""
        rows = (
            ("", N_("Overview"), "home", True),
            ("/inbox", N_("Inbox"), "inbox", True),
            ("/conversations", N_("Messages"), "conversations", self.may("messages")),
            ("/results", N_("Results"), "results", self.may("results")),
            ("/documents", N_("Documents"), "documents", self.may("documents")),
            ("/record", N_("Health record"), "record", self.may("results")),
            ("/appointments", N_("Appointments"), "appointments", self.may("appointments")),
            ("/refills", N_("Refills"), "refills", self.may("refills")),
            ("/bills", N_("Bills"), "bills", self.may("billing")),
            ("/releases", N_("Release of records"), "releases", self.may("documents")),
            ("/access", N_("Who has access"), "access", True),
        )
        return [(self.path + path, text, mark) for path, text, mark, shown in rows if shown]


@dataclass(frozen=True, slots=True)
class Desk:
    """The signed-in member of staff at one practice."""

    practice_id: str
    practice_name: str
    staff_id: str
    provider_id: str
    roles: frozenset[str]
    holder: str
    has_others: bool

    @property
    def path(self) -> str:
        return f"/practices/{self.practice_id}"

    def has(self, *roles: str) -> bool:
        return bool(self.roles & set(roles))

    def needs(self, *roles: str) -> None:
        """NotAllowed without one of these roles; the services decide it again."""
        if not self.has(*roles):
            raise NotAllowed

    def patient(self, patient_id: str) -> str:
        """The path of a patient's page at this desk."""
        return f"{self.path}/patients/{patient_id}"

    def links(self) -> Sequence[Link]:
        rows = (
            ("", N_("Overview"), "home", True),
            ("/patients", N_("Patients"), "patients", True),
            ("/approvals", N_("Approvals"), "approvals", self.has("provider", "clinical")),
            ("/tasks", N_("Tasks"), "tasks", self.has("provider", "admin")),
            ("/conversations", N_("Messages"), "conversations", True),
            ("/appointments", N_("Appointments"), "appointments", self.has("provider", "clinical", "front_desk")),
            ("/refills", N_("Refills"), "refills", self.has("provider", "clinical")),
            ("/refunds", N_("Money to send back"), "refunds", self.has("billing")),
            ("/mails", N_("Mails"), "mails", self.has("front_desk", "support", "admin")),
            ("/releases", N_("Release of records"), "releases", self.has("front_desk", "support", "admin")),
            ("/desk-tasks", N_("Tasks of the desk"), "desk-tasks", self.has("front_desk", "support", "admin")),
            ("/duplicates", N_("Duplicate records"), "duplicates", self.has("front_desk", "admin")),
            ("/emergencies", N_("Emergency access"), "emergencies", self.has("admin")),
            ("/staff", N_("Staff"), "staff", self.has("admin")),
            ("/providers", N_("Providers"), "providers", True),
            ("/details", N_("Practice"), "details", self.has("admin")),
        )
        return [(self.path + path, text, mark) for path, text, mark, shown in rows if shown]


async def acting_for(page: Page) -> Acting:
    """The patient of the URL, if the account may see anything of that record now; NotFound otherwise."""
    patient_id = page.id("patient_id")
    me, access = await asyncio.gather(page.me(), page.site.portal.consent.MyAccess(consent.MyAccessRequest()))
    held = {one.patient_id: one for one in access.patients}
    enrolment = next((one for one in me.enrolments if one.patient_id == patient_id), None)
    one = held.get(patient_id)
    if one is None or enrolment is None:
        raise NotFound
    page.practice = await page.site.practices.one(one.practice_id)
    page.acting = Acting(
        patient_id=patient_id,
        patient_name=enrolment.patient_name,
        practice_id=one.practice_id,
        practice_name=page.practice.name,
        acting_as=one.acting_as,
        person_id=one.person_id,
        consent_id=one.consent_id,
        scopes=frozenset(one.scopes),
        holder=me.display_name,
        has_others=len(me.enrolments) > 1 or len(me.staff) > 0,
        unread=await unread(page, patient_id) if "messages" in one.scopes else 0,
    )
    return page.acting


async def unread(page: Page, patient_id: str) -> int:
    """How many messages wait; a badge that cannot be counted now keeps no page from being shown."""
    try:
        answer = await page.site.portal.messaging.CountUnread(messaging.CountUnreadRequest(patient_id=patient_id))
    except PortalError:
        return 0
    return answer.unread_count


async def at_desk(page: Page, *roles: str) -> Desk:
    """The practice of the URL, if the account is of its staff; NotFound otherwise, NotAllowed without such a role."""
    practice_id = page.id("practice_id")
    me = await page.me()
    row = next((one for one in me.staff if one.practice_id == practice_id), None)
    if row is None:
        raise NotFound
    page.practice = await page.site.practices.one(practice_id)
    page.desk = Desk(
        practice_id=practice_id,
        practice_name=page.practice.name,
        staff_id=row.staff_id,
        provider_id=row.provider_id,
        roles=frozenset(row.roles),
        holder=me.display_name,
        has_others=len(me.staff) + len(me.enrolments) > 1,
    )
    if roles:
        page.desk.needs(*roles)
    return page.desk


async def patient_at(page: Page, desk: Desk) -> identity.GetPatientResponse:
    """The registration of the URL's patient, a patient of the URL's practice; NotFound otherwise."""
    request = identity.GetPatientRequest(patient_id=page.id("patient_id"))
    found = await page.site.portal.identity.GetPatient(request)
    if found.practice_id != desk.practice_id:
        raise NotFound
    return found

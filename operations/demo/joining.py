"""Steps 1 to 4: a practice opens, records come in, a consent becomes an invitation, a patient gets in."""

import re
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID

from operations import journey
from operations.demo.world import Patient, World, expect, password
from operations.importing import Import
from operations.outside import Answer, eventually
from operations.samples import PRIMARY, sample_bundles

PRACTICE = "Elm Street Family Practice"
PROVIDERS = (
    journey.NewProvider("Grace", "Okafor", "1000000004", takes_part=True),
    journey.NewProvider("Miguel", "Santos", "1000000012", takes_part=True),
    journey.NewProvider("Ruth", "Alder", "1000000020", takes_part=False),
)
STAFF = ("front_desk", "clinical", "billing", "support")


async def a_practice_opens(world: World) -> None:
    """1. Two providers take part and one does not; staff are invited and sign in with a second factor."""
    opened = await journey.open_practice(
        world.channels, PRACTICE, "America/New_York", ("Ada", "Quist", "ada.quist@elm.example")
    )
    world.practice_id = opened.practice_id
    admin = await journey.join_staff(world.portal, opened.link, "ada.quist", password())
    world.staff["admin"] = admin
    for provider in PROVIDERS:
        world.providers[provider.family] = await journey.register_provider(admin, world.practice_id, provider)
    members = [journey.Member(role.title(), "Elm", f"{role}@elm.example", [role]) for role in STAFF]
    members += [
        journey.Member(
            one.given, one.family, f"{one.family.lower()}@elm.example", ["provider"], world.providers[one.family]
        )
        for one in PROVIDERS
        if one.takes_part
    ]
    for member in members:
        link = await journey.invite_staff(admin, world.practice_id, member)
        person = await journey.join_staff(world.portal, link, member.email.partition("@")[0], password())
        world.staff.setdefault(member.roles[0], person)
        try:
            await world.portal.ask(
                "POST", "/v1/sign-in", {"user_name": person.user_name, "password": person.password, "code": "000000"}
            )
            expect(False, "a wrong code opens no session")
        except Answer as answer:
            expect(answer.status == 401, "a wrong code answers 401")
    listed = await world.staff["front_desk"].get(world.of_practice("providers"))
    taking_part = {one["provider_id"] for one in listed["providers"] if one["takes_part"]}
    expect(taking_part == {world.providers["Okafor"], world.providers["Santos"]}, "two of three providers take part")


async def records_come_in(world: World) -> None:
    """2. ``portal import``: everything is there, no result is visible, nobody is mailed, a repeat changes nothing."""
    before = len(await world.portal.mails())
    with TemporaryDirectory() as folder:
        paths = sample_bundles(Path(folder))
        first = await Import(world.channels, _practice(world), lambda _: None).files(paths)
        again = await Import(world.channels, _practice(world), lambda _: None).files(paths)
    expect(not first.broken, "no file was broken")
    expect(first.outcomes["result"]["new"] > 0 and first.outcomes["charge"]["new"] > 0, "results and charges came in")
    expect(first.outcomes["medication"]["new"] > 0, "medications came in")
    repeated = {outcome for counter in again.outcomes.values() for outcome in counter}
    expect(repeated == {"unchanged"}, "importing again changes nothing")
    expect(len(await world.portal.mails()) == before, "the import mailed nobody")

    clinical = world.staff["clinical"]
    pending = await clinical.get(world.of_practice("pending-results?page_size=200"))
    expect(len(pending["results"]) >= 1, "imported results wait for approval")
    found = await world.staff["front_desk"].post(world.of_practice("patients/find"), {"name": PRIMARY.family})
    expect(len(found["patients"]) == 1, "the front desk finds the imported patient")
    world.patients[PRIMARY.family] = Patient(
        found["patients"][0]["patient_id"], PRIMARY.family, PRIMARY.birth_date, "ives@mail.example"
    )


async def a_consent_becomes_an_invitation(world: World) -> None:
    """3. ConsentSigned → InvitationIssued → a mail with a one-time link, and no health information."""
    patient, desk = world.patient(PRIMARY.family), world.staff["front_desk"]
    contact = {"person_id": patient.patient_id, "contact": {"email": patient.email, "language": "en"}}
    await desk.post(patient.path("contacts"), contact)
    patient.consent_id = await journey.sign_consent(desk, world.practice_id, patient.patient_id)
    world.notes["link"] = await world.portal.link_mailed_to(patient.email, "invitation")
    (mail,) = await world.portal.mails(patient.email)
    expect(PRACTICE in mail["subject"] + mail["text"], "the mail names the practice")
    expect(
        not re.search(rf"{patient.family}|result|Okafor|Santos", mail["subject"] + mail["text"], re.I),
        "the mail names no patient, provider or result",
    )


async def a_patient_gets_in(world: World) -> None:
    """4. Opening the link consumes nothing; a wrong birth date is refused; the right one opens one account."""
    patient, link = world.patient(PRIMARY.family), world.notes["link"]
    for _ in range(2):
        page = await world.portal.http.get(link.removeprefix(world.portal.base_url))
        expect(page.status_code == 200, "a scanner's GET of the link shows the form and consumes nothing")
    try:
        await journey.enrol(world.portal, link, date(1901, 1, 1), "ives.testerson", password())
        expect(False, "a wrong birth date is refused")
    except Answer as answer:
        expect(answer.status < 500, "a wrong birth date is refused without a failure")
    patient.person = await journey.enrol(world.portal, link, patient.birth_date, "ives.testerson", password())
    await journey.reach(patient.account, patient.patient_id, "results")
    try:
        await journey.enrol(world.portal, link, patient.birth_date, "ives.again", password())
        expect(False, "a used link opens nothing")
    except Answer as answer:
        expect(answer.status < 500, "a used link is refused")
    results = await patient.account.get(patient.path("results"))
    expect(results["results"] == [], "no result is visible before its release")
    medications = await patient.account.get(patient.path("record-entries?kind=medication"))
    expect(len(medications["entries"]) > 0, "medications are visible on arrival")


async def both_write(world: World) -> None:
    """5. The patient writes to a provider who takes part; one who does not is refused; the answer arrives."""
    patient, provider = world.patient(PRIMARY.family), world.staff["provider"]
    message = {"subject": "Question", "body": "May I take it with food?"}
    try:
        await patient.account.post(patient.path("conversations"), {**message, "provider_id": world.providers["Alder"]})
        expect(False, "a provider who does not take part cannot be written to")
    except Answer as answer:
        expect(answer.status in {400, 412}, "a forged recipient is refused")
    started = await patient.account.post(
        patient.path("conversations"), {**message, "provider_id": world.providers["Okafor"]}
    )
    conversation = started["conversation_id"]
    queue = world.of_practice("conversations")

    async def waiting() -> bool | None:
        listed = await provider.get(queue)
        return any(one["conversation_id"] == conversation for one in listed["conversations"]) or None

    await eventually("the message in the provider's queue", waiting)
    await provider.post(f"{queue}/{conversation}/messages", {"body": "Yes, with a glass of water."})

    async def answered() -> bool | None:
        inbox = await patient.account.get(patient.path("inbox"))
        return any(one["object_id"] == conversation and one["unread"] for one in inbox["items"]) or None

    await eventually("the answer in the patient's inbox", answered)
    read = await patient.account.get(patient.path(f"conversations/{conversation}"))
    expect([one["sender"] for one in read["messages"]] == ["patient", "staff"], "both messages stand in order")
    await _mailed(world, patient.email, 2)


async def _mailed(world: World, address: str, count: int) -> None:
    async def ask() -> bool | None:
        return len(await world.portal.mails(address)) >= count or None

    await eventually(f"mail number {count} to the patient", ask)


def _practice(world: World) -> UUID:
    return UUID(world.practice_id)

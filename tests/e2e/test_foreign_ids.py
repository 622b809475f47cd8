"""What is another practice's, hidden, of another kind or absent has one answer, byte for byte, and nothing happens."""

import re
from dataclasses import dataclass

import httpx
import pytest
import pytest_asyncio

from operations import journey
from operations.demo.world import Patient
from operations.outside import Person, Portal, eventually
from shared.ids import uuid7
from shared.rpc.client import ApiChannel
from tests.e2e.practices import BIRTH_DATE, House
from tests.e2e.wire import Refusal, refusal, send

pytestmark = pytest.mark.asyncio(loop_scope="session")

GONE: Refusal = (404, "not_found", "")
TRACE = re.compile(rb'"trace_id": ?"[0-9a-f]*"')


@dataclass(frozen=True, slots=True)
class Things:
    """One patient of a practice, with one of each thing that has an id."""

    house: House
    patient: Patient
    result: str
    waiting: str
    conversation: str
    statement: str
    payment: str
    invitation: str

    @property
    def ids(self) -> dict[str, str]:
        return {
            "patient": self.patient.patient_id,
            "result": self.result,
            "waiting": self.waiting,
            "conversation": self.conversation,
            "statement": self.statement,
            "payment": self.payment,
            "invitation": self.invitation,
            "practice": self.house.practice_id,
        }


async def things_of(house: House) -> Things:
    patient = await house.enrolled()
    statement = await house.statement_of(patient)
    started = await patient.account.post(patient.path(f"statements/{statement}/payments"), {"amount_cents": "100"})
    listed = await (await house.staff("front_desk")).get(patient.path("invitations"))
    return Things(
        house=house,
        patient=patient,
        result=await house.result_of(patient),
        waiting=await house.result_of(patient, released=False),
        conversation=await house.conversation_of(patient),
        statement=statement,
        payment=started["payment_id"],
        invitation=listed["invitations"][0]["invitation_id"],
    )


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def mine(house: House) -> Things:
    return await things_of(house)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def theirs(portal: Portal, channels: ApiChannel) -> Things:
    """Of another practice."""
    return await things_of(await House.open(portal, channels))


def plain(response: httpx.Response) -> bytes:
    """The answer without the one thing that may differ."""
    return TRACE.sub(b"", response.content)


OBJECTS = (
    ("GET", "results/{result}", ""),
    ("GET", "results/{result}/pdf", ""),
    ("GET", "conversations/{conversation}", ""),
    ("POST", "conversations/{conversation}/messages", '{"body": "x"}'),
    ("GET", "statements/{statement}", ""),
    ("GET", "statements/{statement}/pdf", ""),
    ("POST", "statements/{statement}/payments", '{"amount_cents": "100"}'),
    ("GET", "payments/{payment}", ""),
)
"""What a patient asks for by the id of an object."""
LISTS = (
    "results", "record-entries", "access-history", "conversations", "inbox", "unread", "recipients", "appointments",
    "refills", "charges", "statements", "balance", "who-can-see",
)  # fmt: skip
"""What a patient asks for by the own id."""


@pytest.mark.parametrize("one", OBJECTS, ids=lambda one: f"{one[0]} {one[1]}")
async def test_r43_foreign_hidden_and_absent_objects_answer_alike(
    portal: Portal, mine: Things, theirs: Things, one: tuple[str, str, str]
) -> None:
    """Of another practice, of another kind, absent, and that of another under one's own patient."""
    method, template, body = one
    token = await mine.patient.account.token()
    absent = {name: str(uuid7()) for name in mine.ids}
    other_kind = dict.fromkeys(mine.ids, mine.patient.patient_id)
    crossed = dict.fromkeys(mine.ids, mine.conversation) | {"conversation": mine.result}
    answers = set()
    for patient_id, ids in (
        (theirs.patient.patient_id, theirs.ids),
        (mine.patient.patient_id, theirs.ids),
        (theirs.patient.patient_id, mine.ids),
        (mine.patient.patient_id, absent),
        (str(uuid7()), absent),
        (mine.patient.patient_id, other_kind),
        (mine.patient.patient_id, crossed),
        (mine.patient.patient_id, mine.ids | {"result": mine.waiting} if "{result}" in template else absent),
    ):
        path = f"/v1/patients/{patient_id}/{template.format(**ids)}"
        response = await send(portal, method, path, token=token, content=body or None)
        answers.add((response.status_code, plain(response)))
        assert refusal(response) == GONE, path
    assert len(answers) == 1
    path = f"/v1/patients/{mine.patient.patient_id}/{template.format(**mine.ids)}"
    assert (await send(portal, method, path, token=token, content=body or None)).is_success, "the right one is there"


@pytest.mark.parametrize("rest", LISTS)
async def test_a_foreign_and_an_absent_patient_answer_alike(
    portal: Portal, mine: Things, theirs: Things, rest: str
) -> None:
    token = await mine.patient.account.token()
    answers = set()
    for patient_id in (theirs.patient.patient_id, str(uuid7()), mine.result, mine.house.practice_id):
        response = await send(portal, "GET", f"/v1/patients/{patient_id}/{rest}", token=token)
        answers.add(plain(response))
        assert refusal(response) == GONE
    assert len(answers) == 1
    assert (await send(portal, "GET", mine.patient.path(rest), token=token)).is_success


@pytest.mark.parametrize("rest", LISTS)
async def test_what_is_no_id_names_its_field(portal: Portal, mine: Things, rest: str) -> None:
    for odd in ("qqqq", "0a20f83000000000000000000000000f", "{" + mine.patient.patient_id + "}", "1' OR '1'='1", "%00"):
        response = await send(portal, "GET", f"/v1/patients/{odd}/{rest}", token=await mine.patient.account.token())
        assert refusal(response, odd) in {(400, "invalid_field", "patient_id"), (400, "invalid_field", "")}, odd


STAFF = (
    ("front_desk", "GET", "/v1/patients/{patient}/registration", ""),
    ("front_desk", "GET", "/v1/patients/{patient}/invitations", ""),
    ("front_desk", "POST", "/v1/patients/{patient}/invitations", '{"person_id": "{patient}"}'),
    ("front_desk", "POST", "/v1/patients/{patient}/consents", '{"form_version": 1, "method": "screen"}'),
    ("front_desk", "POST", "/v1/patients/{patient}/death", "{}"),
    ("provider", "GET", "/v1/patients/{patient}/results/{result}", ""),
    ("provider", "POST", "/v1/patients/{patient}/results/{waiting}/release", "{}"),
    ("provider", "POST", "/v1/patients/{patient}/results/{result}/retract", '{"reason": "x"}'),
    ("provider", "GET", "/v1/practices/{practice}/conversations/{conversation}", ""),
    ("provider", "POST", "/v1/practices/{practice}/conversations/{conversation}/messages", '{"body": "x"}'),
    ("provider", "GET", "/v1/practices/{practice}/pending-results", ""),
    ("billing", "GET", "/v1/patients/{patient}/statements/{statement}", ""),
    ("billing", "GET", "/v1/patients/{patient}/balance", ""),
    ("billing", "POST", "/v1/patients/{patient}/payments/{payment}/refunds", '{"amount_cents": "1", "reason": "x"}'),
    ("billing", "POST", "/v1/patients/{patient}/statements", "{}"),
    ("admin", "GET", "/v1/practices/{practice}/staff", ""),
    ("admin", "GET", "/v1/patients/{patient}/access-history", ""),
    ("admin", "GET", "/v1/practices/{practice}/notifications", ""),
    ("support", "POST", "/v1/practices/{practice}/patients/find", '{"name": "Ives"}'),
)
"""Role, and what it may do at its own practice only."""


@pytest.mark.parametrize("one", STAFF, ids=lambda one: f"{one[0]} {one[1]} {one[2]}")
async def test_staff_of_another_practice_find_nothing(
    portal: Portal, mine: Things, theirs: Things, one: tuple[str, str, str, str]
) -> None:
    role, method, template, body = one
    token = await (await mine.house.staff(role)).token()

    async def ask(ids: dict[str, str]) -> httpx.Response:
        path, content = template, body
        for name, value in ids.items():
            path, content = path.replace(f"{{{name}}}", value), content.replace(f"{{{name}}}", value)
        return await send(portal, method, path, token=token, content=content or None)

    foreign = await ask(theirs.ids)
    absent = await ask({name: str(uuid7()) for name in mine.ids})
    assert refusal(foreign) == GONE
    assert refusal(absent) == GONE
    assert plain(foreign) == plain(absent)


async def test_a_statement_over_another_patients_charge_is_not_posted(portal: Portal, mine: Things) -> None:
    other = await mine.house.enrolled()
    await mine.house.statement_of(other)
    billing = await mine.house.staff("billing")
    charge = {
        "serviced_on": journey.day(BIRTH_DATE),
        "category": "visit",
        "description": "Visit",
        "amount_cents": "700",
    }
    posted = await billing.post(other.path("charges"), charge)
    for charge_id in (posted["charge_id"], str(uuid7())):
        response = await send(
            portal,
            "POST",
            mine.patient.path("statements"),
            token=await billing.token(),
            content=f'{{"charge_ids": ["{charge_id}"]}}',
        )
        assert refusal(response) == GONE
    listed = await billing.get(other.path("charges"), after=posted["position"])
    assert [one["statement_id"] for one in listed["charges"] if one["charge_id"] == posted["charge_id"]] == [""]


async def test_another_practices_provider_cannot_be_written_to(portal: Portal, mine: Things, theirs: Things) -> None:
    """R28, and as if there were no such provider."""
    token = await mine.patient.account.token()
    path = mine.patient.path("conversations")
    answers = set()
    await mine.house.staff("provider")
    await theirs.house.staff("provider")
    for provider_id in (theirs.house.provider_id, str(uuid7()), theirs.patient.patient_id):
        content = f'{{"provider_id": "{provider_id}", "subject": "x", "body": "x"}}'
        response = await send(portal, "POST", path, token=token, content=content)
        status, slug, field = refusal(response, provider_id)
        assert status in {400, 404}
        answers.add((status, slug, field))
    assert len(answers) == 1, answers


WRONG_ROLES = (
    ("front_desk", "GET", "results/{result}"),
    ("front_desk", "POST", "results/{waiting}/release"),
    ("clinical", "POST", "results/{waiting}/release"),
    ("admin", "GET", "results/{result}"),
    ("billing", "GET", "results/{result}"),
    ("support", "GET", "results"),
    ("front_desk", "GET", "statements/{statement}"),
    ("provider", "GET", "balance"),
    ("clinical", "POST", "statements"),
    ("billing", "POST", "consents"),
    ("billing", "POST", "invitations"),
    ("provider", "POST", "contacts"),
    ("provider", "POST", "death"),
    ("clinical", "GET", "access-history"),
    ("front_desk", "GET", "conversations"),
)


@pytest.mark.parametrize(("role", "method", "template"), WRONG_ROLES)
async def test_staff_without_the_role_are_told_so_and_nothing_happens(
    portal: Portal, mine: Things, role: str, method: str, template: str
) -> None:
    person: Person = await mine.house.staff(role)
    path = mine.patient.path(template.format(**mine.ids))
    response = await send(portal, method, path, token=await person.token(), content="{}" if method == "POST" else None)
    assert refusal(response)[:2] in {(403, "not_allowed"), (404, "not_found")}
    if (method, template) != ("GET", "conversations"):
        assert refusal(response)[0] == 403


async def test_what_was_tried_on_foreign_things_left_them_as_they_were(mine: Things, theirs: Things) -> None:
    """Last in this module: the others' result waits, their balance is untouched, nobody died."""
    for one in (mine, theirs):
        provider, desk = await one.house.staff("provider"), await one.house.staff("front_desk")
        waiting = await provider.get(one.patient.path(f"results/{one.waiting}"))
        assert waiting["summary"]["state"] == "waiting"
        released = await provider.get(one.patient.path(f"results/{one.result}"))
        assert released["summary"]["state"] == "released"
        assert (await desk.get(one.patient.path("registration")))["deceased"] is False
        listed = await one.patient.account.get(one.patient.path("statements"))
        assert len(listed["statements"]) == 1
    read = await theirs.patient.account.get(theirs.patient.path(f"conversations/{theirs.conversation}"))
    assert len(read["messages"]) == 1


async def test_an_account_sees_its_own_practices_only(mine: Things, theirs: Things) -> None:
    async def own(person: Person) -> set[str] | None:
        listed = await person.get("/v1/account/access")
        return {one["patient_id"] for one in listed["patients"]} or None

    assert await eventually("access", lambda: own(mine.patient.account)) == {mine.patient.patient_id}
    me = await theirs.patient.account.get("/v1/me")
    assert [one["patient_id"] for one in me["enrolments"]] == [theirs.patient.patient_id]

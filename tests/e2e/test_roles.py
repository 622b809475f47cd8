"""R43: every cell of docs/roles.md through the gateway: one account a column, each RPC once in each.

Commands come without their key: where the policy lets the caller in, the missing key is the answer, and nothing
happens. Where it does not, the policy's refusal comes before the key is looked for.
"""

import re
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest
import pytest_asyncio

from deploy.tables.roles import ROLES, Row, rows
from operations import journey
from operations.demo.world import Patient
from operations.outside import Portal, eventually
from shared.clock import machine_now
from shared.contracts.documents.v1 import peers_pb2 as documents
from shared.contracts.documents.v1.peers_pb2_grpc import DocumentsPeersStub
from shared.ids import uuid7
from shared.rpc.client import ApiChannel
from shared.rpc.metadata import calling
from shared.rpc.policy import ACCOUNT, ANYONE, STAFF
from shared.service import SERVICES
from tests.e2e.practices import House

pytestmark = pytest.mark.asyncio(loop_scope="session")

PUBLIC = [row for service in SERVICES for row in rows(service) if row.path]
PARAMETER = re.compile(r"\{(\w+)[^}]*\}")
SIGNED_OUT, PATIENT, STRANGER = "nobody signed in", "the patient", "another practice's admin"
IN = "let in"
"""Whatever the RPC itself then says."""
NEEDS_KEY = "400 idempotency_key_required"
NO_TOKEN, NOT_ALLOWED, NOT_FOUND = "401 unauthenticated", "403 not_allowed", "404 not_found"
NARROWER = {"GetPracticeConversation"}
"""Not every role that the row names reaches each topic (R4): ``services/messaging/domain/reach.py``."""
UNDECIDED = "503 access_undecided"
LAST = "SignOut"
"""It ends the session with which the others are tried."""


Objects = dict[str, str]
"""Parameter of a path → id of a thing of the practice; what is not here is named by an id that nothing has."""


def expected(row: Row, column: str) -> str:
    """The cell, as the policies' words define it and not as the code applies them."""
    policy = row.policy
    let_in = NEEDS_KEY if policy.writes else IN
    if ANYONE in policy.callers:
        return let_in
    if column == SIGNED_OUT:
        return NO_TOKEN
    if ACCOUNT in policy.callers and (policy.locate is None or column == PATIENT):
        return let_in
    if column in ROLES and STAFF in policy.callers:
        return let_in if column in policy.roles else NOT_ALLOWED
    return NOT_FOUND if policy.locate is not None else NOT_ALLOWED


def differs(row: Row, column: str, said: str, objects: Objects) -> bool:
    """Whether the answer is not what the cell says. What lets in may go on to say anything but the refusals;
    *not found* only where the path names something else that nothing has."""
    wanted = expected(row, column)
    if wanted != IN:
        return said != wanted
    named = set(PARAMETER.findall(row.path)) <= {*objects}
    absent = ANYONE in row.policy.callers or row.policy.locate is None or row.name in NARROWER or not named
    refusals = {NOT_ALLOWED} if ANYONE in row.policy.callers else {NO_TOKEN, NOT_ALLOWED}
    return said in (refusals if absent else refusals | {NOT_FOUND})


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def patient(house: House) -> Patient:
    for role in ROLES:
        await house.staff(role)
    return await house.enrolled()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def objects(house: House, patient: Patient) -> Objects:
    """One of each thing by whose id a policy finds practice and patient."""
    statement_id = await house.statement_of(patient)
    payment = await patient.account.post(patient.path(f"statements/{statement_id}/payments"), {"amount_cents": "100"})
    at = (machine_now() + timedelta(days=9)).strftime("%Y-%m-%dT15:00:00Z")
    appointment = await _in_time(patient, "appointments", {"preferred": [at], "reason": "A question"})
    refill = await _in_time(patient, "refills", {"medication": "Lisinopril", "note": "One month"})
    return {
        "practice_id": house.practice_id,
        "patient_id": patient.patient_id,
        "provider_id": house.provider_id,
        "statement_id": statement_id,
        "payment_id": payment["payment_id"],
        "charge_id": await _charge_of(house, patient),
        "scan_id": await journey.scan(await house.staff("front_desk"), patient.patient_id, "A paper"),
        "entry_id": await _entry_of(house, patient),
        "result_id": await house.result_of(patient),
        "document_id": await _document_of(house, patient),
        "conversation_id": await house.conversation_of(patient),
        "appointment_id": appointment["appointment_id"],
        "refill_id": refill["refill_id"],
    }


async def _charge_of(house: House, patient: Patient) -> str:
    found = await (await house.staff("billing")).get(patient.path("charges"))
    return str(found["charges"][0]["charge_id"])


async def _entry_of(house: House, patient: Patient) -> str:
    """A medication that came by import."""
    request = documents.ImportRecordEntryRequest(
        practice_id=house.practice_id,
        patient_id=patient.patient_id,
        resource_id=str(uuid7()),
        kind="medication",
        title="Lisinopril 10 MG",
        status="active",
    )
    with calling(idempotency_key=str(uuid7())):
        imported = await DocumentsPeersStub(house.channels.channel("documents")).ImportRecordEntry(request)
    entry_id = str(imported.id)
    provider = await house.staff("provider")

    async def listed() -> bool | None:
        found = await provider.get(patient.path("record-entries"))
        return any(one["entry_id"] == entry_id for one in found.get("entries", [])) or None

    await eventually("the entry in the record", listed)
    return entry_id


async def _in_time(patient: Patient, things: str, body: dict[str, Any]) -> dict[str, Any]:
    """What the patient asks for, once it is in the list."""
    key = str(uuid7())

    async def ask() -> dict[str, Any] | None:
        return await journey.if_found(patient.account.post(patient.path(things), body, key=key))

    asked = await eventually(things, ask)
    await patient.account.get(patient.path(things), after=asked["position"])
    return asked


async def _document_of(house: House, patient: Patient) -> str:
    """A released document."""
    provider = await house.staff("provider")
    headers = {
        "authorization": f"Bearer {await provider.token()}",
        "idempotency-key": str(uuid7()),
        "content-type": "text/plain",
    }
    sent = await provider.portal.http.post(
        patient.path("documents?title=Letter&kind=letter"), content=b"Rest.", headers=headers
    )
    uploaded: dict[str, str] = sent.raise_for_status().json()
    release = patient.path(f"documents/{uploaded['document_id']}/release")
    released = await provider.post(release, after=uploaded["position"])
    await provider.get(patient.path("documents"), after=released["position"])
    return uploaded["document_id"]


async def decided(portal: Portal, row: Row, objects: Objects, token: Callable[[], Awaitable[str]]) -> str:
    """The answer, once it is one: on a busy machine a lease may be late, and what nobody decides is a 503."""

    async def ask() -> str | None:
        said = await answer(portal, row, objects, await token())
        return None if said == UNDECIDED else said

    return await eventually(f"an answer of {row.name}", ask)


async def answer(portal: Portal, row: Row, objects: Objects, token: str) -> str:
    """Status and slug of one call with an empty body; '200' for what lets in."""
    path = PARAMETER.sub(lambda match: objects.get(match[1], str(uuid7())), row.path)
    headers = {"authorization": f"Bearer {token}"} if token else {}
    body = None if row.verb == "GET" else b"{}"
    if body is not None:
        headers["content-type"] = "application/json"
    async with portal.http.stream(row.verb, path, headers=headers, content=body) as response:
        if response.is_success:
            return str(response.status_code)  # a stream of answers would not end
        await response.aread()
        return f"{response.status_code} {slug(response)}"


def slug(response: httpx.Response) -> str:
    details = response.json()["details"]
    return str(next(one["reason"] for one in details if one["@type"].endswith("ErrorInfo")))


async def wrong_cells(portal: Portal, objects: Objects, column: str, token: Callable[[], Awaitable[str]]) -> str:
    """One line for each cell that is not as the table says; '' where all are."""
    wrong = []
    for row in sorted(PUBLIC, key=lambda row: row.name == LAST):
        said = await decided(portal, row, objects, token)
        if differs(row, column, said, objects):
            wrong.append(f"{row.service}.{row.name} for {column}: expected {expected(row, column)}, found {said}")
    return "\n".join(wrong)


async def test_r43_nobody_signed_in_reaches_only_what_needs_no_token(portal: Portal, objects: Objects) -> None:
    async def none() -> str:
        return ""

    assert await wrong_cells(portal, objects, SIGNED_OUT, none) == ""


@pytest.mark.parametrize("role", ROLES)
async def test_r43_each_role_reaches_its_cells_and_no_other(
    portal: Portal, house: House, objects: Objects, role: str
) -> None:
    member = await house.staff(role)
    assert await wrong_cells(portal, objects, role, member.token) == ""


async def test_r43_a_patient_reaches_the_own_record_and_nothing_of_staffs(
    portal: Portal, patient: Patient, objects: Objects
) -> None:
    assert await wrong_cells(portal, objects, PATIENT, patient.account.token) == ""


async def test_r43_for_another_practices_admin_nothing_here_exists(
    portal: Portal, channels: ApiChannel, objects: Objects
) -> None:
    theirs = await House.open(portal, channels)
    assert await wrong_cells(portal, objects, STRANGER, theirs.admin.token) == ""


async def test_r43_peers_rpcs_have_no_route_from_outside(portal: Portal, house: House, objects: Objects) -> None:
    """Whatever the gateway does with such a path, it is a page of web's that refuses, and no service that answers."""
    headers = {"content-type": "application/grpc", "authorization": f"Bearer {await house.admin.token()}"}
    for row in (row for service in SERVICES for row in rows(service) if not row.path):
        path = f"/portal.{row.service}.v1.{row.service.title()}Peers/{row.name}"
        said = await portal.http.post(path, headers=headers, content=b"\0\0\0\0\0")
        assert said.status_code in {403, 404, 405}, row.name
        assert "grpc-status" not in said.headers

"""Bad input at the gateway: each has one answer, of one shape, that repeats nothing, and nothing is half done."""

import json
from typing import Any

import httpx
import pytest
import pytest_asyncio

from operations import journey
from operations.demo.world import Patient
from operations.outside import Portal
from operations.stack import Stack
from shared.ids import uuid7
from tests.e2e.practices import BIRTH_DATE, House, unique
from tests.e2e.wire import refusal, send

pytestmark = pytest.mark.asyncio(loop_scope="session")

MARK = "zq7Vx9canary"
"""Sent in places that are refused; no answer may repeat it."""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def patient(house: House) -> Patient:
    return await house.enrolled()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def token(patient: Patient) -> str:
    return await patient.account.token()


async def subjects(patient: Patient, after: str = "") -> list[str]:
    """The subjects of the patient's conversations: what got through."""
    listed = await patient.account.get(patient.path("conversations?page_size=200"), after=after)
    return [one["subject"] for one in listed["conversations"]]


def message(**changed: object) -> dict[str, Any]:
    return {"topic": "portal", "subject": "Subject", "body": "Body", **changed}


@pytest.mark.parametrize("query", [f"?{MARK}=1", "?page_size=5&sort=up", "?conversations[0].subject=x", "?PAGE_SIZE=5"])
async def test_an_unknown_query_parameter_is_refused(portal: Portal, patient: Patient, token: str, query: str) -> None:
    response = await send(portal, "GET", patient.path(f"conversations{query}"), token=token)
    assert refusal(response, MARK) == (400, "invalid_field", "")


async def test_a_known_query_parameter_is_taken(portal: Portal, patient: Patient, token: str) -> None:
    response = await send(portal, "GET", patient.path("conversations?page_size=5"), token=token)
    assert response.status_code == 200


async def test_an_unknown_field_of_a_body_is_dropped_without_effect(portal: Portal, patient: Patient) -> None:
    subject = unique("unknown")
    forged = {
        "conversation_id": str(uuid7()),
        "sender": "staff",
        "actor": {"roles": ["admin"]},
        "message": {"origin": "import"},
        MARK: [1, {"a": None}],
    }
    started = await patient.account.post(patient.path("conversations"), message(subject=subject, **forged))
    assert started["conversation_id"] != forged["conversation_id"]
    path = patient.path(f"conversations/{started['conversation_id']}")
    read = await patient.account.get(path, after=started["position"])
    assert [one["sender"] for one in read["messages"]] == ["patient"]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b'"text"',
        b"null",
        b'{"topic": "portal", "subject": ["x"], "body": "y"}',
        b'{"topic": "portal", "subject": {"x": 1}, "body": "y"}',
        b'{"topic": "portal", "subject": 1, "body": true}',
        b'{"topic": "portal", "subject": "' + MARK.encode() + b'"',
        b'{"topic": "portal", "subject": "\xff\xfe", "body": "y"}',
        b'{"topic": "portal", "subject": "a\\u0000b", "body": "y"}',
        b'{"topic": "portal", "subject": "\\ud800", "body": "y"}',
        b"{'topic': 'portal'}",
        b"[" * 5000 + b"]" * 5000,
        b'{"a":' * 5000 + b"1" + b"}" * 5000,
        b"\x08\x01\x12\x03abc",
    ],
    ids=lambda content: repr(content[:24]),
)
async def test_what_is_not_the_expected_json_is_refused(
    portal: Portal, patient: Patient, token: str, content: bytes
) -> None:
    before = await subjects(patient)
    response = await send(portal, "POST", patient.path("conversations"), token=token, content=content)
    status, slug, _ = refusal(response, MARK)
    assert (status, slug) == (400, "invalid_field")
    assert await subjects(patient) == before


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"subject": ""}, "subject"),
        ({"subject": "   "}, "subject"),
        ({"subject": MARK * 200}, "subject"),
        ({"body": MARK * 1000}, "body"),
        ({"body": ""}, "body"),
        ({"topic": MARK}, "topic"),
        ({"topic": ""}, "topic"),
        ({"topic": "", "provider_id": MARK}, "provider_id"),
        ({"topic": "", "provider_id": "1"}, "provider_id"),
    ],
)
async def test_a_value_of_another_form_names_its_field_and_no_value(
    portal: Portal, patient: Patient, token: str, fields: dict[str, object], named: str
) -> None:
    content = json.dumps(message(**fields))
    response = await send(portal, "POST", patient.path("conversations"), token=token, content=content)
    status, slug, field = refusal(response, MARK)
    assert (status, slug) == (400, "invalid_field")
    assert named in field


@pytest.mark.parametrize(
    ("amount", "answer"),
    [
        ("0", (400, "invalid_field", "amount_cents")),
        ("-1", (400, "invalid_field", "amount_cents")),
        ("9223372036854775807", (400, "invalid_field", "amount_cents")),
        ("9223372036854775808", (400, "invalid_field", "")),
        ("1e30", (400, "invalid_field", "")),
        ("12.5", (400, "invalid_field", "")),
        ("NaN", (400, "invalid_field", "")),
        ("", (400, "invalid_field", "")),
    ],
)
async def test_an_amount_that_is_none_is_refused(
    portal: Portal, house: House, patient: Patient, amount: str, answer: tuple[int, str, str]
) -> None:
    billing = await house.staff("billing")
    charge = {"serviced_on": journey.day(BIRTH_DATE), "category": "visit", "description": "x", "amount_cents": amount}
    path = patient.path("charges")
    response = await send(portal, "POST", path, token=await billing.token(), content=json.dumps(charge))
    assert refusal(response)[:2] == answer[:2]
    assert (await billing.get(patient.path("charges")))["charges"] == []


@pytest.mark.parametrize("born", [{"year": 2001, "month": 2, "day": 29}, {"year": 0}, {"month": 13}, {"year": -1}, {}])
async def test_a_date_that_is_none_is_refused(portal: Portal, house: House, born: dict[str, int]) -> None:
    desk = await house.staff("front_desk")
    body = {"name": {"given": "A", "family": unique("Nodate")}, "birth_date": born, "contact": {}}
    response = await send(portal, "POST", house.of("patients"), token=await desk.token(), content=json.dumps(body))
    assert refusal(response) == (400, "invalid_field", "birth_date")


async def test_the_last_of_two_equal_keys_counts_and_is_held_against_the_path(
    portal: Portal, patient: Patient, token: str
) -> None:
    """JSON leaves the meaning open and Envoy takes the last one: so access is decided on what was taken."""
    other = str(uuid7())
    subject = unique("twice")
    twice = f'{{"subject": "first", "subject": "{subject}", "topic": "portal", "body": "x"}}'
    response = await send(portal, "POST", patient.path("conversations"), token=token, content=twice)
    assert subject in await subjects(patient, after=response.json()["position"])
    content = f'{{"patient_id": "{other}", "topic": "portal", "subject": "x", "body": "x"}}'
    response = await send(portal, "POST", patient.path("conversations"), token=token, content=content)
    assert refusal(response)[0] in {400, 404}


async def test_a_body_above_the_limit_is_refused(portal: Portal, patient: Patient, token: str) -> None:
    content = json.dumps(message(subject=MARK, filler="x" * 1_100_000))
    response = await send(portal, "POST", patient.path("conversations"), token=token, content=content)
    assert refusal(response, MARK) == (413, "too_large", "")
    assert MARK not in await subjects(patient)


async def test_a_header_above_the_limit_is_refused(portal: Portal, patient: Patient, token: str) -> None:
    """The path is not known yet when a header is refused, so the answer is not the API's: it says nothing at all."""
    headers = {"portal-after": MARK * 4_000}
    response = await send(portal, "GET", patient.path("conversations"), token=token, headers=headers)
    assert response.status_code == 431
    assert MARK not in response.text


@pytest.mark.parametrize("content_type", ["application/x-www-form-urlencoded", "text/plain", "application/xml", ""])
async def test_another_content_type_changes_nothing(
    portal: Portal, patient: Patient, token: str, content_type: str
) -> None:
    """A form of a foreign page cannot send JSON, and has no token; what is JSON is JSON whatever it is called."""
    before = await subjects(patient)
    response = await send(
        portal,
        "POST",
        patient.path("conversations"),
        token=token,
        content="topic=portal&subject=x&body=y",
        headers={"content-type": content_type},
    )
    assert refusal(response)[:2] == (400, "invalid_field")
    assert await subjects(patient) == before


@pytest.mark.parametrize(
    "content_type", ["application/grpc", "application/grpc+proto", "application/grpc-web", "application/grpc-web-text"]
)
async def test_raw_grpc_reaches_no_routed_service(
    portal: Portal, patient: Patient, token: str, content_type: str
) -> None:
    headers = {"content-type": content_type, "te": "trailers"}
    for path in (
        patient.path("conversations"),
        "/portal.identity.v1.IdentityApi/ListPractices",
        "/portal.identity.v1.IdentityPeers/ErasePatient",
        "/portal.identity.v1.IdentityPeers/OpenPractice",
        "/portal.consent.v1.ConsentPeers/Decide",
        "/portal.billing.v1.BillingPeers/ImportCharge",
        "/grpc.health.v1.Health/Check",
        "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
    ):
        response = await send(portal, "POST", path, token=token, content=b"\0\0\0\0\0", headers=headers)
        assert response.headers.get("grpc-status") != "0"
        assert "application/grpc" not in response.headers.get("content-type", "") or (
            response.headers["grpc-status"] in {"5", "12"}
        ), path


@pytest.mark.parametrize("service", ["identity", "consent", "messaging", "documents", "billing"])
async def test_the_peer_services_have_no_path_at_the_gateway(portal: Portal, token: str, service: str) -> None:
    for path in (
        f"/portal.{service}.v1.{service.capitalize()}Peers/Anything",
        f"/v1/portal.{service}.v1.{service.capitalize()}Peers/Anything",
        f"/portal.{service}.v1.{service.capitalize()}Api/Anything",
    ):
        response = await send(portal, "POST", path, token=token, content="{}")
        assert response.status_code in {403, 404, 405}, path


@pytest.mark.parametrize(
    "path",
    [
        "/v1/patients/{id}%2Fconversations",
        "/v1/patients/x%2f..%2f{id}/conversations",
        "/v1/patients/{id}%5Cconversations",
        "/v1%2Fpatients/{id}/conversations",
    ],
)
async def test_an_escaped_slash_is_refused(portal: Portal, patient: Patient, token: str, path: str) -> None:
    response = await send(portal, "GET", path.replace("{id}", patient.patient_id), token=token)
    assert refusal(response) == (400, "invalid_field", "")


async def test_dots_and_double_slashes_are_made_plain_before_anything_decides(
    portal_stack: Stack, portal: Portal, patient: Patient, token: str
) -> None:
    plain = await send(portal, "GET", patient.path("conversations"), token=token)
    for path in (
        f"/v1/practices/../patients/{patient.patient_id}/conversations",
        f"/v1//patients/{patient.patient_id}/conversations",
        f"/v1/patients/./{patient.patient_id}/conversations",
    ):
        url = httpx.URL(portal_stack.public_url).copy_with(raw_path=path.encode())
        response = await portal.http.get(url, headers={"authorization": f"Bearer {token}"})
        assert (response.status_code, response.content) == (plain.status_code, plain.content), path


@pytest.mark.parametrize("name", ["patient_id", "patientId"])
async def test_a_query_cannot_name_another_patient_than_the_path(
    portal: Portal, house: House, patient: Patient, token: str, name: str
) -> None:
    """Envoy's transcoder would let the query win: such a request has no route."""
    other = await house.enrolled()
    theirs = await house.conversation_of(other)
    for path in (
        patient.path(f"conversations?{name}={other.patient_id}"),
        patient.path(f"conversations/{theirs}?{name}={other.patient_id}"),
        other.path(f"conversations/{theirs}?{name}={patient.patient_id}"),
        other.path(f"conversations?{name}={patient.patient_id}"),
        patient.path(f"conversations?{name}={patient.patient_id}"),
        patient.path(f"conversations?{name.replace('_', '%5F').replace('I', '%49')}={other.patient_id}"),
    ):
        assert refusal(await send(portal, "GET", path, token=token)) == (404, "not_found", ""), path
    before = await subjects(other)
    path = other.path(f"conversations?{name}={patient.patient_id}")
    response = await send(portal, "POST", path, token=token, content=json.dumps(message(subject=unique("crossed"))))
    assert refusal(response) == (404, "not_found", "")
    assert await subjects(other) == before


@pytest.mark.parametrize("header", ["idempotency_key", "portal_after", "x_forwarded_for", "x_jwt_payload"])
async def test_a_header_with_an_underscore_is_refused(
    portal: Portal, patient: Patient, token: str, header: str
) -> None:
    response = await send(portal, "GET", patient.path("conversations"), token=token, headers={header: MARK})
    assert response.status_code == 400
    assert MARK not in response.text


@pytest.mark.parametrize(
    "forged",
    [
        {"x-jwt-payload": "eyJzdWIiOiJ4In0"},
        {"x-forwarded-for": "203.0.113.9"},
        {"portal-client-address": "203.0.113.9"},
        {"x-forwarded-client-cert": "DNS=web"},
        {"portal-account": "x", "x-user-id": "x", "x-roles": "admin", "portal-principal": "web"},
        {"portal-cause": "identity:1"},
        {"x-http-method-override": "DELETE", "x-original-url": "/v1/me", "x-rewrite-url": "/v1/me"},
    ],
    ids=lambda forged: next(iter(forged)),
)
async def test_what_a_client_says_of_who_it_is_changes_nothing(
    portal: Portal, patient: Patient, token: str, forged: dict[str, str]
) -> None:
    path = patient.path("conversations")
    honest = await send(portal, "GET", path, token=token)
    response = await send(portal, "GET", path, token=token, headers=forged)
    assert (response.status_code, response.content) == (honest.status_code, honest.content)
    nobody = await send(portal, "GET", path, headers=forged)
    assert refusal(nobody) == (401, "unauthenticated", "")


async def test_a_forged_address_does_not_loosen_the_throttle(portal: Portal, house: House) -> None:
    """Ten wrong answers a name and day, from wherever the client claims to be."""
    name = unique("nobody")
    slugs = []
    for number in range(12):
        forged = {"x-forwarded-for": f"203.0.113.{number}", "portal-client-address": f"203.0.113.{number}"}
        content = json.dumps({"user_name": name, "password": "wrong wrong wrong"})
        slugs.append(refusal(await send(portal, "POST", "/v1/sign-in", content=content, headers=forged))[1])
    assert slugs == ["wrong_credentials"] * 10 + ["throttled"] * 2


async def test_a_token_in_the_query_or_a_cookie_is_no_token(portal: Portal, patient: Patient, token: str) -> None:
    path = patient.path("conversations")
    response = await send(portal, "GET", f"{path}?access_token={token}")
    assert refusal(response, token)[0] in {400, 401}
    response = await send(portal, "GET", path, headers={"cookie": f"access_token={token}; __Host-portal={token}"})
    assert refusal(response, token) == (401, "unauthenticated", "")


@pytest.mark.parametrize(
    ("method", "rest"), [("DELETE", "conversations"), ("PUT", "conversations"), ("PATCH", "inbox"), ("POST", "inbox")]
)
async def test_another_method_finds_nothing(
    portal: Portal, patient: Patient, token: str, method: str, rest: str
) -> None:
    response = await send(portal, method, patient.path(rest), token=token, content="{}")
    assert refusal(response) == (404, "not_found", "")


@pytest.mark.parametrize("position", ["x", "messaging:", "messaging:-1", "messaging:99999999999999999999", MARK])
async def test_a_position_that_no_answer_gave_is_refused(
    portal: Portal, patient: Patient, token: str, position: str
) -> None:
    response = await send(portal, "GET", patient.path("conversations"), token=token, headers={"portal-after": position})
    status, slug, _ = refusal(response, MARK)
    assert (status, slug) in {(400, "invalid_field"), (503, "read_model_behind")}


@pytest.mark.parametrize("size", ["-1", "201", "x", "99999999999"])
async def test_a_page_size_beyond_the_limit_is_refused(portal: Portal, patient: Patient, token: str, size: str) -> None:
    response = await send(portal, "GET", patient.path(f"conversations?page_size={size}"), token=token)
    assert refusal(response)[:2] == (400, "invalid_field")


async def test_a_page_token_serves_its_caller_and_query_only(
    portal: Portal, house: House, patient: Patient, token: str
) -> None:
    for _ in range(2):
        await house.conversation_of(patient)
    listed = await patient.account.get(patient.path("conversations?page_size=1"))
    page = listed["next_page_token"]
    assert page
    other = await house.enrolled()
    for path, who in (
        (patient.path(f"inbox?page_token={page}"), token),
        (patient.path(f"conversations?page_token={'B' if page[0] == 'A' else 'A'}{page[1:]}"), token),
        (patient.path(f"conversations?page_token={MARK}"), token),
        (other.path(f"conversations?page_token={page}"), await other.account.token()),
    ):
        response = await send(portal, "GET", path, token=who)
        assert refusal(response, MARK, page) == (400, "invalid_field", "page_token")

"""The gateway: what it lets through to which service, what it takes away, and what it answers by itself."""

import asyncio
import stat
import subprocess
from collections.abc import AsyncIterator, Iterator
from ipaddress import ip_address
from pathlib import Path
from tempfile import TemporaryDirectory

import grpc
import httpx
import pytest
from google.api import httpbody_pb2
from google.protobuf import any_pb2
from google.rpc import code_pb2, error_details_pb2, status_pb2
from grpc_status import rpc_status

from deploy.envoy.configuration import JSON_BYTES
from deploy.envoy.configuration import command as envoy_command
from shared.contracts.billing.v1 import api_pb2 as billing
from shared.contracts.identity.v1 import api_pb2 as identity
from tests.integration.deploy.gateway import Edge, edge
from tests.waiting import until

PRACTICE = "018f3c5e-0000-7000-8000-000000000001"


@pytest.fixture
def folder() -> Iterator[Path]:
    with TemporaryDirectory(prefix="portal-edge-") as name:  # short: a socket's path has at most 107 bytes
        yield Path(name)


@pytest.fixture
async def gateway(folder: Path) -> AsyncIterator[Edge]:
    async with edge(folder) as running:
        running.peers.answers["ListPractices"] = lambda _: identity.ListPracticesResponse()
        running.peers.answers["GetPractice"] = lambda _: identity.GetPracticeResponse(
            practice=identity.Practice(practice_id=PRACTICE)
        )
        running.peers.answers["SetUpPractice"] = lambda _: identity.SetUpPracticeResponse(position="identity:7")
        running.peers.reached.clear()
        yield running


@pytest.fixture
async def client(gateway: Edge) -> AsyncIterator[httpx.AsyncClient]:
    async with gateway.client() as client:
        yield client


def reason(response: httpx.Response) -> tuple[int, str]:
    """Status and slug of an error in the API's shape; fails on any other shape."""
    [info] = [d for d in response.json()["details"] if d["@type"] == "type.googleapis.com/google.rpc.ErrorInfo"]
    assert info["domain"] == "portal"
    assert set(response.json()) == {"code", "message", "details"}
    return response.status_code, info["reason"]


def test_the_configuration_is_valid_with_and_without_telemetry(folder: Path) -> None:
    async def validate() -> None:
        async with edge(folder) as running:
            settings = running.configuration
        for endpoint in ("", "http://127.0.0.1:4317"):
            object.__setattr__(settings, "otlp_endpoint", endpoint)
            (folder / "candidate.yaml").write_text(settings.render())
            command = [*envoy_command(folder / "candidate.yaml"), "--mode", "validate"]
            result = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: ASYNC221, S603
            assert result.returncode == 0, result.stderr

    asyncio.run(validate())


async def test_json_becomes_grpc_at_the_right_service_and_comes_back(gateway: Edge, client: httpx.AsyncClient) -> None:
    response = await client.get(f"/v1/practices/{PRACTICE}")
    assert response.status_code == 200
    assert response.json()["practice"]["practice_id"] == PRACTICE
    [call] = gateway.peers.reached
    assert call.method == "/portal.identity.v1.IdentityApi/GetPractice"
    assert identity.GetPracticeRequest.FromString(call.request).practice_id == PRACTICE


async def test_the_headers_of_the_api_reach_the_service(gateway: Edge, client: httpx.AsyncClient) -> None:
    sent = {
        "idempotency-key": "k1",
        "portal-after": "identity:4",
        "authorization": f"Bearer {gateway.token()}",
        "stripe-signature": "t=1,v1=a",
    }
    response = await client.put(f"/v1/practices/{PRACTICE}", json={"name": "Elm Street"}, headers=sent)
    assert response.json()["position"] == "identity:7"
    [call] = gateway.peers.reached
    assert {name: call.header(name) for name in sent} == {name: [value] for name, value in sent.items()}


async def test_what_clients_say_of_themselves_is_dropped(gateway: Edge, client: httpx.AsyncClient) -> None:
    forged = [
        ("x-forwarded-for", "203.0.113.9"),
        ("x-forwarded-for", "203.0.113.10"),
        ("x-forwarded-client-cert", "DNS=web"),
        ("portal-client-address", "203.0.113.9"),
        ("portal-cause", "x"),
        ("baggage", "a=b"),
        ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
        ("grpc-timeout", "1n"),
    ]
    assert (await client.get("/v1/practices", headers=forged)).status_code == 200
    [call] = gateway.peers.reached
    [address] = call.header("x-forwarded-for")
    assert ip_address(str(address)), "the one that Envoy saw (of a loopback client: this machine's own)"
    assert str(address) not in {"203.0.113.9", "203.0.113.10"}
    for name in ("x-forwarded-client-cert", "portal-client-address", "portal-cause", "baggage", "grpc-timeout"):
        assert call.header(name) == []


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": 1_000_000_000},
        {"iss": "https://elsewhere"},
        {"aud": "other"},
        {"nbf": 3_900_000_000},
    ],
)
async def test_a_token_that_is_wrong_is_refused_here(gateway: Edge, client: httpx.AsyncClient, claims: object) -> None:
    assert isinstance(claims, dict)
    headers = {"authorization": f"Bearer {gateway.token(**claims)}"}
    assert reason(await client.get("/v1/practices", headers=headers)) == (401, "unauthenticated")
    headers = {"authorization": f"Bearer {gateway.token()[:-3]}abc"}
    assert reason(await client.get("/v1/practices", headers=headers)) == (401, "unauthenticated")
    assert gateway.peers.reached == []


async def test_a_token_in_the_address_is_not_a_token(gateway: Edge, client: httpx.AsyncClient) -> None:
    response = await client.get(f"/v1/practices?access_token={gateway.token()}")
    assert reason(response) == (400, "invalid_field")
    assert gateway.peers.reached == []


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", "/v1/nowhere", (404, "not_found")),
        ("DELETE", f"/v1/practices/{PRACTICE}", (404, "not_found")),
        ("GET", f"/v1/practices/{PRACTICE}?nonsense=1", (400, "invalid_field")),
        ("GET", "/v1/practices/a%2Fb", (400, "invalid_field")),
        ("GET", "/v1/%2e%2e/practices", (404, "not_found")),
    ],
)
async def test_requests_that_no_contract_knows_go_nowhere(
    gateway: Edge, client: httpx.AsyncClient, method: str, path: str, expected: tuple[int, str]
) -> None:
    response = await client.request(method, path)
    if path.startswith("/v1/%2e"):
        assert response.text.startswith("web: GET /practices"), "made plain, it is a page's address"
    elif "%2F" in path:
        assert response.status_code == 400
    else:
        assert reason(response) == expected
    assert gateway.peers.reached == []


async def test_a_body_that_is_no_json_is_answered_without_the_parsers_text(
    gateway: Edge, client: httpx.AsyncClient
) -> None:
    response = await client.put(f"/v1/practices/{PRACTICE}", content=b'{"name": "canary-7731", broken')
    assert reason(response) == (400, "invalid_field")
    assert "canary" not in response.text
    assert gateway.peers.reached == []


async def test_a_body_that_is_too_large_is_refused(gateway: Edge, client: httpx.AsyncClient) -> None:
    response = await client.put(f"/v1/practices/{PRACTICE}", json={"name": "a" * (JSON_BYTES + 1)})
    assert reason(response) == (413, "too_large")
    assert gateway.peers.reached == []


@pytest.mark.parametrize("path", ["/v1/practices", "/portal.identity.v1.IdentityPeers/SessionHead"])
async def test_raw_grpc_reaches_no_service(gateway: Edge, client: httpx.AsyncClient, path: str) -> None:
    response = await client.post(path, content=b"\0\0\0\0\0", headers={"content-type": "application/grpc"})
    assert response.status_code in {200, 404}, "web's page, or nothing"
    assert gateway.peers.reached == []


async def test_headers_with_underscores_are_refused(gateway: Edge, client: httpx.AsyncClient) -> None:
    assert (await client.get("/v1/practices", headers={"portal_cause": "x"})).status_code == 400
    assert gateway.peers.reached == []


async def test_a_services_error_keeps_its_reason_and_fields(gateway: Edge, client: httpx.AsyncClient) -> None:
    info, violation = any_pb2.Any(), any_pb2.Any()
    info.Pack(error_details_pb2.ErrorInfo(reason="invalid_field", domain="portal"))
    field = error_details_pb2.BadRequest.FieldViolation(field="birth_date", description="expected a date")
    violation.Pack(error_details_pb2.BadRequest(field_violations=[field]))
    status = status_pb2.Status(code=code_pb2.INVALID_ARGUMENT, message="expected", details=[info, violation])

    async def refuse(context: "grpc.aio.ServicerContext[bytes, bytes]") -> None:
        await context.abort_with_status(rpc_status.to_status(status))  # type: ignore[attr-defined]  # missing in the stubs

    gateway.peers.answers["ListPractices"] = refuse  # type: ignore[assignment]  # it only raises
    response = await client.get("/v1/practices")
    assert reason(response) == (400, "invalid_field")
    assert response.json()["details"][1]["field_violations"][0]["field"] == "birth_date"


async def test_a_service_that_is_away_is_said_to_be_unavailable(gateway: Edge, client: httpx.AsyncClient) -> None:
    await gateway.stop_services()
    response = await client.get("/v1/practices")
    assert reason(response) == (503, "unavailable")
    assert "connect" not in response.text


async def test_a_download_keeps_its_type_and_bytes(gateway: Edge, client: httpx.AsyncClient) -> None:
    data = bytes(range(256)) * 4096
    gateway.peers.answers["DownloadResult"] = lambda _: httpbody_pb2.HttpBody(content_type="application/pdf", data=data)
    response = await client.get(f"/v1/patients/{PRACTICE}/results/{PRACTICE}/pdf")
    assert response.headers["content-type"] == "application/pdf"
    assert response.content == data


async def test_a_webhooks_bytes_arrive_as_they_were_signed(gateway: Edge, client: httpx.AsyncClient) -> None:
    gateway.peers.answers["ReceiveProcessorEvent"] = lambda _: billing.ReceiveProcessorEventResponse()
    body = b'{ "id":"evt_1",\n "type" : "x" }'
    headers = {"stripe-signature": "t=1,v1=ab", "content-type": "application/json"}
    assert (await client.post("/v1/processor-events", content=body, headers=headers)).status_code == 200
    [call] = gateway.peers.reached
    assert httpbody_pb2.HttpBody.FromString(call.request).data == body
    assert call.header("stripe-signature") == ["t=1,v1=ab"]


async def test_a_raw_body_may_be_larger_than_json(gateway: Edge, client: httpx.AsyncClient) -> None:
    gateway.peers.answers["ReceiveProcessorEvent"] = lambda _: billing.ReceiveProcessorEventResponse()
    body = b"x" * (3 * JSON_BYTES)
    assert (await client.post("/v1/processor-events", content=body)).status_code == 200
    [call] = gateway.peers.reached
    assert httpbody_pb2.HttpBody.FromString(call.request).data == body


async def test_the_log_names_routes_and_never_paths(gateway: Edge, client: httpx.AsyncClient) -> None:
    await client.get("/v1/practices/canary-4411")
    await client.get("/invitations/canary-4411?s=canary-4411")
    await client.get("/v1/practices?canary-4411=1")
    log = gateway.folder / "envoy.log"
    await until(lambda: "GET /v1/practices/{practice_id}" in log.read_text())
    await until(lambda: log.read_text().count('"route":"web"') >= 2)
    assert "canary-4411" not in log.read_text()


async def test_pages_go_to_web_and_the_loopback_address_is_led_to_the_name(
    gateway: Edge, client: httpx.AsyncClient
) -> None:
    assert (await client.get("/sign-in")).text.startswith("web: GET /sign-in")
    response = await client.get(f"https://127.0.0.1:{gateway.port}/sign-in?next=1")
    assert response.status_code == 308
    assert response.headers["location"] == f"{gateway.origin}/sign-in?next=1"
    stranger = await client.get("/", headers={"host": "evil.example"})
    assert stranger.status_code == 404


async def test_the_administrators_socket_is_private(gateway: Edge) -> None:
    assert stat.S_IMODE(gateway.configuration.admin_socket.stat().st_mode) == 0o600

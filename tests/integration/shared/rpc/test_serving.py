"""Starting and stopping: the tables must go together, health says what is, errors come in one shape."""

from dataclasses import replace
from typing import Any, cast

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_status import rpc_status

from shared.rpc.contract import TablesRefused
from shared.rpc.policy import ACCOUNT, STAFF, Policy
from shared.rpc.server import RpcServer
from tests.integration.shared.rpc import doors
from tests.integration.shared.rpc.conftest import Portal

ALL = doors.POLICIES | doors.PEER_POLICIES


def start_with(policies: dict[str, Policy]) -> RpcServer:
    nothing = cast("Any", None)
    return RpcServer(nothing, nothing, policies, doors.API, doors.PEERS)


def test_an_rpc_without_a_row_stops_the_start() -> None:
    with pytest.raises(TablesRefused, match="GetDoor: expected a row"):
        start_with({name: policy for name, policy in ALL.items() if name != "GetDoor"})


def test_a_row_without_an_rpc_stops_the_start() -> None:
    with pytest.raises(TablesRefused, match="OpenDoor: expected an RPC"):
        start_with(ALL | {"OpenDoor": ALL["GetDoor"]})


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("GetDoor", {"purpose": "marketing"}),
        ("GetDoor", {"callers": frozenset()}),
        ("GetDoor", {"callers": frozenset({"peer"})}),
        ("GetDoor", {"locate": None}),
        ("GetDoor", {"roles": frozenset()}),
        ("GetDoor", {"callers": frozenset({ACCOUNT})}),
        ("GetDoor", {"callers": frozenset({STAFF})}),
        ("GetDoor", {"peers": frozenset({"consent"})}),
        ("GetDoor", {"secrets": frozenset({"pin"})}),
        ("KnockDoor", {"link": "token"}),
        ("CountDoors", {"peers": frozenset()}),
    ],
)
def test_a_row_that_makes_no_sense_stops_the_start(name: str, wrong: dict[str, Any]) -> None:
    with pytest.raises(TablesRefused, match=name):
        start_with(ALL | {name: replace(ALL[name], **wrong)})


async def test_health_is_told_to_any_of_our_certificates_and_says_when_it_stops(portal: Portal) -> None:
    stub: Any = health_pb2_grpc.HealthStub(portal.channel("operations"))
    asked = health_pb2.HealthCheckRequest(service="tests.doors.v1.DoorsApi")
    assert (await stub.Check(asked)).status == health_pb2.HealthCheckResponse.SERVING
    answers = aiter(stub.Watch(asked))
    assert (await anext(answers)).status == health_pb2.HealthCheckResponse.SERVING
    for servicer in portal.server._health:
        await servicer.enter_graceful_shutdown()
    assert (await anext(answers)).status == health_pb2.HealthCheckResponse.NOT_SERVING


async def test_nothing_is_reflected_unless_asked_for(portal: Portal) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await portal.raw("/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", b"")
    assert refused.value.code() is grpc.StatusCode.UNIMPLEMENTED


async def test_an_error_on_the_wire_has_a_reason_a_trace_and_the_fields(portal: Portal) -> None:
    credentials = grpc.ssl_channel_credentials(
        *((portal.certificates / name).read_bytes() for name in ("authority.pem", "gateway.key", "gateway.pem"))
    )
    options = [("grpc.ssl_target_name_override", "identity")]
    target = f"127.0.0.1:{portal.server.api_port}"
    async with grpc.aio.secure_channel(target, credentials, options=options) as channel:
        make: Any = channel.unary_unary
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await make("/tests.doors.v1.DoorsApi/KnockDoor")(b"\xff\xff", timeout=30)
    status = rpc_status.from_call(cast("Any", refused.value))
    assert status is not None
    info, bad = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
    status.details[0].Unpack(info)
    status.details[1].Unpack(bad)
    assert (info.reason, info.domain) == ("invalid_field", "portal")
    assert [violation.field for violation in bad.field_violations] == ["request"]

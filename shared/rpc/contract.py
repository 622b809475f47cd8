"""The RPCs of a proto service, read off the generated module, and the check that each has its row of policy."""

import inspect
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from google.api import annotations_pb2, httpbody_pb2
from google.protobuf import message_factory
from google.protobuf.descriptor import Descriptor, FieldDescriptor, MethodDescriptor
from google.protobuf.message import Message

from shared.rpc.policy import ACCOUNT, ANYONE, PEER, PURPOSES, STAFF, Policy
from shared.service import Endpoint

HTTP_BODY = httpbody_pb2.HttpBody.DESCRIPTOR.full_name
VERBS = ("get", "post", "put", "patch", "delete")


class TablesRefused(Exception):
    """The tables of a service do not go together; each line says what was expected, where."""


@dataclass(frozen=True, slots=True)
class Rpc:
    """One RPC of the contract. ``route`` is the HTTP template, '' on the peer port."""

    service: str
    name: str
    route: str
    request: type[Message]
    response: type[Message]
    streams: bool
    takes_body: bool
    """Whether the request holds raw bytes (an upload, a webhook)."""

    @property
    def path(self) -> str:
        return f"/{self.service}/{self.name}"


def rpcs_of(endpoint: Endpoint) -> list[Rpc]:
    """The RPCs of the endpoint's service, in the order of the contract."""
    short = endpoint.service.rpartition(".")[2]
    service = endpoint.contract.DESCRIPTOR.services_by_name.get(short)
    if service is None or service.full_name != endpoint.service:
        raise TablesRefused(f"expected the service {endpoint.service} in {endpoint.contract.__name__}")
    return [_rpc(method) for method in service.methods]


def _rpc(method: MethodDescriptor) -> Rpc:
    if method.client_streaming:
        raise TablesRefused(f"{method.full_name}: expected one request, found a stream of them")
    request = method.input_type
    return Rpc(
        service=method.containing_service.full_name,
        name=method.name,
        route=route_of(method),
        request=message_factory.GetMessageClass(request),
        response=message_factory.GetMessageClass(method.output_type),
        streams=method.server_streaming,
        takes_body=request.full_name == HTTP_BODY or any(field_type(field) == HTTP_BODY for field in request.fields),
    )


def route_of(method: MethodDescriptor) -> str:
    """``GET /v1/patients/{patient_id}/results``, '' without an annotation."""
    rule = method.GetOptions().Extensions[annotations_pb2.http]
    verb = rule.WhichOneof("pattern")
    return f"{verb.upper()} {getattr(rule, verb)}" if verb in VERBS else ""


def field_type(field: FieldDescriptor) -> str:
    """The full name of a field's message type, '' for a scalar."""
    message: Descriptor | None = field.message_type
    return message.full_name if message is not None else ""


def check_tables(api: Endpoint, peers: Endpoint | None, policies: Mapping[str, Policy]) -> None:
    """TablesRefused unless each RPC has one row and one method, each row an RPC, and each row makes sense."""
    wrong: list[str] = []
    names: list[str] = []
    for endpoint, is_peers in ((api, False), *(((peers, True),) if peers is not None else ())):
        for rpc in rpcs_of(endpoint):
            names.append(rpc.name)
            policy = policies.get(rpc.name)
            if policy is None:
                wrong.append(f"{rpc.path}: expected a row in the table of policies")
                continue
            wrong += [f"{rpc.path}: {complaint}" for complaint in _complaints(rpc, policy, is_peers=is_peers)]
            wrong += [f"{rpc.path}: {complaint}" for complaint in _method_complaints(endpoint.servicer, rpc)]
    wrong += [f"{name}: expected an RPC of that name in the contract" for name in sorted(set(policies) - set(names))]
    wrong += [f"{name}: expected one RPC of that name in both contracts" for name in {*names} if names.count(name) > 1]
    if wrong:
        raise TablesRefused("\n".join(wrong))


def _complaints(rpc: Rpc, policy: Policy, *, is_peers: bool) -> Iterator[str]:
    fields = rpc.request.DESCRIPTOR.fields_by_name
    known = {PEER, ACCOUNT, STAFF} if is_peers else {ANYONE, ACCOUNT, STAFF}
    if not policy.callers or policy.callers - known:
        yield f"expected callers out of {', '.join(sorted(known))}"
    if policy.purpose not in PURPOSES:
        yield f"expected a purpose out of {', '.join(sorted(PURPOSES))}"
    if bool(policy.peers) != is_peers:
        yield "expected named peers on the peer port, and only there"
    if STAFF in policy.callers and not policy.roles:
        yield "expected roles where staff may call"
    if policy.roles and STAFF not in policy.callers:
        yield "expected no roles where staff may not call"
    if policy.scope and ACCOUNT not in policy.callers:
        yield "expected a scope only where accounts may call"
    if policy.step_up and ANYONE in policy.callers:
        yield "expected no step-up where no token is needed"
    if policy.locate is None and policy.callers & {ACCOUNT, STAFF} and {"patient_id", "practice_id"} & set(fields):
        yield "expected a locate for the patient or practice that the request names"
    for name in (*policy.secrets, *((policy.link,) if policy.link else ())):
        if name.split(".")[0] not in fields:
            yield f"expected the field {name} in the request"


def _method_complaints(servicer: object, rpc: Rpc) -> Sequence[str]:
    method: Any = getattr(servicer, rpc.name, None)
    if rpc.streams and not inspect.isasyncgenfunction(method):
        return ["expected an async generator of that name"]
    if not rpc.streams and not inspect.iscoroutinefunction(method):
        return ["expected an async method of that name"]
    return []

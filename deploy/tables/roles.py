"""The table of who may call which RPC, written from the tables of policies and the contracts."""

import importlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from google.api import annotations_pb2
from google.protobuf.descriptor import MethodDescriptor

from shared.rpc.policy import ACCOUNT, ANYONE, STAFF, Policy
from shared.service import SERVICES

ROLES = ("provider", "clinical", "front_desk", "billing", "support", "admin")
"""Staff's roles in the order of the columns."""
YES = "✓"
VERBS = ("get", "post", "put", "patch", "delete")


@dataclass(frozen=True, slots=True)
class Row:
    """One RPC with its policy. ``verb`` and ``path`` are '' for peers' RPCs, to which the gateway has no route."""

    service: str
    name: str
    policy: Policy
    verb: str
    path: str
    streams: bool


def rows(service: str) -> list[Row]:
    """The API's RPCs, then the peers', in the order of the contracts."""
    policies: Mapping[str, Policy] = importlib.import_module(f"services.{service}.policies").POLICIES
    return [_row(service, policies[method.name], method) for method in _methods(service)]


def _methods(service: str) -> Iterator[MethodDescriptor]:
    for kind in ("api", "peers"):
        contract = importlib.import_module(f"shared.contracts.{service}.v1.{kind}_pb2").DESCRIPTOR
        for found in contract.services_by_name.values():
            yield from found.methods


def _row(service: str, policy: Policy, method: MethodDescriptor) -> Row:
    rule = method.GetOptions().Extensions[annotations_pb2.http]
    verb = rule.WhichOneof("pattern")
    path = str(getattr(rule, verb)) if verb in VERBS else ""
    return Row(service, method.name, policy, str(verb or "").upper(), path, bool(method.server_streaming))


def page() -> str:
    """``docs/roles.md``: one table a service."""
    return "\n".join(
        [
            "# Who may call what\n",
            "Written by `make rules` from the tables of policies (`services/<name>/policies.py`), which every call",
            "meets; `make check` fails where it is stale. Each cell is tried through the gateway by",
            "`tests/e2e/test_roles.py`.\n",
            "- **anyone**: no token is needed. **account**: a signed-in person, for the own account or, where a scope",
            "  is named, through an access window of that patient which includes it (*any*: whichever scope).",
            "- The roles are those of staff in the object's practice; nobody acts so on the own record, or one that",
            "  they represent.",
            "- Elsewhere the answer is *not found* where the caller has no business in that practice or record, and",
            "  *not allowed* where only the role is missing.",
            "- **demands**: *key*, an `Idempotency-Key`; *factor*, one of the last five minutes; *recorded*, the look",
            "  is in the access history before the answer leaves.\n",
            *(line for service in SERVICES for line in _service(service)),
        ]
    )


def _service(service: str) -> Iterator[str]:
    found = rows(service)
    yield f"## {service}\n"
    yield from _table(("RPC", "purpose", "anyone", "account", *(role.replace("_", " ") for role in ROLES), "demands"))
    for row in found:
        if row.path:
            yield f"| {' | '.join(_cells(row))} |"
    peers = [row for row in found if not row.path]
    if peers:
        yield f"\nBetween services, without a route from the gateway ({service}):\n"
        yield from _table(("RPC", "purpose", "peers that may call", "demands"))
        for row in peers:
            yield f"| {row.name} | {row.policy.purpose} | {', '.join(sorted(row.policy.peers))} | {_demands(row)} |"
    yield ""


def _table(heads: Sequence[str]) -> Iterator[str]:
    yield f"| {' | '.join(heads)} |"
    yield "|---" * len(heads) + "|"


def _cells(row: Row) -> list[str]:
    policy = row.policy
    account = ""
    if ACCOUNT in policy.callers:
        account = YES if policy.locate is None else policy.scope or "any"
    return [
        row.name,
        policy.purpose,
        YES if ANYONE in policy.callers else "",
        account,
        *(YES if STAFF in policy.callers and role in policy.roles else "" for role in ROLES),
        _demands(row),
    ]


def _demands(row: Row) -> str:
    policy = row.policy
    named = {"key": policy.writes, "factor": policy.step_up, "recorded": policy.recorded}
    return ", ".join(name for name, demanded in named.items() if demanded)

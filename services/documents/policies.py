"""Who may call what of documents, and how the patient concerned is found."""

from collections.abc import Mapping
from typing import Protocol

from services.documents.projections import results
from shared.access.locating import patient_of_request, practice_of_request
from shared.errors import NotFound
from shared.reading import Rows
from shared.rpc.fields import uuid_field
from shared.rpc.policy import ACCOUNT, PEER, STAFF, Located, Policy

CLINICAL = frozenset({"provider", "clinical"})
"""R43: provider and clinical staff see the record."""


class OfResult(Protocol):
    @property
    def result_id(self) -> str: ...


async def result_of_request(request: OfResult, rows: Rows) -> Located:
    """Practice and patient of the named result; NotFound where there is none."""
    found = await results.where(rows, uuid_field(request.result_id, "result_id"))
    if found is None:
        raise NotFound
    return Located(*found)


def _read(scope: str, *, roles: frozenset[str] = CLINICAL, of_result: bool = False, recorded: bool = False) -> Policy:
    return Policy(
        callers=frozenset({ACCOUNT, STAFF}),
        purpose="treatment",
        roles=roles,
        scope=scope,
        locate=result_of_request if of_result else patient_of_request,
        recorded=recorded,
    )


def _approve() -> Policy:
    return Policy(
        callers=frozenset({STAFF}),
        purpose="treatment",
        roles=frozenset({"provider"}),
        locate=result_of_request,
        writes=True,
    )


def _import() -> Policy:
    return Policy(
        callers=frozenset({PEER}),
        purpose="treatment",
        locate=patient_of_request,
        writes=True,
        peers=frozenset({"operations"}),
    )


POLICIES: Mapping[str, Policy] = {
    "ListResults": _read("results", recorded=True),
    "GetResult": _read("results", of_result=True, recorded=True),
    "DownloadResult": _read("results", of_result=True, recorded=True),
    "ListRecordEntries": _read("results", recorded=True),
    "ListAccessHistory": _read("", roles=frozenset({"admin"})),
    "ListPendingResults": Policy(
        callers=frozenset({STAFF}), purpose="treatment", roles=CLINICAL, locate=practice_of_request, recorded=True
    ),
    "FileResult": Policy(
        callers=frozenset({STAFF}), purpose="treatment", roles=CLINICAL, locate=patient_of_request, writes=True
    ),
    "ReleaseResult": _approve(),
    "RetractResult": _approve(),
    "ImportResult": _import(),
    "ImportRecordEntry": _import(),
    "DocumentMetadata": Policy(
        callers=frozenset({PEER}), purpose="communication", peers=frozenset({"messaging", "web"})
    ),
}

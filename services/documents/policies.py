"""Who may call what of documents, and how the patient concerned is found."""

from collections.abc import Mapping
from typing import Protocol

from services.documents.projections import documents, record_entries, results
from shared.access.locating import patient_of_request, practice_of_request
from shared.errors import NotFound
from shared.reading import Rows
from shared.rpc.fields import uuid_field
from shared.rpc.policy import ACCOUNT, ANYONE, PEER, STAFF, Locate, Located, Policy

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


class OfDocument(Protocol):
    @property
    def document_id(self) -> str: ...


async def document_of_request(request: OfDocument, rows: Rows) -> Located:
    """Practice and patient of the named document; NotFound where there is none."""
    found = await documents.where(rows, uuid_field(request.document_id, "document_id"))
    if found is None:
        raise NotFound
    return Located(*found)


class OfEntry(Protocol):
    @property
    def entry_id(self) -> str: ...


async def entry_of_request(request: OfEntry, rows: Rows) -> Located:
    """Practice and patient of the named line of a record; NotFound where there is none."""
    found = await record_entries.where(rows, uuid_field(request.entry_id, "entry_id"))
    if found is None:
        raise NotFound
    return Located(*found)


CORRESPONDS = frozenset({"provider", "clinical", "front_desk", "billing", "support"})
"""Who of the staff writes messages; which of them they reach is messaging's business."""


def _attachment(*peers: str, writes: bool = False) -> Policy:
    return Policy(
        callers=frozenset({ACCOUNT, STAFF}),
        purpose="communication",
        roles=CORRESPONDS,
        scope="messages",
        locate=patient_of_request,
        writes=writes,
        peers=frozenset(peers),
    )


def _read(
    scope: str, *, roles: frozenset[str] = CLINICAL, locate: Locate = patient_of_request, recorded: bool = False
) -> Policy:
    return Policy(
        callers=frozenset({ACCOUNT, STAFF}),
        purpose="treatment",
        roles=roles,
        scope=scope,
        locate=locate,
        recorded=recorded,
    )


def _practice(*roles: str, writes: bool = False, step_up: bool = False, recorded: bool = False) -> Policy:
    return Policy(
        callers=frozenset({STAFF}),
        purpose="treatment",
        roles=frozenset(roles),
        locate=practice_of_request,
        writes=writes,
        step_up=step_up,
        recorded=recorded,
    )


def _by_link() -> Policy:
    """Whoever holds link and code; each look is recorded as the link's."""
    return Policy(
        callers=frozenset({ANYONE}), purpose="treatment", recorded=True, secrets=frozenset({"secret", "code"})
    )


def _own_wish() -> Policy:
    """The patient's own business, or that of whoever sees the results for them."""
    return Policy(
        callers=frozenset({ACCOUNT}), purpose="treatment", scope="results", locate=patient_of_request, writes=True
    )


def _approve(*roles: str, locate: Locate = result_of_request) -> Policy:
    return Policy(
        callers=frozenset({STAFF}),
        purpose="treatment",
        roles=frozenset(roles),
        locate=locate,
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
    "GetResult": _read("results", locate=result_of_request, recorded=True),
    "DownloadResult": _read("results", locate=result_of_request, recorded=True),
    "ListRecordEntries": _read("results", recorded=True),
    "ListPendingRecordEntries": _practice(*CLINICAL, recorded=True),
    "RefileRecordEntry": _approve("provider", locate=entry_of_request),
    "ApproveRecordEntry": _approve("provider", locate=entry_of_request),
    "ListAccessHistory": _read("", roles=frozenset({"admin"})),
    "ExportRecord": Policy(
        callers=frozenset({ACCOUNT}),
        purpose="treatment",
        locate=patient_of_request,
        recorded=True,
        step_up=True,
    ),
    "TransmitRecord": Policy(
        callers=frozenset({ACCOUNT}),
        purpose="treatment",
        locate=patient_of_request,
        writes=True,
        recorded=True,
        step_up=True,
    ),
    "ListTransmissions": Policy(callers=frozenset({ACCOUNT}), purpose="treatment", locate=patient_of_request),
    "RevokeTransmission": Policy(
        callers=frozenset({ACCOUNT}), purpose="treatment", locate=patient_of_request, writes=True
    ),
    "OpenTransmission": _by_link(),
    "DownloadTransmission": _by_link(),
    "TransmissionLink": Policy(
        callers=frozenset({PEER}), purpose="communication", peers=frozenset({"messaging"}), recorded=True
    ),
    "ListPendingResults": _practice(*CLINICAL, recorded=True),
    "ListReviewTasks": _practice("provider", "admin"),
    "GetReleasePolicy": _practice("provider", "clinical", "admin"),
    "ChooseReleasePolicy": _practice("admin", writes=True),
    "SignStandingApproval": _practice("provider", writes=True, step_up=True),
    "RevokeStandingApproval": _practice("provider", "admin", writes=True),
    "ApproveResults": _practice("provider", writes=True),
    "UndoApproval": _practice("provider", writes=True),
    "GetReleaseWish": _read("results"),
    "AskToWait": _own_wish(),
    "EndWait": _own_wish(),
    "HoldResult": _approve(*CLINICAL),
    "LiftHold": _approve(*CLINICAL),
    "RefileResult": _approve("provider"),
    "FileResult": Policy(
        callers=frozenset({STAFF}), purpose="treatment", roles=CLINICAL, locate=patient_of_request, writes=True
    ),
    "ReleaseResult": _approve("provider"),
    "RetractResult": _approve("provider"),
    "UploadDocument": Policy(
        callers=frozenset({STAFF}), purpose="treatment", roles=CLINICAL, locate=patient_of_request, writes=True
    ),
    "ListDocuments": _read("documents", recorded=True),
    "ListPendingDocuments": _practice(*CLINICAL, recorded=True),
    "GetDocument": _read("documents", locate=document_of_request, recorded=True),
    "DownloadDocument": _read("documents", locate=document_of_request, recorded=True),
    "ReleaseDocument": _approve("provider", locate=document_of_request),
    "HoldDocument": _approve(*CLINICAL, locate=document_of_request),
    "LiftDocumentHold": _approve(*CLINICAL, locate=document_of_request),
    "RetractDocument": _approve("provider", locate=document_of_request),
    "WithdrawDocument": _approve("provider", locate=document_of_request),
    "UploadAttachment": _attachment(writes=True),
    "AttachmentsOf": _attachment("messaging"),
    "AttachmentContent": _attachment("messaging"),
    "ImportResult": _import(),
    "ImportRecordEntry": _import(),
    "DocumentMetadata": Policy(
        callers=frozenset({PEER}), purpose="communication", peers=frozenset({"messaging", "web"})
    ),
}

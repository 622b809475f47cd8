"""Uploaded documents: the staff's queue of waiting ones, and what patients see once released."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from services.documents.domain.documents import Document
from services.documents.domain.review import VISIBLE
from services.documents.projections.results import Queue
from services.documents.projections.reviewed import ReviewedTable
from shared.envelope import Recorded
from shared.reading import ReadModel, Rows

REVIEWED = ReviewedTable("documents", "document_id", "document_holds", "document_retractions")
where, approved_of, patients_of = REVIEWED.where, REVIEWED.approved_of, REVIEWED.patients_of
hold_of, retraction_reason = REVIEWED.hold_of, REVIEWED.retraction_reason

TABLES = (
    """CREATE TABLE documents (
        document_id uuid PRIMARY KEY,
        practice_id uuid NOT NULL,
        patient_id uuid NOT NULL,
        state text NOT NULL,
        kind text NOT NULL,
        content_type text NOT NULL,
        size_bytes bigint NOT NULL,
        pages integer NOT NULL,
        blob_id uuid NOT NULL,
        received_at timestamptz NOT NULL,
        released_at timestamptz,
        released_by uuid,
        misfiled boolean NOT NULL,
        held_until timestamptz,
        takes_effect_at timestamptz,
        corrects_id uuid,
        corrected_by_id uuid,
        subject_id uuid NOT NULL,
        sealed bytea NOT NULL
    )""",
    "CREATE INDEX documents_of_patient ON documents (patient_id, received_at DESC, document_id DESC)",
    "CREATE INDEX documents_waiting ON documents (practice_id, received_at, document_id) WHERE state = 'waiting'",
    *REVIEWED.tables(),
)


async def add(recorded: Recorded[Document.Received], rows: Rows) -> None:
    event, file = recorded.event, recorded.event.file
    await rows.upsert(
        "documents",
        {"document_id": event.document_id},
        {
            "practice_id": event.practice_id,
            "patient_id": event.patient_id,
            "state": "waiting",
            "kind": file.kind,
            "content_type": file.content_type,
            "size_bytes": file.size_bytes,
            "pages": file.pages,
            "blob_id": file.blob_id,
            "received_at": event.received_at,
            "misfiled": False,
            "corrects_id": file.corrects_id,
        },
        subject_id=event.patient_id,
        personal={"title": file.title},
    )


DOCUMENTS = ReadModel(
    "documents",
    "documents",
    TABLES,
    {
        Document.Received: add,
        **REVIEWED.apply(Document),
    },
)

COLUMNS = """document_id, practice_id, patient_id, state, kind, content_type, size_bytes, pages, blob_id, received_at,
    released_at, released_by, misfiled, held_until, takes_effect_at, corrects_id, corrected_by_id, subject_id, sealed"""


@dataclass(frozen=True, slots=True)
class DocumentRow:
    """One document as it stands; its bytes lie elsewhere."""

    document_id: UUID
    practice_id: UUID
    patient_id: UUID
    state: str
    kind: str
    content_type: str
    size_bytes: int
    pages: int
    blob_id: UUID
    received_at: datetime
    released_at: datetime | None
    released_by: UUID | None
    misfiled: bool
    held_until: datetime | None
    takes_effect_at: datetime | None
    corrects_id: UUID | None
    corrected_by_id: UUID | None
    title: str

    @property
    def is_visible(self) -> bool:
        """Whether others than staff may know of it."""
        return self.state in VISIBLE


async def page(
    rows: Rows, patient_id: UUID, staff: bool, before: tuple[datetime, UUID] | None, size: int
) -> list[DocumentRow]:
    """Documents of a patient, the latest received first; those who are not staff see only what was released."""
    found = await rows.fetch(
        f"""SELECT {COLUMNS} FROM documents
           WHERE patient_id = ANY(records_of($1)) AND ($2 OR state = ANY($6))
             AND ($3::timestamptz IS NULL OR (received_at, document_id) < ($3, $4::uuid))
           ORDER BY received_at DESC, document_id DESC LIMIT $5""",  # noqa: S608 - our own names only
        patient_id,
        staff,
        before[0] if before else None,
        before[1] if before else None,
        size,
        VISIBLE,
    )
    return [_row(one) for one in found]


async def waiting(rows: Rows, queue: Queue, after: tuple[datetime, UUID] | None, size: int) -> list[DocumentRow]:
    """What waits for approval, longest first. A hold ends at its instant: then the document is queued again."""
    found = await rows.fetch(
        f"""SELECT {COLUMNS} FROM documents
           WHERE practice_id = $1 AND state = 'waiting' AND patient_id <> ALL($2)
             AND ($3::timestamptz IS NULL OR (received_at, document_id) > ($3, $4::uuid))
             AND coalesce(held_until > $6, false) = $7
           ORDER BY received_at, document_id LIMIT $5""",  # noqa: S608 - our own names only
        queue.practice_id,
        list(queue.without),
        after[0] if after else None,
        after[1] if after else None,
        size,
        queue.now,
        queue.held,
    )
    return [_row(one) for one in found]


async def one(rows: Rows, document_id: UUID) -> DocumentRow | None:
    """One document in whatever state, None where there is none."""
    found = await rows.fetch_one(f"SELECT {COLUMNS} FROM documents WHERE document_id = $1", document_id)  # noqa: S608
    return None if found is None else _row(found)


async def released_between(
    rows: Rows, patient_id: UUID, since: datetime, until: datetime, most: int
) -> list[DocumentRow]:
    """What was received from ``since`` until before ``until`` and stands released, oldest first."""
    found = await rows.fetch(
        f"""SELECT {COLUMNS} FROM documents
           WHERE patient_id = ANY(records_of($1)) AND state = 'released' AND received_at >= $2 AND received_at < $3
           ORDER BY received_at, document_id LIMIT $4""",  # noqa: S608 - our own names only
        patient_id,
        since,
        until,
        most,
    )
    return [_row(one) for one in found]


def _row(found: dict[str, Any]) -> DocumentRow:
    del found["subject_id"]
    return DocumentRow(**found)

"""Authorizations of each record with their documents, and the pairs that staff suspended."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from services.consent.domain.authorization import Authorization
from services.consent.domain.suspension import PairSuspension
from shared.envelope import Recorded
from shared.reading import ReadModel, Rows


@dataclass(frozen=True, slots=True)
class DocumentRow:
    document_id: UUID
    kind: str
    state: str
    expires_on: date | None
    verified_by: UUID | None
    scan_id: UUID


@dataclass(frozen=True, slots=True)
class AuthorizationRow:
    """``scopes`` and ``signed_by`` are words separated by blanks."""

    authorization_id: UUID
    patient_id: UUID
    person_id: UUID
    kind: str
    scopes: str
    until_day: date | None
    state: str
    signed_by: str
    granted_at: datetime
    number: int
    suspended: bool
    documents: tuple[DocumentRow, ...] = ()


async def add_authorization(recorded: Recorded[Authorization.Drafted], rows: Rows) -> None:
    event = recorded.event
    await rows.upsert(
        "authorizations",
        {"authorization_id": event.authorization_id},
        {
            "patient_id": event.patient_id,
            "person_id": event.person_id,
            "kind": event.terms.kind,
            "scopes": " ".join(event.terms.scopes),
            "until_day": event.terms.until,
            "state": "draft",
            "signed_by": "",
            "granted_at": event.granted_at,
            "number": recorded.position,
        },
    )


async def add_signature(recorded: Recorded[Authorization.Signed], rows: Rows) -> None:
    key = {"authorization_id": recorded.stream_id}
    row = await rows.fetch_one("SELECT signed_by FROM authorizations WHERE authorization_id = $1", recorded.stream_id)
    if row is not None:
        await rows.update("authorizations", key, {"signed_by": f"{row['signed_by']} {recorded.event.by}".strip()})


async def mark_in_force(recorded: Recorded[Authorization.CameIntoForce], rows: Rows) -> None:
    await rows.update("authorizations", {"authorization_id": recorded.stream_id}, {"state": "in_force"})


async def mark_revoked(recorded: Recorded[Authorization.Revoked], rows: Rows) -> None:
    await rows.update("authorizations", {"authorization_id": recorded.stream_id}, {"state": "revoked"})


async def mark_ended(recorded: Recorded[Authorization.Ended], rows: Rows) -> None:
    await rows.update("authorizations", {"authorization_id": recorded.stream_id}, {"state": "ended"})


async def add_document(recorded: Recorded[Authorization.DocumentRecorded], rows: Rows) -> None:
    event = recorded.event
    await rows.upsert(
        "authorization_documents",
        {"document_id": event.document_id},
        {
            "authorization_id": recorded.stream_id,
            "patient_id": recorded.subject_id,
            "kind": event.kind,
            "state": "recorded",
            "scan_id": event.scan_id,
            "number": recorded.position,
        },
    )


async def mark_verified(recorded: Recorded[Authorization.DocumentVerified], rows: Rows) -> None:
    verified = recorded.event.verified
    await rows.update(
        "authorization_documents",
        {"document_id": recorded.event.document_id},
        {"state": "verified", "expires_on": verified.expires_on, "verified_by": verified.verified_by},
    )


async def mark_document_revoked(recorded: Recorded[Authorization.DocumentRevoked], rows: Rows) -> None:
    await rows.update("authorization_documents", {"document_id": recorded.event.document_id}, {"state": "revoked"})


async def add_suspension(recorded: Recorded[PairSuspension.Suspended], rows: Rows) -> None:
    event = recorded.event
    await rows.upsert(
        "suspensions",
        {"pair_id": recorded.stream_id},
        {"patient_id": event.patient_id, "person_id": event.person_id, "suspended": True},
    )


async def renew_suspension(recorded: Recorded[PairSuspension.SuspendedAgain], rows: Rows) -> None:
    await rows.update("suspensions", {"pair_id": recorded.stream_id}, {"suspended": True})


async def lift_suspension(recorded: Recorded[PairSuspension.Lifted], rows: Rows) -> None:
    await rows.update("suspensions", {"pair_id": recorded.stream_id}, {"suspended": False})


async def authorizations_of(
    rows: Rows, patient_id: UUID, person_ids: frozenset[UUID] | None, before: int | None, size: int
) -> list[AuthorizationRow]:
    """Newest first, those before a number; ``person_ids`` limits them to these representatives."""
    found = await rows.fetch(
        """
        SELECT a.authorization_id, a.patient_id, a.person_id, a.kind, a.scopes, a.until_day, a.state, a.signed_by,
               a.granted_at, a.number, coalesce(s.suspended, false) AS suspended
        FROM authorizations a
        LEFT JOIN suspensions s ON s.patient_id = a.patient_id AND s.person_id = a.person_id
        WHERE a.patient_id = $1 AND ($2::uuid[] IS NULL OR a.person_id = ANY($2))
          AND ($3::bigint IS NULL OR a.number < $3)
        ORDER BY a.number DESC LIMIT $4
        """,
        patient_id, None if person_ids is None else list(person_ids), before, size,
    )  # fmt: skip
    documents = await rows.fetch(
        """
        SELECT authorization_id, document_id, kind, state, expires_on, verified_by, scan_id
        FROM authorization_documents WHERE authorization_id = ANY($1) ORDER BY number
        """,
        [row["authorization_id"] for row in found],
    )
    brought: dict[UUID, list[DocumentRow]] = {}
    for row in documents:
        authorization_id = row.pop("authorization_id")
        brought.setdefault(authorization_id, []).append(DocumentRow(**row))
    return [AuthorizationRow(**row, documents=tuple(brought.get(row["authorization_id"], ()))) for row in found]


AUTHORIZATIONS = ReadModel(
    name="authorizations",
    source="consent",
    tables=(
        """
        CREATE TABLE authorizations (
            authorization_id uuid        PRIMARY KEY,
            patient_id       uuid        NOT NULL,
            person_id        uuid        NOT NULL,
            kind             text        NOT NULL,
            scopes           text        NOT NULL,
            until_day        date,
            state            text        NOT NULL,
            signed_by        text        NOT NULL,
            granted_at       timestamptz NOT NULL,
            number           bigint      NOT NULL
        )
        """,
        "CREATE INDEX ON authorizations (patient_id, number)",
        """
        CREATE TABLE authorization_documents (
            document_id      uuid   PRIMARY KEY,
            authorization_id uuid   NOT NULL,
            patient_id       uuid   NOT NULL,
            kind             text   NOT NULL,
            state            text   NOT NULL,
            expires_on       date,
            verified_by      uuid,
            scan_id          uuid   NOT NULL,
            number           bigint NOT NULL
        )
        """,
        "CREATE INDEX ON authorization_documents (authorization_id, number)",
        """
        CREATE TABLE suspensions (
            pair_id    uuid    PRIMARY KEY,
            patient_id uuid    NOT NULL,
            person_id  uuid    NOT NULL,
            suspended  boolean NOT NULL
        )
        """,
        "CREATE INDEX ON suspensions (patient_id, person_id)",
    ),
    apply={
        Authorization.Drafted: add_authorization,
        Authorization.Signed: add_signature,
        Authorization.CameIntoForce: mark_in_force,
        Authorization.Revoked: mark_revoked,
        Authorization.Ended: mark_ended,
        Authorization.DocumentRecorded: add_document,
        Authorization.DocumentVerified: mark_verified,
        Authorization.DocumentRevoked: mark_document_revoked,
        PairSuspension.Suspended: add_suspension,
        PairSuspension.SuspendedAgain: renew_suspension,
        PairSuspension.Lifted: lift_suspension,
    },
)

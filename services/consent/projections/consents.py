"""The portal consents of each record as they stand, for staff."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from services.consent.domain.consent import PortalConsent
from shared.envelope import Recorded
from shared.reading import ReadModel, Rows


@dataclass(frozen=True, slots=True)
class ConsentRow:
    consent_id: UUID
    patient_id: UUID
    signer_id: UUID
    form_version: int
    signed_at: datetime
    method: str
    scan_id: UUID | None
    recorded_by: UUID | None
    withdrawn_at: datetime | None
    number: int
    """The position of the first signature: what the list is ordered by."""


async def add_signature(recorded: Recorded[PortalConsent.Signed | PortalConsent.SignedAgain], rows: Rows) -> None:
    event = recorded.event
    first = {"number": recorded.position} if isinstance(event, PortalConsent.Signed) else {}
    signed: dict[str, Any] = {
        "form_version": event.signature.form_version,
        "signed_at": event.signature.signed_at,
        "method": event.signature.method,
        "scan_id": event.signature.scan_id,
        "recorded_by": event.signature.recorded_by,
        "withdrawn_at": None,
    }
    if first:
        named = {"patient_id": event.patient_id, "signer_id": event.signer_id}
        await rows.upsert("consents", {"consent_id": recorded.stream_id}, {**named, **signed, **first})
    else:
        await rows.update("consents", {"consent_id": recorded.stream_id}, signed)


async def mark_withdrawn(recorded: Recorded[PortalConsent.Withdrawn], rows: Rows) -> None:
    await rows.update("consents", {"consent_id": recorded.stream_id}, {"withdrawn_at": recorded.event.withdrawn_at})


async def consents_of(rows: Rows, patient_id: UUID, before: int | None, size: int) -> list[ConsentRow]:
    """Newest first, those before a number."""
    found = await rows.fetch(
        """
        SELECT consent_id, patient_id, signer_id, form_version, signed_at, method, scan_id, recorded_by,
               withdrawn_at, number
        FROM consents WHERE patient_id = $1 AND ($2::bigint IS NULL OR number < $2)
        ORDER BY number DESC LIMIT $3
        """,
        patient_id, before, size,
    )  # fmt: skip
    return [ConsentRow(**row) for row in found]


CONSENTS = ReadModel(
    name="consents",
    source="consent",
    tables=(
        """
        CREATE TABLE consents (
            consent_id   uuid        PRIMARY KEY,
            patient_id   uuid        NOT NULL,
            signer_id    uuid        NOT NULL,
            form_version integer     NOT NULL,
            signed_at    timestamptz NOT NULL,
            method       text        NOT NULL,
            scan_id      uuid,
            recorded_by  uuid,
            withdrawn_at timestamptz,
            number       bigint      NOT NULL
        )
        """,
        "CREATE INDEX ON consents (patient_id, number)",
    ),
    apply={
        PortalConsent.Signed: add_signature,
        PortalConsent.SignedAgain: add_signature,
        PortalConsent.Withdrawn: mark_withdrawn,
    },
)

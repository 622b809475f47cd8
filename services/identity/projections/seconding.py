"""What waits for a second admin: proposals of admins, requests to erase."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from services.identity.domain.seconding import AdminProposal, ErasureRequest
from shared.envelope import Recorded
from shared.reading import ReadModel, Row, Rows

TABLES = (
    """CREATE TABLE admin_proposals (
        proposal_id uuid PRIMARY KEY,
        practice_id uuid NOT NULL,
        staff_id uuid NOT NULL,
        roles text[] NOT NULL,
        proposed_by uuid NOT NULL,
        made_at timestamptz NOT NULL,
        expires_at timestamptz NOT NULL,
        subject_id uuid NOT NULL,
        sealed bytea NOT NULL
    )""",
    "CREATE INDEX admin_proposals_of_practice ON admin_proposals (practice_id, expires_at)",
    """CREATE TABLE erasure_requests (
        request_id uuid PRIMARY KEY,
        practice_id uuid NOT NULL,
        patient_id uuid NOT NULL,
        requested_by uuid NOT NULL,
        made_at timestamptz NOT NULL,
        expires_at timestamptz NOT NULL
    )""",
    "CREATE INDEX erasure_requests_of_practice ON erasure_requests (practice_id, expires_at)",
    "CREATE INDEX erasure_requests_of_patient ON erasure_requests (patient_id, expires_at)",
)


async def propose(recorded: Recorded[AdminProposal.Made], rows: Rows) -> None:
    event, candidate = recorded.event, recorded.event.candidate
    await rows.upsert(
        "admin_proposals",
        {"proposal_id": event.proposal_id},
        {
            "practice_id": event.practice_id,
            "staff_id": candidate.staff_id,
            "roles": sorted(candidate.duty.roles),
            "proposed_by": event.proposed_by,
            "made_at": event.made_at,
            "expires_at": event.expires_at,
        },
        subject_id=candidate.staff_id,
        personal={
            "given": candidate.invitee.name.given,
            "family": candidate.invitee.name.family,
            "email": candidate.invitee.email,
        },
    )


async def settle(recorded: Recorded[AdminProposal.Confirmed | AdminProposal.Declined], rows: Rows) -> None:
    await rows.delete("admin_proposals", {"proposal_id": recorded.stream_id})


async def request(recorded: Recorded[ErasureRequest.Made], rows: Rows) -> None:
    event = recorded.event
    await rows.upsert(
        "erasure_requests",
        {"request_id": event.request_id},
        {
            "practice_id": event.practice_id,
            "patient_id": event.patient_id,
            "requested_by": event.requested_by,
            "made_at": event.made_at,
            "expires_at": event.expires_at,
        },
    )


async def close(recorded: Recorded[ErasureRequest.Confirmed | ErasureRequest.Withdrawn], rows: Rows) -> None:
    await rows.delete("erasure_requests", {"request_id": recorded.stream_id})


SECONDING = ReadModel(
    "seconding",
    "identity",
    TABLES,
    {
        AdminProposal.Made: propose,
        AdminProposal.Confirmed: settle,
        AdminProposal.Declined: settle,
        ErasureRequest.Made: request,
        ErasureRequest.Confirmed: close,
        ErasureRequest.Withdrawn: close,
    },
)


async def open_proposals(rows: Rows, practice_id: UUID, now: datetime) -> Sequence[Row]:
    """Those that can be confirmed at that instant, oldest first; a practice has few."""
    return await rows.fetch(
        "SELECT * FROM admin_proposals WHERE practice_id = $1 AND expires_at > $2 ORDER BY proposal_id LIMIT 200",
        practice_id, now,
    )  # fmt: skip


async def open_requests(rows: Rows, practice_id: UUID, now: datetime) -> Sequence[Row]:
    """As ``open_proposals``."""
    return await rows.fetch(
        "SELECT * FROM erasure_requests WHERE practice_id = $1 AND expires_at > $2 ORDER BY request_id LIMIT 200",
        practice_id, now,
    )  # fmt: skip


async def latest_request(rows: Rows, patient_id: UUID, now: datetime) -> Row | None:
    """The open request to erase a patient that was made last."""
    return await rows.fetch_one(
        "SELECT * FROM erasure_requests WHERE patient_id = $1 AND expires_at > $2 ORDER BY request_id DESC LIMIT 1",
        patient_id, now,
    )  # fmt: skip

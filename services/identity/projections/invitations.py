"""Invitations of each patient, newest first."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from services.identity.domain.invitation import Invitation
from shared.envelope import Recorded
from shared.reading import ReadModel, Row, Rows

TABLES = (
    """CREATE TABLE invitations (
        invitation_id uuid PRIMARY KEY,
        patient_id uuid NOT NULL,
        person_id uuid NOT NULL,
        practice_id uuid NOT NULL,
        state text NOT NULL,
        void_reason text NOT NULL,
        issued_at timestamptz NOT NULL,
        expires_at timestamptz NOT NULL
    )""",
    "CREATE INDEX invitations_of_patient ON invitations (patient_id, invitation_id DESC)",
)


async def issue(recorded: Recorded[Invitation.Issued], rows: Rows) -> None:
    event = recorded.event
    await rows.upsert(
        "invitations",
        {"invitation_id": event.invitation_id},
        {
            "patient_id": event.relation.patient_id,
            "person_id": event.relation.person_id,
            "practice_id": event.relation.practice_id,
            "state": "open",
            "void_reason": "",
            "issued_at": event.issued_at,
            "expires_at": event.expires_at,
        },
    )


async def void(recorded: Recorded[Invitation.Voided], rows: Rows) -> None:
    changes = {"state": "void", "void_reason": recorded.event.reason}
    await rows.update("invitations", {"invitation_id": recorded.stream_id}, changes)


async def accept(recorded: Recorded[Invitation.Accepted], rows: Rows) -> None:
    await rows.update("invitations", {"invitation_id": recorded.stream_id}, {"state": "accepted"})


INVITATIONS = ReadModel(
    "invitations",
    "identity",
    TABLES,
    {Invitation.Issued: issue, Invitation.Voided: void, Invitation.Accepted: accept},
)


def state_at(row: Row, now: datetime) -> str:
    """An open one is expired from its end on."""
    return "expired" if row["state"] == "open" and row["expires_at"] <= now else str(row["state"])


async def page(rows: Rows, patient_id: UUID, before: UUID, size: int) -> Sequence[Row]:
    """Up to ``size`` invitations issued before ``before``, newest first (ids are in order of time)."""
    return await rows.fetch(
        "SELECT * FROM invitations WHERE patient_id = $1 AND invitation_id < $2 ORDER BY invitation_id DESC LIMIT $3",
        patient_id, before, size,
    )  # fmt: skip

"""Duplicate records: proposals that wait for a second person, and the records that are joined (R44)."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from services.identity.domain.duplicates import JoiningProposal
from services.identity.domain.patient import Patient
from shared.envelope import Recorded
from shared.reading import ReadModel, Row, Rows

TABLES = (
    """CREATE TABLE joining_proposals (
        proposal_id uuid PRIMARY KEY,
        practice_id uuid NOT NULL,
        act text NOT NULL,
        duplicate_id uuid NOT NULL,
        survivor_id uuid NOT NULL,
        proposed_by uuid NOT NULL,
        made_at timestamptz NOT NULL,
        expires_at timestamptz NOT NULL,
        subject_id uuid NOT NULL,
        sealed bytea NOT NULL
    )""",
    "CREATE INDEX joining_proposals_of_practice ON joining_proposals (practice_id, expires_at)",
    """CREATE TABLE joined_records (
        duplicate_id uuid PRIMARY KEY,
        practice_id uuid NOT NULL,
        survivor_id uuid NOT NULL,
        joined_at timestamptz NOT NULL
    )""",
    "CREATE INDEX joined_records_of_practice ON joined_records (practice_id, duplicate_id)",
)


async def propose(recorded: Recorded[JoiningProposal.Made], rows: Rows) -> None:
    event, intent = recorded.event, recorded.event.intent
    await rows.upsert(
        "joining_proposals",
        {"proposal_id": event.proposal_id},
        {
            "practice_id": event.practice_id,
            "act": intent.act,
            "duplicate_id": intent.pair.duplicate_id,
            "survivor_id": intent.pair.survivor_id,
            "proposed_by": event.proposed_by,
            "made_at": event.made_at,
            "expires_at": event.expires_at,
        },
        subject_id=intent.pair.survivor_id,
        personal={"reason": intent.reason},
    )


async def settle(recorded: Recorded[JoiningProposal.Confirmed | JoiningProposal.Withdrawn], rows: Rows) -> None:
    await rows.delete("joining_proposals", {"proposal_id": recorded.stream_id})


async def join(recorded: Recorded[Patient.Superseded], rows: Rows) -> None:
    event = recorded.event
    await rows.upsert(
        "joined_records",
        {"duplicate_id": recorded.stream_id},
        {"practice_id": event.practice_id, "survivor_id": event.survivor_id, "joined_at": event.superseded_at},
    )


async def part(recorded: Recorded[Patient.Restored], rows: Rows) -> None:
    await rows.delete("joined_records", {"duplicate_id": recorded.stream_id})


DUPLICATES = ReadModel(
    "duplicates",
    "identity",
    TABLES,
    {
        JoiningProposal.Made: propose,
        JoiningProposal.Confirmed: settle,
        JoiningProposal.Withdrawn: settle,
        Patient.Superseded: join,
        Patient.Restored: part,
    },
)


async def open_proposals(rows: Rows, practice_id: UUID, now: datetime) -> Sequence[Row]:
    """Those that can be confirmed at that instant, oldest first; a practice has few."""
    return await rows.fetch(
        "SELECT * FROM joining_proposals WHERE practice_id = $1 AND expires_at > $2 ORDER BY proposal_id LIMIT 200",
        practice_id, now,
    )  # fmt: skip


async def joined_at(rows: Rows, practice_id: UUID, after: UUID, size: int) -> Sequence[Row]:
    """Up to ``size`` joined records of the practice beyond ``after``, by the duplicate's id."""
    return await rows.fetch(
        """
        SELECT duplicate_id, survivor_id, joined_at FROM joined_records
        WHERE practice_id = $1 AND duplicate_id > $2 ORDER BY duplicate_id LIMIT $3
        """,
        practice_id, after, size,
    )  # fmt: skip

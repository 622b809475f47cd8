"""Whose task has become what waits: counted against now; nothing runs at midnight (R14, R15)."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from services.documents.business_days import next_business_day
from services.documents.domain.escalation import (
    ADMIN_DAYS,
    ORDERING_DAYS,
    PARTICIPATING_DAYS,
    days_waiting,
    received_before,
)
from shared.reading import Rows

MOST = 200

_TASKS = """
SELECT result_id, NULL::uuid AS document_id, NULL::uuid AS entry_id, patient_id, received_at, ordering_provider_id,
    subject_id, sealed, asked_at
FROM results,
LATERAL (
    SELECT min(at) AS asked_at FROM questions
    WHERE questions.patient_id = ANY(records_of(results.patient_id)) AND at >= received_at) AS asked
WHERE practice_id = $1 AND state = 'waiting' AND (held_until IS NULL OR held_until <= $2)
  AND origin <> 'import' AND (received_at < $3 OR asked_at IS NOT NULL)
UNION ALL
SELECT NULL, document_id, NULL, patient_id, received_at, NULL, subject_id, sealed, NULL FROM documents
WHERE practice_id = $1 AND state = 'waiting' AND (held_until IS NULL OR held_until <= $2) AND received_at < $3
UNION ALL
SELECT NULL, NULL, entry_id, patient_id, listed_at, NULL, subject_id, sealed, NULL FROM record_entries
WHERE practice_id = $1 AND state = 'waiting' AND listed_at < $3
ORDER BY received_at, result_id, document_id, entry_id LIMIT $4
"""
"""Documents come from the desk alone, entries wait where they were refiled, and nobody ordered either."""


@dataclass(frozen=True, slots=True)
class Task:
    """One result, document or entry that somebody should decide on. ``due_on`` None: nobody asked."""

    result_id: UUID | None
    document_id: UUID | None
    entry_id: UUID | None
    patient_id: UUID
    title: str
    received_at: datetime
    days_waiting: int
    ordering_provider_id: UUID | None
    due_on: date | None
    overdue: bool

    def concerns(self, provider_id: UUID, ordering_takes_part: bool) -> bool:
        """Whether it is that provider's: first the orderer's; after 3 days, or where nobody ordered it, everybody's."""
        mine = self.ordering_provider_id == provider_id or not ordering_takes_part
        everybody = self.days_waiting >= PARTICIPATING_DAYS or self.overdue
        asked = self.due_on is not None
        return everybody or (mine and (asked or self.days_waiting >= ORDERING_DAYS))

    @property
    def concerns_admin(self) -> bool:
        return self.days_waiting >= ADMIN_DAYS


async def tasks(rows: Rows, practice_id: UUID, now: datetime, zone: ZoneInfo) -> list[Task]:
    """What has waited a calendar day or was asked about since, longest first; what was imported starts no clock."""
    found = await rows.fetch(_TASKS, practice_id, now, received_before(now, ORDERING_DAYS, zone), MOST)
    made = []
    for row in found:
        asked_at: datetime | None = row["asked_at"]
        due_on = None if asked_at is None else next_business_day(asked_at.astimezone(zone).date())
        made.append(
            Task(
                result_id=row["result_id"],
                document_id=row["document_id"],
                entry_id=row["entry_id"],
                patient_id=row["patient_id"],
                title=row["title"],
                received_at=row["received_at"],
                days_waiting=days_waiting(row["received_at"], now, zone),
                ordering_provider_id=row["ordering_provider_id"],
                due_on=due_on,
                overdue=due_on is not None and now.astimezone(zone).date() > due_on,
            )
        )
    return made

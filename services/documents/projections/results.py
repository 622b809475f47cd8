"""Results of patients: the staff's queue of waiting ones, and what patients may see once released."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from services.documents.domain.results import Result, Value
from services.documents.domain.review import VISIBLE
from services.documents.projections.reviewed import ReviewedTable
from shared.envelope import Recorded
from shared.reading import ReadModel, Rows

TREND_POINTS = 12
"""How many earlier values a trend shows."""
TREND_RESULTS = 100
"""How many of the latest released results a trend is looked for in: bounds the work of one page."""

REVIEWED = ReviewedTable("results", "result_id", "holds", "retractions")
where, approved_of, patients_of = REVIEWED.where, REVIEWED.approved_of, REVIEWED.patients_of
hold_of, retraction_reason = REVIEWED.hold_of, REVIEWED.retraction_reason

TABLES = (
    """CREATE TABLE results (
        result_id uuid PRIMARY KEY,
        practice_id uuid NOT NULL,
        patient_id uuid NOT NULL,
        ordering_provider_id uuid,
        state text NOT NULL,
        effective_at timestamptz NOT NULL,
        received_at timestamptz NOT NULL,
        released_at timestamptz,
        released_by uuid,
        origin text NOT NULL,
        held_until timestamptz,
        takes_effect_at timestamptz,
        corrects_id uuid,
        corrected_by_id uuid,
        misfiled boolean NOT NULL,
        subject_id uuid NOT NULL,
        sealed bytea NOT NULL
    )""",
    "CREATE INDEX results_of_patient ON results (patient_id, effective_at DESC, result_id DESC)",
    "CREATE INDEX results_waiting ON results (practice_id, received_at, result_id) WHERE state = 'waiting'",
    *REVIEWED.tables(),
)


async def add(recorded: Recorded[Result.Received], rows: Rows) -> None:
    event, report = recorded.event, recorded.event.report
    await rows.upsert(
        "results",
        {"result_id": event.result_id},
        {
            "practice_id": event.practice_id,
            "patient_id": event.patient_id,
            "ordering_provider_id": report.ordering_provider_id,
            "state": "waiting",
            "effective_at": report.effective_at,
            "received_at": event.received_at,
            "origin": event.origin,
            "corrects_id": report.corrects_id,
            "misfiled": False,
        },
        subject_id=event.patient_id,
        personal={
            "title": report.title,
            "category": report.category,
            "values": [
                [value.name, value.value, value.unit, value.reference_low, value.reference_high, value.code]
                for value in report.values
            ],
        },
    )


RESULTS = ReadModel(
    "results",
    "documents",
    TABLES,
    {
        Result.Received: add,
        **REVIEWED.apply(Result),
    },
    version=3,
)


@dataclass(frozen=True, slots=True)
class ResultRow:
    """One result as it stands; values only for those who may see them."""

    result_id: UUID
    practice_id: UUID
    patient_id: UUID
    ordering_provider_id: UUID | None
    state: str
    effective_at: datetime
    received_at: datetime
    released_at: datetime | None
    released_by: UUID | None
    title: str
    category: str
    values: tuple[Value, ...]
    held_until: datetime | None = None
    takes_effect_at: datetime | None = None
    corrects_id: UUID | None = None
    corrected_by_id: UUID | None = None
    misfiled: bool = False

    @property
    def is_visible(self) -> bool:
        """Whether others than staff may know of it."""
        return self.state in VISIBLE


async def page(
    rows: Rows, patient_id: UUID, staff: bool, before: tuple[datetime, UUID] | None, size: int
) -> list[ResultRow]:
    """Results of a patient by time of measurement, newest first; those who are not staff see no waiting ones."""
    found = await rows.fetch(
        """SELECT * FROM results
           WHERE patient_id = ANY(records_of($1)) AND ($2 OR state = ANY($6))
             AND ($3::timestamptz IS NULL OR (effective_at, result_id) < ($3, $4::uuid))
           ORDER BY effective_at DESC, result_id DESC LIMIT $5""",
        patient_id,
        staff,
        before[0] if before else None,
        before[1] if before else None,
        size,
        VISIBLE,
    )
    return [_row(one) for one in found]


@dataclass(frozen=True, slots=True)
class Queue:
    """What waits at a practice, or is held there; nothing of the patients ``without``."""

    practice_id: UUID
    without: Sequence[UUID]
    now: datetime
    held: bool = False


async def waiting(rows: Rows, queue: Queue, after: tuple[datetime, UUID] | None, size: int) -> list[ResultRow]:
    """What waits for approval, longest first. A hold ends at its instant: then the result is queued again."""
    found = await rows.fetch(
        """SELECT * FROM results
           WHERE practice_id = $1 AND state = 'waiting' AND patient_id <> ALL($2)
             AND ($3::timestamptz IS NULL OR (received_at, result_id) > ($3, $4::uuid))
             AND coalesce(held_until > $6, false) = $7
           ORDER BY received_at, result_id LIMIT $5""",
        queue.practice_id,
        list(queue.without),
        after[0] if after else None,
        after[1] if after else None,
        size,
        queue.now,
        queue.held,
    )
    return [_row(one) for one in found]


async def one(rows: Rows, result_id: UUID) -> ResultRow | None:
    """One result in whatever state, None where there is none."""
    found = await rows.fetch_one("SELECT * FROM results WHERE result_id = $1", result_id)
    return None if found is None else _row(found)


async def released_between(
    rows: Rows, patient_id: UUID, since: datetime, until: datetime, most: int
) -> list[ResultRow]:
    """What was measured from ``since`` until before ``until`` and stands released, oldest first."""
    found = await rows.fetch(
        """SELECT * FROM results
           WHERE patient_id = ANY(records_of($1)) AND state = 'released' AND effective_at >= $2 AND effective_at < $3
           ORDER BY effective_at, result_id LIMIT $4""",
        patient_id,
        since,
        until,
        most,
    )
    return [_row(one) for one in found]


async def trends(rows: Rows, of: ResultRow) -> dict[str, list[tuple[datetime, str]]]:
    """Earlier released values of the kinds that a result holds: kind → (measured at, value), oldest first."""
    found = await rows.fetch(
        """SELECT * FROM results
           WHERE patient_id = ANY(records_of($1)) AND state = 'released' AND effective_at < $2
           ORDER BY effective_at DESC, result_id DESC LIMIT $3""",
        of.patient_id,
        of.effective_at,
        TREND_RESULTS,
    )
    kinds = {kind(value) for value in of.values}
    points: dict[str, list[tuple[datetime, str]]] = {name: [] for name in kinds}
    for earlier in map(_row, found):
        for value in earlier.values:
            line = points.get(kind(value))
            if line is not None and len(line) < TREND_POINTS:
                line.append((earlier.effective_at, value.value))
    return {name: line[::-1] for name, line in points.items()}


def kind(value: Value) -> str:
    """What makes two values comparable: the LOINC code and unit, else name and unit."""
    return f"{value.code or value.name}\x1f{value.unit}"


def _row(found: dict[str, Any]) -> ResultRow:
    return ResultRow(
        result_id=found["result_id"],
        practice_id=found["practice_id"],
        patient_id=found["patient_id"],
        ordering_provider_id=found["ordering_provider_id"],
        state=found["state"],
        effective_at=found["effective_at"],
        received_at=found["received_at"],
        released_at=found["released_at"],
        released_by=found["released_by"],
        title=found["title"],
        category=found["category"],
        values=tuple(Value(*value) for value in found["values"]),
        held_until=found["held_until"],
        takes_effect_at=found["takes_effect_at"],
        corrects_id=found["corrects_id"],
        corrected_by_id=found["corrected_by_id"],
        misfiled=found["misfiled"],
    )

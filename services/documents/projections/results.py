"""Results of patients: the staff's queue of waiting ones, and what patients may see once released."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from services.documents.domain.results import Result, Value
from shared.envelope import Recorded
from shared.reading import ReadModel, Rows

TREND_POINTS = 12
"""How many earlier values a trend shows."""
TREND_RESULTS = 100
"""How many of the latest released results a trend is looked for in: bounds the work of one page."""

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
        position bigint NOT NULL,
        subject_id uuid NOT NULL,
        sealed bytea NOT NULL
    )""",
    "CREATE INDEX results_of_patient ON results (patient_id, effective_at DESC, result_id DESC)",
    "CREATE INDEX results_waiting ON results (practice_id, received_at, result_id) WHERE state = 'waiting'",
    """CREATE TABLE retractions (
        result_id uuid PRIMARY KEY,
        subject_id uuid NOT NULL,
        sealed bytea NOT NULL
    )""",
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
            "position": recorded.position,
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


async def release(recorded: Recorded[Result.Released], rows: Rows) -> None:
    await rows.update(
        "results",
        {"result_id": recorded.stream_id},
        {
            "state": "released",
            "released_at": recorded.event.released_at,
            "released_by": recorded.event.provider_id,
            "position": recorded.position,
        },
    )


async def retract(recorded: Recorded[Result.Retracted], rows: Rows) -> None:
    await rows.update(
        "results", {"result_id": recorded.stream_id}, {"state": "retracted", "position": recorded.position}
    )
    await rows.upsert(
        "retractions",
        {"result_id": recorded.stream_id},
        {},
        subject_id=recorded.event.patient_id,
        personal={"reason": recorded.event.reason},
    )


RESULTS = ReadModel(
    "results",
    "documents",
    TABLES,
    {Result.Received: add, Result.Released: release, Result.Retracted: retract},
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


async def page(
    rows: Rows, patient_id: UUID, staff: bool, before: tuple[datetime, UUID] | None, size: int
) -> list[ResultRow]:
    """Results of a patient by time of measurement, newest first; those who are not staff see no waiting ones."""
    found = await rows.fetch(
        """SELECT * FROM results
           WHERE patient_id = $1 AND ($2 OR state IN ('released', 'retracted'))
             AND ($3::timestamptz IS NULL OR (effective_at, result_id) < ($3, $4::uuid))
           ORDER BY effective_at DESC, result_id DESC LIMIT $5""",
        patient_id,
        staff,
        before[0] if before else None,
        before[1] if before else None,
        size,
    )
    return [_row(one) for one in found]


async def waiting(
    rows: Rows, practice_id: UUID, without: Sequence[UUID], after: tuple[datetime, UUID] | None, size: int
) -> list[ResultRow]:
    """What waits for approval at a practice, longest first; nothing of the patients ``without``."""
    found = await rows.fetch(
        """SELECT * FROM results
           WHERE practice_id = $1 AND state = 'waiting' AND patient_id <> ALL($2)
             AND ($3::timestamptz IS NULL OR (received_at, result_id) > ($3, $4::uuid))
           ORDER BY received_at, result_id LIMIT $5""",
        practice_id,
        without,
        after[0] if after else None,
        after[1] if after else None,
        size,
    )
    return [_row(one) for one in found]


async def one(rows: Rows, result_id: UUID) -> ResultRow | None:
    """One result in whatever state, None where there is none."""
    found = await rows.fetch_one("SELECT * FROM results WHERE result_id = $1", result_id)
    return None if found is None else _row(found)


async def where(rows: Rows, result_id: UUID) -> tuple[UUID, UUID] | None:
    """Practice and patient of a result."""
    found = await rows.fetch_one("SELECT practice_id, patient_id FROM results WHERE result_id = $1", result_id)
    return None if found is None else (found["practice_id"], found["patient_id"])


async def retraction_reason(rows: Rows, result_id: UUID) -> str:
    """Why a result was taken back; empty where it was not."""
    found = await rows.fetch_one("SELECT * FROM retractions WHERE result_id = $1", result_id)
    return "" if found is None else str(found["reason"])


async def trends(rows: Rows, of: ResultRow) -> dict[str, list[tuple[datetime, str]]]:
    """Earlier released values of the kinds that a result holds: kind → (measured at, value), oldest first."""
    found = await rows.fetch(
        """SELECT * FROM results
           WHERE patient_id = $1 AND state = 'released' AND effective_at < $2
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
    )

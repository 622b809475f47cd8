"""Tasks of the desk, open and settled; the patient's own words are sealed (R20, R42)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from services.consent.domain.task import DeskTask
from shared.envelope import Recorded
from shared.reading import ReadModel, Rows


@dataclass(frozen=True, slots=True)
class TaskRow:
    """``settled_at`` None: it waits."""

    task_id: UUID
    patient_id: UUID
    kind: str
    person_id: UUID | None
    raised_at: datetime
    due_on: date
    settled_at: datetime | None
    number: int
    words: str


async def add_task(recorded: Recorded[DeskTask.Raised], rows: Rows) -> None:
    event = recorded.event
    await rows.upsert(
        "desk_tasks",
        {"task_id": event.task_id},
        {
            "practice_id": event.practice_id,
            "patient_id": event.patient_id,
            "kind": event.about.kind,
            "person_id": event.about.person_id,
            "raised_at": event.raised_at,
            "due_on": event.due_on,
            "settled_at": None,
            "number": recorded.position,
        },
        subject_id=event.patient_id,
        personal={"words": event.about.words},
    )


async def settle_task(recorded: Recorded[DeskTask.Settled], rows: Rows) -> None:
    await rows.update("desk_tasks", {"task_id": recorded.stream_id}, {"settled_at": recorded.event.settled_at})


async def waiting_at(rows: Rows, practice_id: UUID, without: Sequence[UUID], after: int, size: int) -> list[TaskRow]:
    """Those that wait, the oldest first, after a number; ``without`` those of some patients."""
    found = await rows.fetch(
        """
        SELECT task_id, patient_id, kind, person_id, raised_at, due_on, settled_at, number, subject_id, sealed
        FROM desk_tasks WHERE practice_id = $1 AND settled_at IS NULL AND number > $2 AND NOT patient_id = ANY($4)
        ORDER BY number LIMIT $3
        """,
        practice_id, after, size, without,
    )  # fmt: skip
    return [TaskRow(**{name: row[name] for name in TaskRow.__slots__}) for row in found]


DESK_TASKS = ReadModel(
    name="desk-tasks",
    source="consent",
    tables=(
        """
        CREATE TABLE desk_tasks (
            task_id     uuid        PRIMARY KEY,
            practice_id uuid        NOT NULL,
            patient_id  uuid        NOT NULL,
            kind        text        NOT NULL,
            person_id   uuid,
            raised_at   timestamptz NOT NULL,
            due_on      date        NOT NULL,
            settled_at  timestamptz,
            number      bigint      NOT NULL,
            subject_id  uuid        NOT NULL,
            sealed      bytea       NOT NULL
        )
        """,
        "CREATE INDEX ON desk_tasks (practice_id, number) WHERE settled_at IS NULL",
    ),
    apply={DeskTask.Raised: add_task, DeskTask.Settled: settle_task},
)

"""Emergency access: who declared it, why, and what the review found; for the admin and the patient (R43)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.consent.domain.emergency import EmergencyAccess
from shared.envelope import Recorded
from shared.reading import ReadModel, Rows


@dataclass(frozen=True, slots=True)
class EmergencyRow:
    """``finding`` is empty while the review waits."""

    emergency_id: UUID
    practice_id: UUID
    patient_id: UUID
    account_id: UUID
    staff_id: UUID
    declared_at: datetime
    until: datetime
    finding: str
    reviewed_by: UUID | None
    reviewed_at: datetime | None
    number: int
    reason: str


async def add_emergency(recorded: Recorded[EmergencyAccess.Declared], rows: Rows) -> None:
    event = recorded.event
    await rows.upsert(
        "emergencies",
        {"emergency_id": event.emergency_id},
        {
            "practice_id": event.practice_id,
            "patient_id": event.patient_id,
            "account_id": event.declaration.account_id,
            "staff_id": event.declaration.staff_id,
            "declared_at": event.declaration.declared_at,
            "until": event.declaration.until,
            "finding": "",
            "number": recorded.position,
        },
        subject_id=event.patient_id,
        personal={"reason": event.declaration.reason},
    )


async def add_finding(recorded: Recorded[EmergencyAccess.Reviewed], rows: Rows) -> None:
    event = recorded.event
    await rows.update(
        "emergencies",
        {"emergency_id": recorded.stream_id},
        {"finding": event.finding, "reviewed_by": event.reviewed_by, "reviewed_at": event.reviewed_at},
    )


_SELECT = """
SELECT emergency_id, practice_id, patient_id, account_id, staff_id, declared_at, until, finding, reviewed_by,
       reviewed_at, number, subject_id, sealed
FROM emergencies
"""


@dataclass(frozen=True, slots=True)
class Asked:
    """Of one practice, ``without`` those of some patients; ``waiting``: only those not reviewed yet."""

    practice_id: UUID
    without: Sequence[UUID]
    waiting: bool


async def of_practice(rows: Rows, asked: Asked, before: int | None, size: int) -> list[EmergencyRow]:
    """Newest first, those before a number."""
    found = await rows.fetch(
        _SELECT + "WHERE practice_id = $1 AND ($2::bigint IS NULL OR number < $2) AND (NOT $4 OR finding = '')"
        " AND NOT patient_id = ANY($5) ORDER BY number DESC LIMIT $3",
        asked.practice_id, before, size, asked.waiting, asked.without,
    )  # fmt: skip
    return [_row(row) for row in found]


async def of_patient(rows: Rows, patient_id: UUID, before: int | None, size: int) -> list[EmergencyRow]:
    """Newest first, those before a number."""
    found = await rows.fetch(
        _SELECT
        + """WHERE patient_id = ANY(records_of($1)) AND ($2::bigint IS NULL OR number < $2)
             ORDER BY number DESC LIMIT $3""",
        patient_id, before, size,
    )  # fmt: skip
    return [_row(row) for row in found]


def _row(row: dict[str, object]) -> EmergencyRow:
    return EmergencyRow(**{name: row[name] for name in EmergencyRow.__slots__})  # type: ignore[arg-type]  # as selected


EMERGENCIES = ReadModel(
    name="emergencies",
    source="consent",
    tables=(
        """
        CREATE TABLE emergencies (
            emergency_id uuid        PRIMARY KEY,
            practice_id  uuid        NOT NULL,
            patient_id   uuid        NOT NULL,
            account_id   uuid        NOT NULL,
            staff_id     uuid        NOT NULL,
            declared_at  timestamptz NOT NULL,
            until        timestamptz NOT NULL,
            finding      text        NOT NULL,
            reviewed_by  uuid,
            reviewed_at  timestamptz,
            number       bigint      NOT NULL,
            subject_id   uuid        NOT NULL,
            sealed       bytea       NOT NULL
        )
        """,
        "CREATE INDEX ON emergencies (practice_id, number)",
        "CREATE INDEX ON emergencies (patient_id, number)",
    ),
    apply={EmergencyAccess.Declared: add_emergency, EmergencyAccess.Reviewed: add_finding},
)

"""Who viewed what of a patient's record, over all five services (R39): one read model a source, joined in the query."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.documents.domain.review import VISIBLE
from shared.contracts.access.v1.events import RecordViewed
from shared.envelope import Recorded
from shared.reading import Apply, ReadModel, Rows
from shared.rpc.viewing import View, publish_view
from shared.service import SERVICES


def table_of(source: str) -> str:
    return f"access_history_{source}"


def tables(source: str) -> tuple[str, str]:
    name = table_of(source)
    return (
        f"""CREATE TABLE {name} (
            position bigint PRIMARY KEY,
            patient_id uuid NOT NULL,
            at timestamptz NOT NULL,
            account_id uuid NOT NULL,
            staff_id uuid,
            acting_as text NOT NULL,
            action text NOT NULL,
            purpose text NOT NULL,
            object_ids text[] NOT NULL
        )""",
        f"CREATE INDEX {name}_of_patient ON {name} (patient_id, at DESC, position DESC)",
    )


def adding(source: str) -> Apply:
    """Own views and peers' have the same fields; each goes to the table of its source."""

    async def add(recorded: Recorded[RecordViewed | View.Viewed], rows: Rows) -> None:
        seen = recorded.event
        event = seen if isinstance(seen, RecordViewed) else publish_view(recorded)
        await rows.upsert(
            table_of(source),
            {"position": recorded.position},
            {
                "patient_id": event.patient_id,
                "at": recorded.at,
                "account_id": event.account_id,
                "staff_id": event.staff_id,
                "acting_as": event.acting_as,
                "action": event.rpc,
                "purpose": event.purpose,
                "object_ids": [str(one) for one in event.object_ids],
            },
        )

    return add


ACCESS_HISTORY: Sequence[ReadModel] = [
    ReadModel(
        table_of(source),
        source,
        tables(source),
        {View.Viewed if source == "documents" else RecordViewed: adding(source)},
    )
    for source in SERVICES
]


@dataclass(frozen=True, slots=True)
class Keyset:
    """Where a page ended."""

    at: datetime
    service: str
    position: int

    def __str__(self) -> str:
        return f"{self.at.isoformat()}/{self.service}/{self.position}"

    @classmethod
    def parse(cls, text: str) -> "Keyset | None":
        if not text:
            return None
        at, service, position = text.split("/")
        return cls(datetime.fromisoformat(at), service, int(position))


FEW = 3
"""Objects of a look that is told with their names."""


@dataclass(frozen=True, slots=True)
class AccessRow:
    """One look at the record."""

    at: datetime
    account_id: UUID
    staff_id: UUID | None
    roles: str
    acting_as: str
    action: str
    purpose: str
    service: str
    object_ids: list[UUID]
    keyset: Keyset

    @property
    def shows_few(self) -> bool:
        """A look at a thing or two, not at a list."""
        return len(self.object_ids) <= FEW


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which part of a history: for staff or for others, what lies before the keyset, so many."""

    staff: bool
    before: Keyset | None
    size: int


async def page(rows: Rows, patient_id: UUID, account_id: UUID | None, wanted: Wanted) -> list[AccessRow]:
    """The latest looks at a patient's record; ``account_id`` limits them to that account's own.

    One look into several joined records (R44) is one entry. Others than staff meet nothing that was not released: such
    objects are left out, and with its last one the look, until the release (R14, R15).
    """
    before = wanted.before
    found = await rows.fetch(
        _PAGE,
        patient_id,
        account_id,
        before.at if before else None,
        before.service if before else None,
        before.position if before else None,
        wanted.size,
        wanted.staff,
        VISIBLE,
    )
    return [
        AccessRow(
            at=row["at"],
            account_id=row["account_id"],
            staff_id=row["staff_id"],
            roles=row["roles"] or "",
            acting_as=row["acting_as"],
            action=row["action"],
            purpose=row["purpose"],
            service=row["service"],
            object_ids=[UUID(one) for one in row["object_ids"]],
            keyset=Keyset(row["at"], row["service"], row["position"]),
        )
        for row in found
    ]


async def titles(rows: Rows, object_ids: Sequence[UUID], scopes: Collection[str]) -> dict[UUID, str]:
    """The names of those objects that somebody of these scopes may see now; nothing misfiled."""
    found: dict[UUID, str] = {}
    for scope, sql, states in _TITLED:
        if scope in scopes and object_ids:
            for row in await rows.fetch(sql, list(object_ids), states):
                found[row["object_id"]] = str(row["title"])
    return found


_TITLED = (
    (
        "results",
        """SELECT result_id AS object_id, subject_id, sealed FROM results
           WHERE result_id = ANY($1) AND state = ANY($2) AND NOT misfiled""",
        VISIBLE,
    ),
    (
        "documents",
        """SELECT document_id AS object_id, subject_id, sealed FROM documents
           WHERE document_id = ANY($1) AND state = ANY($2) AND NOT misfiled""",
        VISIBLE,
    ),
    (
        "results",
        """SELECT entry_id AS object_id, subject_id, sealed FROM record_entries
           WHERE entry_id = ANY($1) AND state = ANY($2)""",
        ("listed",),
    ),
)
"""Scope, what it shows of the objects by name, and in which states."""

_UNION = " UNION ALL ".join(f"SELECT '{source}'::text AS service, * FROM {table_of(source)}" for source in SERVICES)  # noqa: S608
_PAGE = f"""
SELECT views.at, account_id, views.staff_id, roles, acting_as, action, purpose, service, views.position,
    shown.object_ids
FROM ({_UNION}) AS views
LEFT JOIN history_staff ON history_staff.staff_id = views.staff_id
CROSS JOIN LATERAL (
    SELECT coalesce(array_agg(object_id ORDER BY place), '{{}}') AS object_ids
    FROM unnest(views.object_ids) WITH ORDINALITY AS named (object_id, place)
    WHERE $7 OR NOT EXISTS (
        SELECT FROM results WHERE result_id = object_id::uuid AND state <> ALL($8)
        UNION ALL SELECT FROM documents WHERE document_id = object_id::uuid AND state <> ALL($8)
        UNION ALL SELECT FROM record_entries
            WHERE entry_id = object_id::uuid AND state NOT IN ('listed', 'retracted'))
) AS shown
WHERE patient_id = ANY(records_of($1)) AND ($2::uuid IS NULL OR account_id = $2)
  AND ($3::timestamptz IS NULL OR (views.at, service, views.position) < ($3, $4::text, $5::bigint))
  AND (cardinality(views.object_ids) = 0 OR cardinality(shown.object_ids) > 0)
  AND (views.patient_id = $1 OR NOT EXISTS (
    SELECT FROM ({_UNION}) AS same
    WHERE same.patient_id = $1
      AND (same.service, same.at, same.account_id, same.action) =
          (views.service, views.at, views.account_id, views.action)))
ORDER BY views.at DESC, service DESC, views.position DESC LIMIT $6
"""  # noqa: S608 - our own table names only

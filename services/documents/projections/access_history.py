"""Who viewed what of a patient's record, over all five services (R39): one read model a source, joined in the query."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

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


@dataclass(frozen=True, slots=True)
class AccessRow:
    """One look at the record."""

    at: datetime
    account_id: UUID
    acting_as: str
    action: str
    purpose: str
    service: str
    object_ids: list[UUID]
    keyset: Keyset


async def page(
    rows: Rows, patient_id: UUID, account_id: UUID | None, before: Keyset | None, size: int
) -> list[AccessRow]:
    """The latest looks at a patient's record; ``account_id`` limits them to that account's own."""
    found = await rows.fetch(
        f"""SELECT * FROM ({_UNION}) AS views
            WHERE patient_id = $1 AND ($2::uuid IS NULL OR account_id = $2)
              AND ($3::timestamptz IS NULL OR (at, service, position) < ($3, $4::text, $5::bigint))
            ORDER BY at DESC, service DESC, position DESC LIMIT $6""",  # noqa: S608 — our own table names only
        patient_id,
        account_id,
        before.at if before else None,
        before.service if before else None,
        before.position if before else None,
        size,
    )
    return [
        AccessRow(
            at=row["at"],
            account_id=row["account_id"],
            acting_as=row["acting_as"],
            action=row["action"],
            purpose=row["purpose"],
            service=row["service"],
            object_ids=[UUID(one) for one in row["object_ids"]],
            keyset=Keyset(row["at"], row["service"], row["position"]),
        )
        for row in found
    ]


_UNION = " UNION ALL ".join(f"SELECT '{source}'::text AS service, * FROM {table_of(source)}" for source in SERVICES)  # noqa: S608

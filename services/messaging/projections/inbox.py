"""The inbox: everything the practice sent to a patient or a patient asked of it, newest first (R32)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from services.messaging.keysets import Keyset
from services.messaging.projections import conversations
from services.messaging.projections.conversations import UNREAD
from shared.contracts.billing.v1.events import StatementPosted, StatementWithdrawn
from shared.contracts.documents.v1.events import DocumentReleased, DocumentRetracted, ResultReleased, ResultRetracted
from shared.contracts.identity.v1.events import UsualProviderJoined
from shared.envelope import Recorded
from shared.ids import natural_id
from shared.reading import ReadModel, Rows

SCOPE_OF_KIND = {
    "message": "messages",
    "result": "results",
    "document": "documents",
    "statement": "billing",
    "appointment": "appointments",
    "refill": "refills",
    "provider": "appointments",
}
"""Item kind → the scope that a viewer needs to know of it."""

RECORD_TABLES = (
    """CREATE TABLE inbox_records (
        item_id uuid PRIMARY KEY, patient_id uuid NOT NULL, kind text NOT NULL, state text NOT NULL,
        provider_id uuid NOT NULL, at timestamptz NOT NULL)""",
    "CREATE INDEX inbox_records_of_patient ON inbox_records (patient_id, at, item_id)",
)

STATEMENT_TABLES = (
    """CREATE TABLE inbox_statements (
        item_id uuid PRIMARY KEY, patient_id uuid NOT NULL, state text NOT NULL, confidential boolean NOT NULL,
        at timestamptz NOT NULL)""",
    "CREATE INDEX inbox_statements_of_patient ON inbox_statements (patient_id, at, item_id)",
)

PROVIDER_TABLES = (
    """CREATE TABLE inbox_providers (
        item_id uuid PRIMARY KEY, patient_id uuid NOT NULL, provider_id uuid NOT NULL, at timestamptz NOT NULL)""",
    "CREATE INDEX inbox_providers_of_patient ON inbox_providers (patient_id, at, item_id)",
)


async def release_result(recorded: Recorded[ResultReleased], rows: Rows) -> None:
    event = recorded.event
    await _record(rows, event.result_id, recorded, kind="result", state="released", provider_id=event.provider_id)


async def retract_result(recorded: Recorded[ResultRetracted], rows: Rows) -> None:
    event = recorded.event
    await _record(rows, event.result_id, recorded, kind="result", state="retracted", provider_id=event.provider_id)


async def release_document(recorded: Recorded[DocumentReleased], rows: Rows) -> None:
    event = recorded.event
    await _record(rows, event.document_id, recorded, kind="document", state="released", provider_id=event.provider_id)


async def retract_document(recorded: Recorded[DocumentRetracted], rows: Rows) -> None:
    event = recorded.event
    await _record(rows, event.document_id, recorded, kind="document", state="retracted", provider_id=event.provider_id)


async def _record(rows: Rows, item_id: UUID, recorded: Recorded[Any], **values: object) -> None:
    told = {"patient_id": recorded.event.patient_id, "at": recorded.at}
    await rows.upsert("inbox_records", {"item_id": item_id}, {**told, **values})


async def post_statement(recorded: Recorded[StatementPosted], rows: Rows) -> None:
    event = recorded.event
    await rows.upsert(
        "inbox_statements",
        {"item_id": event.statement_id},
        {"patient_id": event.patient_id, "state": "posted", "confidential": event.confidential, "at": recorded.at},
    )


async def withdraw_statement(recorded: Recorded[StatementWithdrawn], rows: Rows) -> None:
    """What replaced it stands in the inbox by itself; why it was withdrawn is for nobody to see here (R18)."""
    await rows.delete("inbox_statements", {"item_id": recorded.event.statement_id})


async def tell_of_provider(recorded: Recorded[UsualProviderJoined], rows: Rows) -> None:
    """One item a time that the provider joined (R29)."""
    event = recorded.event
    key = {"item_id": natural_id(event.patient_id, recorded.event_id)}
    await rows.upsert(
        "inbox_providers",
        key,
        {"patient_id": event.patient_id, "provider_id": event.provider_id, "at": recorded.at},
    )


INBOX_PROVIDERS = ReadModel("inbox_providers", "identity", PROVIDER_TABLES, {UsualProviderJoined: tell_of_provider})
INBOX_RECORDS = ReadModel(
    "inbox_records",
    "documents",
    RECORD_TABLES,
    {
        ResultReleased: release_result,
        ResultRetracted: retract_result,
        DocumentReleased: release_document,
        DocumentRetracted: retract_document,
    },
)
INBOX_STATEMENTS = ReadModel(
    "inbox_statements",
    "billing",
    STATEMENT_TABLES,
    {StatementPosted: post_statement, StatementWithdrawn: withdraw_statement},
)


@dataclass(frozen=True, slots=True)
class InboxItem:
    item_id: UUID
    kind: str
    object_id: UUID
    at: datetime
    state: str
    unread: bool
    provider_id: UUID | None
    starts_at: datetime | None
    subject: str = ""


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who looks: what is confidential is the patient's alone (R18)."""

    account_id: UUID
    scopes: frozenset[str]
    acting_as: str

    def kinds(self, kind: str = "") -> list[str]:
        """The kinds of items that the viewer's scopes reach, of those asked for."""
        return [name for name, scope in SCOPE_OF_KIND.items() if scope in self.scopes and kind in {"", name}]


@dataclass
class Watched:
    """What a watcher was told of the newest items: an item is told again when its state or time is another one."""

    _told: dict[UUID, tuple[str, datetime]]

    @classmethod
    def beginning(cls, items: Iterable[InboxItem]) -> "Watched":
        return cls({item.item_id: (item.state, item.at) for item in items})

    def changed(self, items: Sequence[InboxItem]) -> list[InboxItem]:
        """Those that are new or changed, oldest first. One that was pushed out by newer ones is forgotten."""
        before, self._told = self._told, {item.item_id: (item.state, item.at) for item in items}
        found = [item for item in items if before.get(item.item_id) != (item.state, item.at)]
        return found[::-1]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which part of the inbox: one kind ('' for all), what lies before the keyset, so many."""

    kind: str
    before: Keyset | None
    size: int


_ITEMS = f"""
    SELECT 'message' AS kind, message.message_id AS item_id, message.conversation_id AS object_id,
           message.sent_at AS at, CASE WHEN message.sender = 'staff' THEN 'received' ELSE 'sent' END AS state,
           {UNREAD} AS unread, conversation.provider_id, NULL::timestamptz AS starts_at
    FROM messages message JOIN conversations conversation USING (conversation_id)
    WHERE message.patient_id = ANY(records_of($1))
    UNION ALL
    SELECT kind, item_id, item_id, at, state, false, provider_id, NULL FROM inbox_records
    WHERE patient_id = ANY(records_of($1))
    UNION ALL
    SELECT 'statement', item_id, item_id, at, state, false, NULL, NULL FROM inbox_statements
    WHERE patient_id = ANY(records_of($1)) AND ($4 OR NOT confidential)
    UNION ALL
    SELECT 'appointment', appointment_id, appointment_id, changed_at, state, false, provider_id, starts_at
    FROM appointments WHERE patient_id = ANY(records_of($1)) AND ($4 OR NOT confidential) AND origin = 'portal'
    UNION ALL
    SELECT 'provider', item_id, provider_id, at, 'joined', false, provider_id, NULL FROM inbox_providers
    WHERE patient_id = ANY(records_of($1))
    UNION ALL
    SELECT 'refill', refill_id, refill_id, changed_at, state, false, provider_id, NULL FROM refills
    WHERE patient_id = ANY(records_of($1))"""  # noqa: S608  # constants only


async def page(rows: Rows, patient_id: UUID, viewer: Viewer, wanted: Wanted) -> list[InboxItem]:
    """Newest first; only what the viewer's scopes reach."""
    sql = f"""SELECT * FROM ({_ITEMS}) item WHERE kind = ANY($3)
        AND ($5::timestamptz IS NULL OR (at, item_id) < ($5::timestamptz, $6::uuid))
        ORDER BY at DESC, item_id DESC LIMIT $7"""  # noqa: S608  # constants only
    at, last = (wanted.before.at, wanted.before.id) if wanted.before else (None, None)
    kinds, is_patient = viewer.kinds(wanted.kind), viewer.acting_as == "self"
    found = await rows.fetch(sql, patient_id, viewer.account_id, kinds, is_patient, at, last, wanted.size)
    threads = [row["object_id"] for row in found if row["kind"] == "message"]
    subjects = await conversations.subjects(rows, threads) if threads else {}
    return [InboxItem(**row, subject=subjects.get(row["object_id"], "")) for row in found]

"""What is stored in the measurements: visits of about the size of a service's events, personal or the service's own."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import cast
from uuid import UUID

from shared.aggregate import SERVICE_SUBJECT, Aggregate, event
from shared.eventstore.store import CommandRecord, StreamChange
from shared.eventstore.stored import Stored, StoredTable
from shared.ids import uuid7

AT = datetime(2026, 3, 8, 7, 0, tzinfo=UTC)
PRACTICE = UUID(int=0xCC)
FINGERPRINT = bytes(32)
METADATA = {
    "actor": str(UUID(int=0xAC)),
    "acting_as": "self",
    "practice": str(PRACTICE),
    "origin": "portal",
    "purpose": "treatment",
}
REASON = "A follow-up on what was talked about last time, at one of the times that suit"


class Visit(Aggregate):
    """Belongs to an owner; the service itself owns what is stored in clear."""

    class Opened(Aggregate.Created):
        visit_id: UUID
        owner_id: UUID
        practice_id: UUID
        opened_at: datetime
        reason: str

    class Noted(Aggregate.Event):
        noted_at: datetime
        author_id: UUID
        text: str

    @staticmethod
    def create_id(visit_id: UUID) -> UUID:
        return visit_id

    @event(Opened)
    def __init__(self, visit_id: UUID, owner_id: UUID, practice_id: UUID, opened_at: datetime, reason: str) -> None:
        self.owner_id = owner_id
        self.opened_at = opened_at
        self.notes = 0

    @property
    def subject_id(self) -> UUID:
        return self.owner_id

    @event(Noted)
    def note(self, noted_at: datetime, author_id: UUID, text: str) -> None:
        self.notes += 1


TABLE = StoredTable([Stored("VisitOpened", Visit.Opened), Stored("VisitNoted", Visit.Noted)])


def visit(owner_id: UUID = SERVICE_SUBJECT, notes: int = 0) -> Visit:
    """A new one with so many notes."""
    made = Visit(visit_id=uuid7(), owner_id=owner_id, practice_id=PRACTICE, opened_at=AT, reason=REASON)
    for _ in range(notes):
        made.note(noted_at=AT, author_id=PRACTICE, text=REASON)
    return made


def change(made: Aggregate) -> StreamChange:
    """What a decision made pending, as the command loop hands it to the store."""
    events = cast("list[Aggregate.Event]", made.collect_events())
    return StreamChange(made.id, made.version - len(events), made.subject_id, events)


def command() -> CommandRecord:
    """A command of its own id."""
    return CommandRecord(uuid7(), FINGERPRINT, AT, METADATA)


def changes(count: int, owners: Sequence[UUID] = (SERVICE_SUBJECT,), notes: int = 0) -> Iterator[StreamChange]:
    """New visits, spread over the owners."""
    for number in range(count):
        yield change(visit(owners[number % len(owners)], notes))

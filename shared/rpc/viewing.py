"""A read of a patient's record is an event of its own: a stream of one, without command id, public (R39)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from shared.aggregate import Aggregate, event
from shared.contracts.access.v1.events import RecordViewed
from shared.envelope import Recorded
from shared.eventstore.store import CommandRecord, EventStore, StreamChange
from shared.eventstore.stored import Stored
from shared.ids import uuid7

NOBODY = UUID(int=0)
"""Stands for the account where there is none: a link's holder or a peer, whom ``acting_as`` names."""


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who looks, by which RPC and for what."""

    account_id: UUID
    staff_id: UUID | None
    acting_as: str
    rpc: str
    purpose: str


@dataclass(frozen=True, slots=True)
class Viewing:
    """What was shown of one patient."""

    practice_id: UUID
    patient_id: UUID
    object_ids: tuple[UUID, ...]


class View(Aggregate):
    """One look into one patient's record."""

    class Viewed(Aggregate.Created):
        viewer: Viewer
        viewing: Viewing
        viewed_at: datetime

    @staticmethod
    def create_id() -> UUID:
        return uuid7()

    @event(Viewed)
    def __init__(self, viewer: Viewer, viewing: Viewing, viewed_at: datetime) -> None:
        self.patient_id = viewing.patient_id

    @property
    def subject_id(self) -> UUID:
        return self.patient_id


async def record_views(
    store: EventStore, viewer: Viewer, viewings: Sequence[Viewing], at: datetime, metadata: Mapping[str, str]
) -> None:
    """Appends one event a patient, all or nothing; whoever shows the record waits for it."""
    views = [View(viewer=viewer, viewing=viewing, viewed_at=at) for viewing in viewings]
    changes = [StreamChange(view.id, 0, view.subject_id, view.pending_events) for view in views]  # type: ignore[arg-type]  # the library types its own base
    if changes:
        await store.append(CommandRecord(None, b"", at, metadata), changes)


STORED = (Stored("RecordViewed", View.Viewed),)
"""The row of every service's ``stored.py`` for recorded reads; ``shared/process.py`` adds it."""


def publish_view(recorded: Recorded[Any]) -> RecordViewed:
    """The row of every service's ``published.py`` for recorded reads; ``shared/process.py`` adds it."""
    viewed: View.Viewed = recorded.event
    return RecordViewed(
        practice_id=viewed.viewing.practice_id,
        patient_id=viewed.viewing.patient_id,
        account_id=viewed.viewer.account_id,
        staff_id=viewed.viewer.staff_id,
        acting_as=viewed.viewer.acting_as,
        rpc=viewed.viewer.rpc,
        purpose=viewed.viewer.purpose,
        object_ids=list(viewed.viewing.object_ids),
    )

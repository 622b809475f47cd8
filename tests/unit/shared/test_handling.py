"""The command loop: conflicts are decided again, repeats get the first answer, stolen keys are refused."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import cast
from uuid import UUID

import pytest

from shared.aggregate import Aggregate, event
from shared.errors import CommandReused, Conflict, NotFound, Refused
from shared.eventstore.store import A, Appended, CommandExists, CommandRecord, EventStore, StreamChange, VersionConflict
from shared.handling import TRIES, Created, StreamQueues, Streams, Work

AT = datetime(2026, 3, 8, 7, 0, tzinfo=UTC)
COMMAND, OTHER = UUID(int=1), UUID(int=2)


class Door(Aggregate):
    """Open until it is shut; what is shut cannot be shut."""

    class Opened(Aggregate.Created):
        door_id: UUID

    class Shut(Aggregate.Event):
        pass

    @staticmethod
    def create_id(door_id: UUID) -> UUID:
        return door_id

    @event(Opened)
    def __init__(self, door_id: UUID) -> None:
        self.is_open = True

    @property
    def subject_id(self) -> UUID:
        return self.id

    def shut(self) -> None:
        if not self.is_open:
            raise Refused
        self._shut()

    @event(Shut)
    def _shut(self) -> None:
        self.is_open = False


class Shelf:
    """As much of an event store as the loop meets; ``rivals`` others win that many times before it appends."""

    service = "doors"

    def __init__(self) -> None:
        self.events: dict[UUID, list[Aggregate.Event]] = {}
        self.commands: dict[UUID, Appended] = {}
        self.position = 0
        self.rivals = 0

    async def append(self, command: CommandRecord, changes: Sequence[StreamChange]) -> Appended:
        assert command.command_id is not None
        if command.command_id in self.commands:
            raise CommandExists(self.commands[command.command_id])
        for change in changes:
            actual = len(self.events.get(change.stream_id, []))
            if self.rivals or actual != change.expected_version:
                self.rivals -= 1
                raise VersionConflict(change.stream_id, change.expected_version, actual)
        first = self.position + 1
        for change in changes:
            self.events.setdefault(change.stream_id, []).extend(change.events)
            self.position += len(change.events)
        appended = Appended(first, self.position, command.at, command.fingerprint)
        self.commands[command.command_id] = appended
        return appended

    async def find(self, aggregate_class: type[A], stream_id: UUID) -> A | None:
        aggregate = None
        for stored in self.events.get(stream_id, []):
            aggregate = cast("A | None", stored.mutate(aggregate))
        return aggregate

    async def command(self, command_id: UUID) -> Appended | None:
        return self.commands.get(command_id)

    async def head(self) -> int:
        return self.position


def work(shelf: Shelf, command_id: UUID = COMMAND, fingerprint: bytes = b"", now: datetime = AT) -> Work:
    return Work(cast("EventStore", shelf), StreamQueues(), now, command_id, fingerprint)


async def open_door(unit: Work) -> Created:
    def build() -> Door:
        return Door(door_id=unit.new_id("door"))

    position = await unit.create(build)
    return Created(unit.new_id("door"), position)


async def test_a_repeat_a_day_later_gets_the_first_answer_and_writes_nothing() -> None:
    shelf = Shelf()
    first = await open_door(work(shelf))
    assert await open_door(work(shelf, now=AT + timedelta(days=1))) == first
    assert shelf.position == 1


async def test_a_repeat_of_what_would_now_be_refused_gets_the_first_answer() -> None:
    shelf = Shelf()
    door = (await open_door(work(shelf))).id
    first = await work(shelf, OTHER).change(Door, door, Door.shut)
    assert await work(shelf, OTHER).change(Door, door, Door.shut) == first
    with pytest.raises(Refused):
        await work(shelf, UUID(int=3)).change(Door, door, Door.shut)


async def test_a_command_id_with_another_request_is_refused() -> None:
    shelf = Shelf()
    await open_door(work(shelf, fingerprint=b"one"))
    with pytest.raises(CommandReused):
        await open_door(work(shelf, fingerprint=b"two"))


async def test_a_conflict_is_decided_again_and_the_last_try_still_counts() -> None:
    shelf = Shelf()
    shelf.rivals = TRIES - 1
    assert (await open_door(work(shelf))).position.number == 1


async def test_a_conflict_at_every_try_is_an_answer_and_writes_nothing() -> None:
    shelf = Shelf()
    shelf.rivals = TRIES
    with pytest.raises(Conflict):
        await open_door(work(shelf))
    assert shelf.position == 0


async def test_what_was_read_as_absent_is_guarded() -> None:
    shelf = Shelf()
    streams = Streams(cast("EventStore", shelf))
    assert await streams.find(Door, OTHER) is None
    assert [(change.stream_id, change.expected_version) for change in streams.changes()] == [(OTHER, 0)]


async def test_changing_what_does_not_exist_is_not_found() -> None:
    with pytest.raises(NotFound):
        await work(Shelf()).change(Door, OTHER, Door.shut)

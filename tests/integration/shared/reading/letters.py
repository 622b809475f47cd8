"""A service of no meaning: letters with an owner, read models of its own store and of a peer's records."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from shared.aggregate import Aggregate, event
from shared.effects import Effect
from shared.envelope import Recorded
from shared.eventstore.stored import Stored, StoredTable
from shared.reading import Incoming, ReadModel, Rows
from shared.reading.sources import Page

AT = datetime(2026, 3, 8, 7, 0, tzinfo=UTC)
ANN, BOB = UUID(int=0xA), UUID(int=0xB)
POISON = "poison"


class Letter(Aggregate):
    """Written once, read any number of times."""

    class Written(Aggregate.Created):
        letter_id: UUID
        owner_id: UUID
        text: str
        tags: list[str]

    class Read(Aggregate.Event):
        on: date

    @staticmethod
    def create_id(letter_id: UUID) -> UUID:
        return letter_id

    @event(Written)
    def __init__(self, letter_id: UUID, owner_id: UUID, text: str, tags: list[str]) -> None:
        self.owner_id = owner_id

    @property
    def subject_id(self) -> UUID:
        return self.owner_id

    @event(Read)
    def read(self, on: date) -> None:
        self.read_on = on


TABLE = StoredTable([Stored("LetterWritten", Letter.Written), Stored("LetterRead", Letter.Read)])


async def add_letter(recorded: Recorded[Letter.Written], rows: Rows) -> None:
    written = recorded.event
    if written.text == POISON:
        raise ValueError("expected a letter that can be read")
    await rows.upsert(
        "letters",
        {"letter_id": written.letter_id},
        {"position": recorded.position, "tags": written.tags, "about": {"length": len(written.text)}},
        subject_id=written.owner_id,
        personal={"text": written.text, "written_on": recorded.at.date()},
    )
    await count(recorded, rows)


async def mark_read(recorded: Recorded[Letter.Read], rows: Rows) -> None:
    await rows.update("letters", {"letter_id": recorded.stream_id}, {"read_on": recorded.event.on})


async def count(recorded: Recorded[Any], rows: Rows) -> None:
    """Reads before it writes, so that a record applied twice or lost shows."""
    found = await rows.fetch_one("SELECT letters FROM counts WHERE name = 'all'")
    await rows.upsert("counts", {"name": "all"}, {"letters": (found["letters"] if found else 0) + 1})


LETTERS = ReadModel(
    "letters",
    "letters",
    [
        "CREATE TABLE letters (letter_id uuid PRIMARY KEY, subject_id uuid NOT NULL, sealed bytea, position bigint, "
        "tags text[] NOT NULL, about jsonb, read_on date)",
        "CREATE INDEX letters_position ON letters (position)",
        "CREATE TABLE counts (name text PRIMARY KEY, letters bigint NOT NULL)",
    ],
    {Letter.Written: add_letter, Letter.Read: mark_read},
)


@dataclass(frozen=True)
class Rained:
    """A peer's event. ``bad`` records do not fit the table."""

    millimetres: int
    bad: bool = False


async def add_rain(recorded: Recorded[Rained], rows: Rows) -> None:
    if recorded.event.bad and not Sky.mended:
        raise KeyError("cloud")
    found = await rows.fetch_one("SELECT days FROM rain WHERE town_id = $1", recorded.key)
    days = [*(found["days"] if found else []), str(recorded.event.millimetres)]
    await rows.upsert("rain", {"town_id": recorded.key}, {"days": days})


RAIN = ReadModel(
    "rain",
    "weather",
    ["CREATE TABLE rain (town_id uuid PRIMARY KEY, days text[] NOT NULL)"],
    {Rained: add_rain},
)


def thank(recorded: Recorded[Letter.Written]) -> list[Effect]:
    return [
        Effect("thank", key=recorded.event.owner_id),
        Effect("remind", key=recorded.event.owner_id, due_at=recorded.at + timedelta(days=3)),
    ]


def umbrella(recorded: Recorded[Rained]) -> list[Effect]:
    return [Effect("umbrella", key=recorded.key)]


class Sky:
    """A peer's topic as a list; ``mended``: today's code can read what it could not."""

    mended = False

    def __init__(self) -> None:
        self.records: list[Incoming] = []
        self.partitions: dict[int, int] = {}

    def rain(self, town: UUID, millimetres: int, *, bad: bool = False, partition: int = 0, error: str = "") -> Incoming:
        position = len(self.records) + 1
        recorded = Recorded(
            event=Rained(millimetres, bad), source="weather", partition=partition, position=position, stream_id=town,
            version=1, subject_id=town, key=town, at=AT, recorded_at=AT,
        )  # fmt: skip
        incoming = Incoming(position, town, b"%d" % position, None if error else recorded, error)
        self.records.append(incoming)
        self.partitions[position] = partition
        return incoming

    async def pages(self, after: Mapping[int, int]) -> AsyncIterator[Page]:
        for partition in sorted(set(self.partitions.values())):
            found = [
                one
                for one in self.records
                if self.partitions[one.position] == partition and one.position > after.get(partition, 0)
            ]
            for start in range(0, len(found), 2):
                page = found[start : start + 2]
                yield partition, page, page[-1].position

    async def read_again(self, position: int, raw: bytes) -> Incoming | None:
        assert raw == b"%d" % position
        found = self.records[position - 1]
        if found.recorded is None and Sky.mended:
            event = Rained(0)
            return replace(
                found,
                error="",
                recorded=Recorded(
                    event=event, source="weather", partition=0, position=position, stream_id=found.key, version=1,
                    subject_id=found.key, key=found.key, at=AT, recorded_at=AT,
                ),
            )  # fmt: skip
        return found

"""The golden corpus: one stored sample of every word and schema version ever written, read back by tests.

``python -m tests.contract.corpus`` adds what is missing, for each owner of a table; it never changes a file.
"""

from collections.abc import Iterator
from dataclasses import fields
from importlib import import_module
from pathlib import Path
from typing import Any, get_type_hints
from uuid import UUID

from eventsourcing.utils import get_topic

from shared.aggregate import Aggregate
from shared.eventstore.mapper import ENVELOPE, Encoded, Mapper
from shared.eventstore.stored import Stored, StoredTable
from shared.privacy import DataError
from shared.rpc import viewing
from tests.contract.samples import sample

GOLDEN = Path(__file__).parent / "golden"
STREAM = UUID(int=1)


def table_of(owner: str) -> StoredTable:
    """The table of ``services/<owner>/stored.py``; ``shared``: what every service stores beside its own."""
    return StoredTable(viewing.STORED if owner == "shared" else import_module(f"services.{owner}.stored").STORED)


def check_corpus(table: StoredTable, folder: Path) -> list[str]:
    """What is wrong with the samples in ``folder``; nothing, if every one is read and none is missing.

    A sample of the present schema version must also be written again byte for byte: a class that changed
    without a new version and an upcast is found out here.
    """
    mapper = Mapper(table)
    wrong = [
        f"{path.name}: its word or version is no longer in the table, but may be in stores"
        for path in sorted(folder.glob("*.json"))
        if path.name not in {_file(row.word, version) for row in table for version in range(1, row.version + 1)}
    ]
    for row in table:
        for version in range(1, row.version + 1):
            wrong += _wrong(mapper, row, version, folder)
    return wrong


def add_missing(table: StoredTable, folder: Path) -> list[str]:
    """Writes a sample for each word whose present version has none; the names of the files."""
    mapper = Mapper(table)
    folder.mkdir(parents=True, exist_ok=True)
    added = []
    for row in table:
        path = folder / _file(row.word, row.version)
        if not path.exists():
            path.write_bytes(mapper.encode(sample_event(row)).data + b"\n")
            added.append(path.name)
    return added


def _wrong(mapper: Mapper, row: Stored, version: int, folder: Path) -> Iterator[str]:
    path = folder / _file(row.word, version)
    if not path.exists():
        yield f"{path.name}: expected a sample; python -m tests.contract.corpus adds it"
        return
    written = path.read_bytes().strip()
    try:
        event = mapper.decode(Encoded(row.word, version, written), STREAM, 1)
        again = mapper.encode(event).data
    except DataError as error:
        yield f"{path.name}: cannot be read back: {error}"
        return
    if version == row.version and again != written:
        yield f"{path.name}: expected it to be written as it was; a changed field needs a new version and an upcast"


def sample_event(row: Stored) -> Aggregate.Event:
    """An event of that class, version 1 of its stream, with a sample in each field."""
    shape: Any = row.event_class
    hints = get_type_hints(shape, include_extras=True)
    values = {field.name: sample(hints[field.name]) for field in fields(shape) if field.name not in ENVELOPE}
    if issubclass(shape, Aggregate.Created):
        values["originator_topic"] = get_topic(StoredTable([row]).aggregate_of[shape])
    event: Aggregate.Event = shape(
        originator_id=STREAM, originator_version=1, timestamp=shape.create_timestamp(), **values
    )
    return event


def _file(word: str, version: int) -> str:
    return f"{word}.v{version}.json"


def owners() -> list[str]:
    """Who has a table: shared, and each service."""
    return ["shared", *sorted(path.parent.name for path in (GOLDEN.parents[2] / "services").glob("*/stored.py"))]


if __name__ == "__main__":
    for name in owners():
        for file in add_missing(table_of(name), GOLDEN / name):
            print(f"{name}/{file}")

"""The golden corpus: one stored sample of every word and schema version ever written, read back by tests.

``python -m tests.contract.corpus`` adds what is missing, for each service; it never changes a file.
"""

from collections.abc import Iterator
from dataclasses import fields
from importlib import import_module
from pathlib import Path
from typing import Any, get_type_hints
from uuid import UUID

from shared.aggregate import Aggregate
from shared.eventstore.mapper import ENVELOPE, Encoded, Mapper
from shared.eventstore.stored import Stored, StoredTable
from shared.privacy import DataError
from tests.contract.samples import sample

GOLDEN = Path(__file__).parent / "golden"
STREAM = UUID(int=1)


def table_of(service: str) -> StoredTable:
    """The table of ``services/<service>/stored.py``."""
    return StoredTable(import_module(f"services.{service}.stored").STORED)


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
            path.write_bytes(_made(mapper, row))
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


def _made(mapper: Mapper, row: Stored) -> bytes:
    hints = get_type_hints(row.event_class, include_extras=True)
    values = {field.name: sample(hints[field.name]) for field in fields(row.event_class) if field.name not in ENVELOPE}
    shape: Any = row.event_class
    topic = {"originator_topic": ""} if issubclass(row.event_class, Aggregate.Created) else {}
    event = shape(originator_id=STREAM, originator_version=1, timestamp=shape.create_timestamp(), **topic, **values)
    return mapper.encode(event).data + b"\n"


def _file(word: str, version: int) -> str:
    return f"{word}.v{version}.json"


def services() -> list[str]:
    """Those that have a table."""
    return sorted(path.parent.name for path in (GOLDEN.parents[2] / "services").glob("*/stored.py"))


if __name__ == "__main__":
    for name in services():
        for file in add_missing(table_of(name), GOLDEN / name):
            print(f"{name}/{file}")

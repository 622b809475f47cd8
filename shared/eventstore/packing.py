"""A batch of commands as the arguments of ``append_all``, and of ``append_batch`` that looks at each command."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import UUID

import orjson

from shared.eventstore.store import CommandRecord

APPEND_ALL = """
SELECT append_all($1::text::uuid[], $2::text::integer[], $3, $4::text::uuid[], $5::text::integer[],
                  $6::text::integer[], $7::text::smallint[], $8::text::uuid[], $9::text::timestamptz[],
                  $10::text::uuid[], $11::text::integer[], $12::text::bytea[], $13::text::integer[],
                  $14::text::integer[], $15, $16::text::jsonb) AS base
"""
"""Columns are sent as text: the driver spends 7 µs an event on encoding arrays value by value, orjson less than 1."""
APPEND_BATCH = "SELECT * FROM append_batch($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)"


class StoredRow(NamedTuple):
    """One event as it is written."""

    stream_id: UUID
    version: int
    word: str
    schema_version: int
    subject_id: UUID
    data: bytes


@dataclass(slots=True)
class Append:
    """One command on its way into the store: the heads that it read, the rows that it writes, in order.

    ``metadata`` is a JSON object.
    """

    command: CommandRecord
    heads: Sequence[tuple[UUID, int]]
    rows: Sequence[StoredRow]
    metadata: str


def packed(batch: Sequence[Append]) -> list[Any] | None:
    """The arguments of APPEND_ALL; None for a batch without an event."""
    words: dict[str, int] = {}
    rows: list[tuple[Any, ...]] = []
    heads: list[tuple[UUID, int]] = []
    data: list[bytes] = []
    begin = 1
    for append in batch:
        command, first = append.command, append.rows[0] if append.rows else None
        for head in append.heads:
            # The unique index on stream and version looks at what a new stream's first event stands for.
            if head[1] or first is None or first.version != 1 or first.stream_id != head[0]:
                heads.append(head)
        at, metadata = command.at, append.metadata
        command_id: UUID | None = command.command_id
        events: int | None = len(append.rows)
        fingerprint: str | None = "\\x" + command.fingerprint.hex()
        for row in append.rows:
            stream_id, version, word, schema_version, subject_id, stored = row
            size = len(stored)
            rows.append((
                stream_id, version, words.setdefault(word, len(words) + 1), schema_version, subject_id, at,
                command_id, events, fingerprint, begin, size, metadata,
            ))  # fmt: skip
            data.append(stored)
            begin += size
            command_id = events = fingerprint = None
    if not rows:
        return None
    *columns, metadatas = zip(*rows, strict=True)
    head_columns = zip(*heads, strict=True) if heads else ((), ())
    return [
        *map(_array, head_columns),
        list(words),
        *map(_array, columns),
        b"".join(data),
        f"[{','.join(metadatas)}]",
    ]


def _array(values: Sequence[Any]) -> str:
    """PostgreSQL's text of an array of numbers, ids (also of the driver's class), instants or hexadecimal bytes."""
    return f"{{{orjson.dumps(values, default=str).decode()[1:-1]}}}"


def looked_at(batch: Sequence[Append]) -> list[list[Any]]:
    """The arguments of APPEND_BATCH, column by column."""
    heads = [(place, *head) for place, append in enumerate(batch, 1) for head in append.heads]
    rows = []
    for place, append in enumerate(batch, 1):
        command, count = append.command, len(append.rows)
        first: tuple[Any, ...] = (command.command_id, count, command.fingerprint)
        for row in append.rows:
            rows.append((
                place, row.stream_id, row.version, row.word, row.schema_version, row.subject_id, command.at,
                *first, row.data, append.metadata,
            ))  # fmt: skip
            first = (None, None, None)
    return [[len(append.rows) for append in batch], *_transposed(heads, 3), *_transposed(rows, 12)]


def _transposed(rows: Sequence[tuple[Any, ...]], width: int) -> list[list[Any]]:
    return [[row[place] for row in rows] for place in range(width)]

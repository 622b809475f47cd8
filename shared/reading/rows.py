"""Rows over PostgreSQL: what a batch writes is gathered and sent before anything reads, personal values sealed."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Protocol, TypeAlias
from uuid import UUID

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from shared.databases import answering
from shared.privacy import Envelope, MissingKey
from shared.reading import Row

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]"

LIVE = "live"
"""The schema of the views that name the live generation."""

SUBJECT, SEALED = "subject_id", "sealed"
STATEMENTS = 2_048
"""Texts of statements that are kept: to make one takes as long as to send its row."""
CONTEXT = "read model"
"""Where sealed columns belong. A query may join, rename and leave out keys, so it cannot name the row."""


class Seals(Protocol):
    """As much of ``shared.privacy.Sealer`` as rows need."""

    async def seal(self, subject_id: UUID, values: Mapping[str, Any], context: str) -> bytes: ...

    async def open_many(self, envelopes: Sequence[Envelope]) -> list[dict[str, Any] | None]: ...


class LiveRows:
    """What queries are given: they read. Only events write, else a replay would not give the same rows."""

    def __init__(self, connection: Connection, sealer: Seals) -> None:
        self._connection, self._sealer = connection, sealer

    async def upsert(
        self, table: str, key: Row, values: Row, *, subject_id: UUID | None = None, personal: Row | None = None
    ) -> None:
        raise TypeError("expected a query, found a change of a read model outside of its events")

    async def update(self, table: str, key: Row, values: Row) -> None:
        raise TypeError("expected a query, found a change of a read model outside of its events")

    async def delete(self, table: str, key: Row) -> None:
        raise TypeError("expected a query, found a change of a read model outside of its events")

    async def fetch(self, sql: str, *arguments: object) -> list[dict[str, Any]]:
        with answering():
            found = await self._connection.fetch(sql, *arguments)
        return await opened(self._sealer, found)

    async def fetch_one(self, sql: str, *arguments: object) -> dict[str, Any] | None:
        found = await self.fetch(sql, *arguments)
        return found[0] if found else None


class PostgresRows:
    """What a projection is given, inside the transaction of its batch; ``flush`` sends what is left.

    Changes of one table keep their order; those of different tables have none, as nothing reads between.
    ``schema`` holds the tables and comes first on the connection's search path.
    """

    def __init__(self, connection: Connection, schema: str, sealer: Seals) -> None:
        self._connection, self._schema, self._sealer = connection, schema, sealer
        self._gathered: dict[str, list[tuple[str, list[tuple[object, ...]]]]] = {}

    async def upsert(
        self, table: str, key: Row, values: Row, *, subject_id: UUID | None = None, personal: Row | None = None
    ) -> None:
        columns = {**values}
        if subject_id is not None:
            columns[SUBJECT] = subject_id
        if personal is not None:
            if subject_id is None:
                raise ValueError(f"expected a subject_id with the personal values of {table}")
            columns[SEALED] = await self._sealer.seal(subject_id, personal, CONTEXT)
        sql = _upsert(self._schema, table, tuple(key), tuple(columns))
        self._gather(table, sql, (*key.values(), *columns.values()))

    async def update(self, table: str, key: Row, values: Row) -> None:
        if not values:
            return
        sql = _update(self._schema, table, tuple(key), tuple(values))
        self._gather(table, sql, (*values.values(), *key.values()))

    async def delete(self, table: str, key: Row) -> None:
        self._gather(table, _delete(self._schema, table, tuple(key)), tuple(key.values()))

    async def fetch(self, sql: str, *arguments: object) -> list[dict[str, Any]]:
        await self.flush()
        return await opened(self._sealer, await self._connection.fetch(sql, *arguments))

    async def fetch_one(self, sql: str, *arguments: object) -> dict[str, Any] | None:
        found = await self.fetch(sql, *arguments)
        return found[0] if found else None

    async def flush(self) -> None:
        """Sends what was gathered, runs of one statement in one go."""
        gathered, self._gathered = self._gathered, {}
        for runs in gathered.values():
            for sql, rows in runs:
                if len(rows) == 1:
                    await self._connection.execute(sql, *rows[0])
                else:
                    await self._connection.executemany(sql, rows)

    def forget(self) -> None:
        """Drops what was gathered and not sent: its savepoint is rolled back."""
        self._gathered.clear()

    def _gather(self, table: str, sql: str, row: tuple[object, ...]) -> None:
        runs = self._gathered.setdefault(table, [])
        if runs and runs[-1][0] == sql:
            runs[-1][1].append(row)
        else:
            runs.append((sql, [row]))


def quoted(name: str) -> str:
    """An SQL identifier. Names come from code, never from a message; a quote in one is a mistake."""
    if '"' in name or "\x00" in name:
        raise ValueError("expected a name without quotes")
    return f'"{name}"'


@lru_cache(STATEMENTS)
def _upsert(schema: str, table: str, key: Sequence[str], columns: Sequence[str]) -> str:
    names = [*key, *columns]
    changes = ", ".join(f"{quoted(name)} = EXCLUDED.{quoted(name)}" for name in columns)
    return (
        f"INSERT INTO {quoted(schema)}.{quoted(table)} ({', '.join(map(quoted, names))}) "  # noqa: S608 - quoted
        f"VALUES ({', '.join(f'${place}' for place in range(1, len(names) + 1))}) "
        f"ON CONFLICT ({', '.join(map(quoted, key))}) DO {f'UPDATE SET {changes}' if changes else 'NOTHING'}"
    )


@lru_cache(STATEMENTS)
def _update(schema: str, table: str, key: Sequence[str], columns: Sequence[str]) -> str:
    changes = ", ".join(f"{quoted(name)} = ${place}" for place, name in enumerate(columns, 1))
    return f"UPDATE {quoted(schema)}.{quoted(table)} SET {changes} WHERE {_matching(key, len(columns))}"  # noqa: S608


@lru_cache(STATEMENTS)
def _delete(schema: str, table: str, key: Sequence[str]) -> str:
    return f"DELETE FROM {quoted(schema)}.{quoted(table)} WHERE {_matching(key)}"  # noqa: S608


def _matching(key: Sequence[str], offset: int = 0) -> str:
    if not key:
        raise ValueError("expected a key that says which rows, found none")
    return " AND ".join(f"{quoted(name)} = ${place}" for place, name in enumerate(key, offset + 1))


def plain(value: Any) -> Any:
    """asyncpg's own UUID class as the standard one: the sealed form and the comparison know types exactly."""
    if type(value) is list:
        return [plain(item) for item in value]
    return UUID(int=value.int) if isinstance(value, UUID) else value


async def opened(sealer: Seals, records: Sequence[asyncpg.Record]) -> list[dict[str, Any]]:
    """Rows with their personal values as plain columns; those of erased subjects are left out."""
    rows = [{name: plain(value) for name, value in record.items()} for record in records]
    if not rows or SEALED not in rows[0]:
        return rows
    if SUBJECT not in rows[0]:
        raise ValueError("expected subject_id beside sealed in the query")
    sealed = [row for row in rows if row[SEALED] is not None]
    if any(row[SUBJECT] is None for row in sealed):
        raise MissingKey("expected a subject of each sealed row, found none")
    personal = await sealer.open_many([Envelope(row[SUBJECT], row[SEALED], CONTEXT) for row in sealed])
    values = {id(row): found for row, found in zip(sealed, personal, strict=True)}
    kept = []
    for row in rows:
        found = values.get(id(row), {})
        if found is not None:
            del row[SEALED]
            kept.append({**row, **found})
    return kept

"""The service's own database: its pool, the live rows, and raw statements for adapters."""

from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeAlias
from uuid import UUID

import asyncpg
import orjson

from shared.databases import answering
from shared.errors import NotFound
from shared.privacy import Sealer
from shared.reading import Row, Rows
from shared.reading.rows import Connection, LiveRows

Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"

Reset: TypeAlias = Callable[[Any], Coroutine[Any, Any, None]]

MIGRATIONS = Path(__file__).parent / "migrations"
"""For ``shared.migrations.migrate``, after the event store's."""


async def open_pool(dsn: str, *, least: int = 1, most: int = 10, reset: Reset | None = None) -> Pool:
    """The pool that reading and effects stand on. Unqualified names: the service's own tables, then live views.

    ``reset``: what is done to a connection that comes back, in place of asyncpg's, which costs a round trip.
    """
    return await asyncpg.create_pool(
        dsn, min_size=least, max_size=most, init=_prepare, reset=reset, server_settings={"search_path": "public, live"}
    )


async def _prepare(connection: Connection) -> None:
    await connection.set_type_codec(
        "jsonb", schema="pg_catalog", encoder=lambda value: orjson.dumps(value).decode(), decoder=orjson.loads
    )


class PostgresDatabase:
    """Database over one pool. Statements are each their own transaction; ``live_rows`` is one connection."""

    def __init__(self, pool: Pool, sealer: Sealer) -> None:
        self.pool, self.sealer = pool, sealer

    @asynccontextmanager
    async def live_rows(self) -> AsyncIterator[Rows]:
        with answering():
            connection = await self.pool.acquire()
        try:
            yield LiveRows(connection, self.sealer)
        finally:
            await self.pool.release(connection)

    async def fetch(self, sql: str, *arguments: object) -> list[dict[str, Any]]:
        with answering():
            return [dict(record) for record in await self.pool.fetch(sql, *arguments)]

    async def execute(self, sql: str, *arguments: object) -> str:
        with answering():
            return await self.pool.execute(sql, *arguments)

    async def seal(self, subject_id: UUID, values: Row, context: str) -> bytes:
        return await self.sealer.seal(subject_id, values, context)

    async def unseal(self, subject_id: UUID, sealed: bytes, context: str) -> dict[str, Any]:
        found = await self.sealer.open(subject_id, sealed, context)
        if found is None:
            raise NotFound
        return found

    async def seal_bytes(self, subject_id: UUID, plain: bytes, context: str) -> bytes:
        return await self.sealer.seal_bytes(subject_id, plain, context)

    async def open_bytes(self, subject_id: UUID, sealed: bytes, context: str) -> bytes:
        return await self.sealer.open_bytes(subject_id, sealed, context)

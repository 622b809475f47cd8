"""The fixtures that integration tests stand on."""

import asyncpg
import pytest

from tests.waiting import until


async def test_each_test_gets_two_empty_databases_of_its_own(database: str, keys_database: str) -> None:
    assert database != keys_database
    for dsn in (database, keys_database):
        connection = await asyncpg.connect(dsn)
        assert await connection.fetchval("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == 0
        await connection.execute("CREATE TABLE things (n int)")
        await connection.close()


async def test_until_gives_up_at_its_deadline() -> None:
    with pytest.raises(TimeoutError):
        await until(lambda: False, seconds=0.05)

"""Numbered SQL: applied once, in order, all or nothing, by one process at a time."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from shared.migrations import Connection, MigrationRefused, migrate


@pytest.fixture
async def connection(database: str) -> AsyncIterator[Connection]:
    connection = await asyncpg.connect(database)
    yield connection
    await connection.close()


def write(folder: Path, **files: str) -> Path:
    for name, sql in files.items():
        (folder / f"{name[1:]}.sql").write_text(sql, encoding="utf-8")
    return folder


async def test_only_what_is_new_is_applied(connection: Connection, tmp_path: Path) -> None:
    write(tmp_path, _0001_a="CREATE TABLE a (n int)")
    assert await migrate(connection, tmp_path, "own") == ["0001_a.sql"]
    write(tmp_path, _0002_b="CREATE TABLE b (n int)")
    assert await migrate(connection, tmp_path, "own") == ["0002_b.sql"]
    assert await migrate(connection, tmp_path, "own") == []


async def test_scopes_count_for_themselves(connection: Connection, tmp_path: Path) -> None:
    write(tmp_path, _0001_a="CREATE TABLE IF NOT EXISTS a (n int)")
    assert await migrate(connection, tmp_path, "one") == await migrate(connection, tmp_path, "two") == ["0001_a.sql"]


async def test_a_failing_file_takes_its_predecessors_back(connection: Connection, tmp_path: Path) -> None:
    write(tmp_path, _0001_a="CREATE TABLE a (n int)", _0002_b="CREATE TABLE a (n int)")
    with pytest.raises(asyncpg.DuplicateTableError):
        await migrate(connection, tmp_path, "own")
    assert await connection.fetchval("SELECT to_regclass('a')") is None


async def test_a_changed_a_removed_and_a_missing_file_are_refused(connection: Connection, tmp_path: Path) -> None:
    write(tmp_path, _0001_a="CREATE TABLE a (n int)")
    await migrate(connection, tmp_path, "own")
    write(tmp_path, _0001_a="CREATE TABLE a (n bigint)")
    with pytest.raises(MigrationRefused, match=r"0001_a\.sql as it was applied"):
        await migrate(connection, tmp_path, "own")
    (tmp_path / "0001_a.sql").unlink()
    with pytest.raises(MigrationRefused, match="at most 0"):
        await migrate(connection, tmp_path, "own")
    write(tmp_path, _0002_b="SELECT 1")
    with pytest.raises(MigrationRefused, match=r"expected 0001_….sql, found 0002_b\.sql"):
        await migrate(connection, tmp_path, "new")


async def test_processes_that_start_together_apply_once(database: str, tmp_path: Path) -> None:
    write(tmp_path, _0001_a="CREATE TABLE a (n int)")
    connections = [await asyncpg.connect(database) for _ in range(4)]
    applied = await asyncio.gather(*(migrate(each, tmp_path, "own") for each in connections))
    assert sorted(applied) == [[], [], [], ["0001_a.sql"]]
    for each in connections:
        await each.close()

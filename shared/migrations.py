"""Numbered SQL files, applied once each, in order, under a lock: for shared's tables and the services' own."""

import hashlib
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import TypeAlias

import asyncpg
from asyncpg.pool import PoolConnectionProxy

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]"

_LOCK = 7_264_901
_TABLE = """
CREATE TABLE IF NOT EXISTS migrations (
    scope      text        NOT NULL,
    number     integer     NOT NULL,
    name       text        NOT NULL,
    sha256     bytea       NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (scope, number)
)
"""


class MigrationRefused(Exception):
    """The folder and what was applied do not go together."""


async def migrate(connection: Connection, folder: Path | Traversable, scope: str) -> list[str]:
    """Applies what is new in ``folder`` (``0001_name.sql`` …), all or nothing; the names of what was applied.

    Several processes may call it at once. MigrationRefused if an applied file was changed or a number is missing.
    """
    files = _numbered(folder)
    applied = []
    async with connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock($1)", _LOCK)
        await connection.execute(_TABLE)
        rows = await connection.fetch("SELECT number, sha256 FROM migrations WHERE scope = $1", scope)
        known = {row["number"]: row["sha256"] for row in rows}
        for number, file in enumerate(files, 1):
            text = file.read_text(encoding="utf-8")
            digest = hashlib.sha256(text.encode()).digest()
            if not file.name.startswith(f"{number:04}_"):
                raise MigrationRefused(f"{scope}: expected {number:04}_….sql, found {file.name}")
            if number in known:
                if known[number] != digest:
                    raise MigrationRefused(f"{scope}: expected {file.name} as it was applied, found it changed")
                continue
            await connection.execute(text)
            await connection.execute(
                "INSERT INTO migrations (scope, number, name, sha256) VALUES ($1, $2, $3, $4)",
                scope, number, file.name, digest,
            )  # fmt: skip
            applied.append(file.name)
        if len(known) > len(files):
            raise MigrationRefused(f"{scope}: expected at most {len(files)} applied migrations, found {len(known)}")
    return applied


def _numbered(folder: Path | Traversable) -> list[Path | Traversable]:
    return sorted((entry for entry in folder.iterdir() if entry.name.endswith(".sql")), key=lambda entry: entry.name)

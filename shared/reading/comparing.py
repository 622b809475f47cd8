"""Two generations compared row by row, as they read when they are opened."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from shared import tagged
from shared.reading.generations import schema_of
from shared.reading.rows import Connection, Seals, opened, quoted

ROWS = 500


@dataclass(frozen=True, slots=True)
class Compared:
    """One read model: rows and SHA-256 of the live and of the rebuilt one. Rows of parked keys are left out."""

    read_model: str
    rows: int
    hash: str
    rebuilt_rows: int
    rebuilt_hash: str

    @property
    def equal(self) -> bool:
        return (self.rows, self.hash) == (self.rebuilt_rows, self.rebuilt_hash)


async def compare(
    connection: Connection, sealer: Seals, read_model: str, tables: Sequence[str], generation: int
) -> Compared:
    """Both sides of one read model in the caller's snapshot. A table that only one side has counts as a difference."""
    found = await connection.fetch("SELECT key FROM public.parked UNION SELECT key FROM public.building_parked")
    parked = frozenset(row["key"] for row in found)
    live = await digest(connection, sealer, "live", tables, parked)
    rebuilt = await digest(connection, sealer, schema_of(generation), tables, parked)
    return Compared(read_model, *live, *rebuilt)


async def digest(
    connection: Connection, sealer: Seals, schema: str, tables: Sequence[str], parked: frozenset[UUID]
) -> tuple[int, str]:
    """(rows, SHA-256) of some tables of one schema, each by its primary key. Needs a transaction."""
    hashed, count = hashlib.sha256(), 0
    for table in sorted(tables):
        key = await _primary_key(connection, table)
        name = f"{quoted(schema)}.{quoted(table)}"
        exists = await connection.fetchval("SELECT to_regclass($1) IS NOT NULL", name)
        hashed.update(tagged.dumps([table, bool(exists)]))
        if not exists:
            continue
        order = ", ".join(map(quoted, key))
        cursor = await connection.cursor(f"SELECT * FROM {name} ORDER BY {order}")  # noqa: S608 - quoted
        while records := await cursor.fetch(ROWS):
            for row in await opened(sealer, records):
                if any(isinstance(value, UUID) and value in parked for value in row.values()):
                    continue
                hashed.update(tagged.dumps(sorted(row.items())))
                count += 1
    return count, hashed.hexdigest()


async def _primary_key(connection: Connection, table: str) -> list[str]:
    """Of the newest generation that has the table; views have no key of their own."""
    rows = await connection.fetch(
        "SELECT a.attname FROM pg_index i "
        "JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey) "
        "WHERE i.indisprimary AND i.indrelid = (SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = "
        "c.relnamespace WHERE n.nspname ~ '^generation_[0-9]+$' AND c.relname = $1 AND c.relkind = 'r' "
        "ORDER BY c.oid DESC LIMIT 1) ORDER BY array_position(i.indkey::int2[], a.attnum)",
        table,
    )
    return [row["attname"] for row in rows]

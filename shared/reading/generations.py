"""Generations: a schema of read-model tables each; views in ``live`` name the one that queries and events see."""

import hashlib
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import asyncpg

from shared.bus.partitions import PARTITIONS
from shared.reading import ReadModel
from shared.reading.database import Pool
from shared.reading.rows import Connection, quoted

BUILD_LOCK = 7_264_902
"""One process a service builds, swaps or drops generations at a time."""

_STRAY_TABLES = """
SELECT n.nspname AS schema, c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname ~ '^generation_[0-9]+$' AND c.relkind = 'r' AND NOT EXISTS (
    SELECT FROM (SELECT generation, tables FROM public.live_models
                 UNION ALL SELECT generation, tables FROM public.building_models) AS kept
    WHERE n.nspname = 'generation_' || kept.generation AND c.relname = ANY (kept.tables))
"""
_EMPTY_SCHEMAS = """
SELECT nspname FROM pg_namespace n
WHERE nspname ~ '^generation_[0-9]+$' AND NOT EXISTS (SELECT FROM pg_class WHERE relnamespace = n.oid)
"""

log = logging.getLogger(__name__)


class BadReadModel(Exception):
    """The definition of a read model cannot be used; the message says what was expected of which table."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A read model's tables in one generation."""

    generation: int
    fingerprint: str
    tables: Sequence[str]


def fingerprint(model: ReadModel) -> str:
    """Changes with whatever makes rows of older code unfit: source, tables, version."""
    tables = "\n".join(" ".join(text.split()) for text in model.tables)
    return hashlib.sha256(f"{model.source}\n{model.version}\n{tables}".encode()).hexdigest()


def schema_of(generation: int) -> str:
    return f"generation_{generation}"


class Generations:
    """The generations in one service's database. ``service`` names the own source.

    Building needs a pool of its own: while it holds the live positions, advances wait with theirs.
    """

    def __init__(self, pool: Pool, service: str, read_models: Sequence[ReadModel]) -> None:
        self.pool, self.service = pool, service
        self.models = {model.name: model for model in read_models}
        if len(self.models) != len(read_models):
            raise BadReadModel("expected each read model's name once")

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[None]:
        """Holds the lock of building; waits for another process that has it."""
        async with self.pool.acquire() as connection:
            await connection.execute("SELECT pg_advisory_lock($1)", BUILD_LOCK)
            try:
                yield
            finally:
                if not connection.is_closed():
                    await connection.execute("SELECT pg_advisory_unlock($1)", BUILD_LOCK)

    async def fit(self) -> bool:
        """Whether all read models are live as today's code defines them."""
        live = await self.live()
        return live.keys() == self.models.keys() and not any(
            self._unfit(live[name], model) for name, model in self.models.items()
        )

    async def prepare(self) -> list[str]:
        """Makes the tables of a first start, drops what code no longer has; names of read models to be built.

        To be called by whoever is ``alone``, before anything reads or advances.
        """
        await self._make_position_rows()
        live = await self.live()
        for name in live.keys() - self.models.keys():
            await self._hide(live[name], name)
        await self.sweep()
        unfit = [name for name, model in self.models.items() if self._unfit(live.get(name), model)]
        if unfit and not await self.pool.fetchval("SELECT EXISTS (SELECT FROM public.positions WHERE position > 0)"):
            number = await self.create(unfit)
            async with self.pool.acquire() as connection, connection.transaction():
                await self.show(connection, number)
            await self.sweep()
            return []
        return unfit

    async def live(self) -> dict[str, Shown]:
        """What the views show, by read model."""
        rows = await self.pool.fetch("SELECT read_model, generation, fingerprint, tables FROM public.live_models")
        return {row["read_model"]: Shown(row["generation"], row["fingerprint"], row["tables"]) for row in rows}

    async def building(self, generation: int) -> dict[str, Shown]:
        """The read models of a generation that is being built; empty where there is none."""
        rows = await self.pool.fetch(
            "SELECT read_model, fingerprint, tables FROM public.building_models WHERE generation = $1", generation
        )
        return {row["read_model"]: Shown(generation, row["fingerprint"], row["tables"]) for row in rows}

    async def all_building(self) -> list[int]:
        """Generations that are not live."""
        rows = await self.pool.fetch("SELECT DISTINCT generation FROM public.building_models ORDER BY 1")
        return [row["generation"] for row in rows]

    async def unfinished(self, names: Sequence[str]) -> int | None:
        """A generation of exactly these read models, as today's code defines them, whose building was broken off."""
        wanted = {name: fingerprint(self.models[name]) for name in names}
        for number in reversed(await self.all_building()):
            found = await self.building(number)
            if {name: shown.fingerprint for name, shown in found.items()} == wanted:
                return number
        return None

    async def create(self, names: Sequence[str]) -> int:
        """A new generation with empty tables of these read models, at position 0 of each of their sources."""
        async with self.pool.acquire() as connection, connection.transaction():
            number: int = await connection.fetchval("SELECT nextval('public.generation_numbers')::integer")
            schema = schema_of(number)
            await connection.execute(f"CREATE SCHEMA {schema}")
            await connection.execute(f"SET LOCAL search_path TO {schema}")
            known: set[str] = set()
            for name in names:
                for statement in self.models[name].tables:
                    await connection.execute(statement)
                tables = await _tables(connection, schema)
                await _check(connection, schema, name, tables.keys() - known, tables)
                await connection.execute(
                    "INSERT INTO public.building_models (generation, read_model, fingerprint, tables) "
                    "VALUES ($1, $2, $3, $4)",
                    number, name, fingerprint(self.models[name]), sorted(tables.keys() - known),
                )  # fmt: skip
                known |= tables.keys()
            await connection.execute(
                "INSERT INTO public.building_positions (generation, source, partition, position) "
                "SELECT $1, source, partition, 0 FROM public.positions WHERE source = ANY($2)",
                number, sorted({self.models[name].source for name in names}),
            )  # fmt: skip
        return number

    async def show(self, connection: Connection, generation: int) -> None:
        """Lets the views name this generation's tables, in the caller's transaction."""
        live = await self.live()
        for name, shown in (await self.building(generation)).items():
            for table in live[name].tables if name in live else ():
                if table not in shown.tables:
                    await connection.execute(f"DROP VIEW IF EXISTS live.{quoted(table)}")
            for table in shown.tables:
                await _show_table(connection, schema_of(generation), table)
            await connection.execute(
                "INSERT INTO public.live_models (read_model, generation, fingerprint, tables) VALUES ($1, $2, $3, $4) "
                "ON CONFLICT (read_model) DO UPDATE SET generation = excluded.generation, "
                "fingerprint = excluded.fingerprint, tables = excluded.tables",
                name, generation, shown.fingerprint, shown.tables,
            )  # fmt: skip
        await _forget(connection, generation)

    async def discard(self, generation: int) -> None:
        """Gives up a generation that is not live."""
        async with self.pool.acquire() as connection, connection.transaction():
            await _forget(connection, generation)
        await self.sweep()

    async def sweep(self) -> None:
        """Drops the tables that no row names, each when nobody reads it; what is in use is left for the next time."""
        async with self.pool.acquire() as connection:
            for stray in await connection.fetch(_STRAY_TABLES):
                await _drop(connection, f"TABLE {quoted(stray['schema'])}.{quoted(stray['name'])}")
            for empty in await connection.fetch(_EMPTY_SCHEMAS):
                await _drop(connection, f"SCHEMA {quoted(empty['nspname'])}")

    def _unfit(self, shown: Shown | None, model: ReadModel) -> bool:
        return shown is None or shown.fingerprint != fingerprint(model)

    async def _hide(self, shown: Shown, name: str) -> None:
        async with self.pool.acquire() as connection, connection.transaction():
            for table in shown.tables:
                await connection.execute(f"DROP VIEW IF EXISTS live.{quoted(table)}")
            await connection.execute("DELETE FROM public.live_models WHERE read_model = $1", name)

    async def _make_position_rows(self) -> None:
        """A row for each partition there can be, so that holding the rows holds everything."""
        peers = {model.source for model in self.models.values()} - {self.service}
        places = [(self.service, 0), *((peer, partition) for peer in sorted(peers) for partition in range(PARTITIONS))]
        await self.pool.executemany(
            "INSERT INTO public.positions (source, partition, position) VALUES ($1, $2, 0) ON CONFLICT DO NOTHING",
            places,
        )


async def _tables(connection: Connection, schema: str) -> Mapping[str, bool]:
    """Tables of a schema → whether they have a primary key."""
    rows = await connection.fetch(
        "SELECT c.relname, EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indisprimary) AS has_key "
        "FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relkind = 'r'",
        schema,
    )
    return {row["relname"]: row["has_key"] for row in rows}


async def _check(connection: Connection, schema: str, model: str, made: set[str], tables: Mapping[str, bool]) -> None:
    if not made:
        raise BadReadModel(f"expected CREATE TABLE statements with unqualified names of {model}, found no new table")
    without_key = sorted(table for table in made if not tables[table])
    if without_key:
        raise BadReadModel(f"expected a primary key of {', '.join(without_key)} of {model}")
    taken = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    clashes = sorted(made & {row["tablename"] for row in taken})
    if clashes:
        raise BadReadModel(f"expected names of {model} that no table of the service has, found {', '.join(clashes)}")


async def _show_table(connection: Connection, schema: str, table: str) -> None:
    view = f"VIEW live.{quoted(table)} AS SELECT * FROM {quoted(schema)}.{quoted(table)}"  # noqa: S608 - quoted
    try:
        async with connection.transaction():
            await connection.execute(f"CREATE OR REPLACE {view}")
    except asyncpg.InvalidTableDefinitionError:
        # Other columns than before: the view cannot be replaced in place.
        await connection.execute(f"DROP VIEW live.{quoted(table)}")
        await connection.execute(f"CREATE {view}")


async def _forget(connection: Connection, generation: int) -> None:
    for table in ("building_models", "building_positions", "building_parked"):
        await connection.execute(f"DELETE FROM public.{table} WHERE generation = $1", generation)  # noqa: S608


async def _drop(connection: Connection, what: str) -> None:
    try:
        async with connection.transaction():
            await connection.execute("SET LOCAL lock_timeout = '500ms'")
            await connection.execute(f"DROP {what}")
    except asyncpg.LockNotAvailableError:
        log.info("in use, dropped later: %s", what)

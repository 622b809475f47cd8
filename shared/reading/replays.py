"""Who builds generations: at a start whatever code has changed, and what ``portal replay`` asks for in a table."""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from shared.ids import uuid7
from shared.reading.comparing import Compared
from shared.reading.database import Pool
from shared.reading.failures import named, passes
from shared.reading.generations import BadReadModel, Generations
from shared.reading.rebuilding import Outdated, Progress, Rebuild
from shared.reading.rows import Seals
from shared.reading.sources import RecordSource

POLL_SECONDS = 0.5
TELL_SECONDS = 0.5
"""How often progress is written down at most."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Replay:
    """A row of ``rebuilds``. ``state``: requested, building, verifying, swapping, then done, differs or failed.

    ``report``: read model → {rows, hash, rebuilt_rows, rebuilt_hash, equal}; of a failed one {"error": …}.
    """

    id: UUID
    state: str
    progress: Mapping[str, int]
    report: Mapping[str, Any]

    @property
    def ended(self) -> bool:
        return self.state in {"done", "differs", "failed"}


async def request_replay(pool: Pool, read_models: Sequence[str] = (), *, verify: bool = True) -> UUID:
    """Asks the service's process for a rebuild (of all read models if none is named).

    With ``verify`` the new generation takes the live one's place only if both are equal.
    """
    replay_id = uuid7()
    await pool.execute(
        "INSERT INTO public.rebuilds (id, read_models, verify) VALUES ($1, $2, $3)",
        replay_id, list(read_models), verify,
    )  # fmt: skip
    return replay_id


async def find_replay(pool: Pool, replay_id: UUID) -> Replay | None:
    row = await pool.fetchrow("SELECT id, state, progress, report FROM public.rebuilds WHERE id = $1", replay_id)
    return Replay(**row) if row is not None else None


class Replays:
    """The role ``projector`` runs one: ``start`` before anything is served, ``run`` beside the rest."""

    def __init__(self, generations: Generations, records: Mapping[str, RecordSource], sealer: Seals) -> None:
        self._generations, self._records, self._sealer = generations, records, sealer
        self._pool = generations.pool

    async def start(self) -> None:
        """Makes the read models fit today's code; those that changed are built from the beginning first."""
        if await self._generations.fit():
            return  # Without the lock: another process may hold it for a long replay.
        async with self._generations.alone():
            unfit = await self._generations.prepare()
            while unfit:
                log.info("building read models that are new or changed: %s", ", ".join(sorted(unfit)))
                try:
                    async with self._rebuild(unfit) as rebuild:
                        await rebuild.catch_up()
                        await rebuild.swap()
                    return
                except Outdated:
                    await self._generations.discard(rebuild.generation)
                except Exception as error:
                    if not passes(error):
                        raise
                    log.warning("building read models waits: %s", named(error))
                    await asyncio.sleep(POLL_SECONDS)

    async def run(self) -> None:
        """Takes one request after the other, until cancelled. What was broken off is taken up again."""
        while True:
            try:
                if await self.take():
                    continue
            except Exception as error:
                if not passes(error):
                    raise
                log.warning("a rebuild waits: %s", named(error))
            await asyncio.sleep(POLL_SECONDS)

    async def take(self) -> bool:
        """Carries out the oldest open request, if there is one."""
        if not await self._open_request():
            return False
        async with self._generations.alone():
            await self._generations.sweep()
            row = await self._open_request()
            if row is None:
                return False
            try:
                await self._carry_out(row["id"], row["read_models"] or list(self._generations.models), row["verify"])
            except Exception as error:
                if passes(error):
                    raise
                log.warning("a rebuild failed: %s", named(error))
                await self._end(row["id"], "failed", {"error": _said(error)})
        return True

    async def _open_request(self) -> Any:
        return await self._pool.fetchrow(
            "SELECT id, read_models, verify FROM public.rebuilds WHERE ended_at IS NULL "
            "ORDER BY requested_at, id LIMIT 1"
        )

    async def _carry_out(self, replay_id: UUID, names: Sequence[str], verify: bool) -> None:
        unknown = sorted(set(names) - self._generations.models.keys())
        if unknown:
            raise BadReadModel(f"expected names of read models, found {', '.join(unknown)}")
        report: dict[str, object] = {}
        async with self._rebuild(names) as rebuild:
            try:
                await self._state(replay_id, "building", rebuild.generation)
                async with self._told(replay_id) as progress:
                    await rebuild.catch_up(progress)
                if verify:
                    await self._state(replay_id, "verifying", rebuild.generation)
                    compared = await rebuild.verify()
                    report = {one.read_model: _row(one) for one in compared}
                    if not all(one.equal for one in compared):
                        await self._generations.discard(rebuild.generation)
                        await self._end(replay_id, "differs", report)
                        return
                await self._state(replay_id, "swapping", rebuild.generation)
                await rebuild.swap()
            except Outdated:
                # The request stays open: it is taken again, with a new generation.
                await self._generations.discard(rebuild.generation)
                return
            except Exception as error:
                if not passes(error):
                    await self._generations.discard(rebuild.generation)
                raise
        await self._end(replay_id, "done", report)

    @asynccontextmanager
    async def _rebuild(self, names: Sequence[str]) -> AsyncIterator[Rebuild]:
        """The generation of these read models that was broken off, else a new one; others are discarded."""
        unfinished = await self._generations.unfinished(names)
        for other in await self._generations.all_building():
            if other != unfinished:
                await self._generations.discard(other)
        number = unfinished if unfinished is not None else await self._generations.create(names)
        rebuild = Rebuild(self._generations, number, self._records, self._sealer)
        await rebuild.open()
        try:
            yield rebuild
        finally:
            await rebuild.close()

    @asynccontextmanager
    async def _told(self, replay_id: UUID) -> AsyncIterator[Progress]:
        """Writes progress down now and then, and at the end."""
        latest, told = {"done": 0, "of": 0}, asyncio.Event()

        async def tell() -> None:
            while True:
                await told.wait()
                told.clear()
                await self._pool.execute("UPDATE public.rebuilds SET progress = $2 WHERE id = $1", replay_id, latest)
                await asyncio.sleep(TELL_SECONDS)

        def progress(done: int, of: int) -> None:
            latest.update(done=done, of=of)
            told.set()

        task = asyncio.create_task(tell(), name="rebuild-progress")
        try:
            yield progress
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
            await self._pool.execute("UPDATE public.rebuilds SET progress = $2 WHERE id = $1", replay_id, latest)

    async def _state(self, replay_id: UUID, state: str, generation: int) -> None:
        await self._pool.execute(
            "UPDATE public.rebuilds SET state = $2, generation = $3 WHERE id = $1", replay_id, state, generation
        )

    async def _end(self, replay_id: UUID, state: str, report: Mapping[str, object]) -> None:
        await self._pool.execute(
            "UPDATE public.rebuilds SET state = $2, report = $3, ended_at = clock_timestamp() WHERE id = $1",
            replay_id, state, dict(report),
        )  # fmt: skip


def _row(one: Compared) -> dict[str, object]:
    return {
        "rows": one.rows,
        "hash": one.hash,
        "rebuilt_rows": one.rebuilt_rows,
        "rebuilt_hash": one.rebuilt_hash,
        "equal": one.equal,
    }


def _said(error: Exception) -> str:
    """Our own errors say what was expected, without values; of others only the kind and place."""
    return str(error) if isinstance(error, BadReadModel) else named(error)

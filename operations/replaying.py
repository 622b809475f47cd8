"""``portal replay``: asks a service to rebuild read models beside the live ones, and tells how they compare."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import asyncpg

from operations.settings import database_variable
from shared.clock import monotonic
from shared.reading.database import open_pool
from shared.reading.replays import Replay, find_replay, request_replay

POLL_SECONDS = 0.1
SILENT_SECONDS = 60.0
"""A service that has not begun by then does not run."""

Progress = Callable[[int, int], None]
"""Events applied so far, and of how many."""


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """One read model: its rows in both generations, and whether they are the same after decryption."""

    read_model: str
    rows: int
    rebuilt_rows: int
    equal: bool


class ReplayFailed(Exception):
    """The rebuild did not come to its end; the live read models are as they were."""


async def replay(
    environment: Mapping[str, str],
    service: str,
    read_models: Sequence[str],
    *,
    verify: bool,
    progress: Progress = lambda done, of: None,
) -> list[Rebuilt]:
    """Rebuilds (all read models where none is named); with ``verify`` only equal ones take the live one's place."""
    pool = await open_pool(environment[database_variable(service)])
    try:
        replay_id = await request_replay(pool, read_models, verify=verify)
        begun = monotonic()
        while True:
            found = await find_replay(pool, replay_id)
            if found is None:
                raise ReplayFailed("the request is gone")
            progress(found.progress.get("done", 0), found.progress.get("of", 0))
            if found.ended:
                return _report(found)
            if found.state == "requested" and monotonic() - begun > SILENT_SECONDS:
                raise ReplayFailed(f"{service} does not run: nobody took the request up")
            await asyncio.sleep(POLL_SECONDS)
    except asyncpg.PostgresError as error:
        raise ReplayFailed(f"the database answered {error.sqlstate}") from None
    finally:
        await pool.close()


def _report(found: Replay) -> list[Rebuilt]:
    if found.state == "failed":
        raise ReplayFailed(str(found.report.get("error", "no reason was told")))
    return [
        Rebuilt(name, told["rows"], told["rebuilt_rows"], told["equal"]) for name, told in sorted(found.report.items())
    ]

"""What a database's failures become for those who ask: unavailable, or refused with a code and no values."""

from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg

from shared.errors import Unavailable

LOST = (
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.TooManyConnectionsError,
)
"""What says that a connection, or the server, went away: of a commit then under way nothing is known."""


class StoreFailure(Exception):
    """The database refused. Only its code is told: messages and details of the driver hold row values."""

    def __init__(self, sqlstate: str) -> None:
        self.sqlstate = sqlstate
        super().__init__(f"the database refused with {sqlstate}")


async def without_session_state(_connection: object) -> None:
    """A pool's ``reset`` where nothing outlives its transaction, which asyncpg has rolled back: saves a round trip."""


def is_lost(error: BaseException) -> bool:
    """asyncpg's own complaint about an argument is an interface error, too, but nothing that time mends."""
    return isinstance(error, LOST) and not isinstance(error, ValueError)


def refusal(error: BaseException) -> StoreFailure:
    """The failure without anything of the driver's message."""
    code = error.sqlstate if isinstance(error, asyncpg.PostgresError) else None
    return StoreFailure(code or type(error).__name__)


@contextmanager
def answering() -> Iterator[None]:
    """Around a read or an idempotent write: Unavailable for a lost connection, StoreFailure for a refusal."""
    try:
        yield
    except (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError) as error:
        if is_lost(error):
            raise Unavailable("expected the service's database to answer; nothing was done") from None
        raise refusal(error) from None

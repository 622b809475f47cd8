"""Effects that could not be carried out: the list for operations, and another try."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from shared.errors import NotFound
from shared.reading.database import Pool


@dataclass(frozen=True, slots=True)
class ParkedEffect:
    """``error`` is the kind of error and where it was raised, without values."""

    id: UUID
    cause: str
    kind: str
    key: UUID
    recipient: str
    at: datetime
    attempt: int
    error: str
    ended_at: datetime


async def parked_effects(pool: Pool, limit: int = 1000) -> list[ParkedEffect]:
    """The oldest parked effects, in the order of their causes."""
    rows = await pool.fetch(
        "SELECT id, cause, kind, key, recipient, at, attempt, error, ended_at FROM public.effects "
        "WHERE state = 'parked' ORDER BY number LIMIT $1",
        limit,
    )
    return [ParkedEffect(**row) for row in rows]


async def retry_effect(pool: Pool, effect_id: UUID) -> None:
    """Puts a parked effect back in its place in the line; NotFound where none is parked under this id."""
    moved = await pool.execute(
        "UPDATE public.effects SET state = 'pending', free_at = '-infinity', ended_at = NULL "
        "WHERE id = $1 AND state = 'parked'",
        effect_id,
    )
    if moved != "UPDATE 1":
        raise NotFound

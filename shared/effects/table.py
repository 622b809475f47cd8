"""The table of effects: one row by (cause, kind, recipient), inserted with what its cause changed."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from shared.effects import Effect
from shared.envelope import Recorded
from shared.ids import natural_id
from shared.reading.rows import Connection

MIGRATIONS = Path(__file__).parent / "migrations"
"""For ``shared.migrations.migrate``."""

_EFFECTS = UUID("0f6e5f0a-3f7c-5b7e-9f57-3d1c2ad0c0de")

_INSERT = """
INSERT INTO public.effects (id, cause, kind, key, recipient, at, due_at, details, traceparent)
VALUES ($1, $2, $3, $4, $5, $6, coalesce($7, '-infinity'::timestamptz), $8, $9)
ON CONFLICT (id) DO NOTHING
"""


def effect_id(cause: str, kind: str, recipient: str = "") -> UUID:
    """UUIDv5 of what makes an effect one: what a payment takes as its key and a mail as its Message-ID."""
    return natural_id(_EFFECTS, cause, kind, recipient)


async def insert(connection: Connection, decided: Iterable[tuple[Recorded[Any], Effect]]) -> None:
    """Rows for the effects of a batch, in the order of causes, of one cause by due time; known ones stay."""
    by_cause: dict[str, tuple[Recorded[Any], list[Effect]]] = {}
    for recorded, effect in decided:
        by_cause.setdefault(recorded.event_id, (recorded, []))[1].append(effect)
    rows: list[tuple[object, ...]] = []
    for cause, (recorded, effects) in by_cause.items():
        rows += cause_rows(cause, recorded.at, recorded.metadata.get("traceparent", ""), effects)
    if rows:
        await connection.executemany(_INSERT, rows)


async def insert_following(
    connection: Connection, cause: str, at: datetime, traceparent: str, effects: Sequence[Effect]
) -> None:
    """Rows that an effect adds to its own cause when it is done."""
    await connection.executemany(_INSERT, cause_rows(cause, at, traceparent, effects))


def cause_rows(cause: str, at: datetime, traceparent: str, effects: Sequence[Effect]) -> list[tuple[object, ...]]:
    ordered = sorted(effects, key=lambda effect: (effect.due_at is not None, effect.due_at or at))
    return [
        (
            effect_id(cause, effect.kind, effect.recipient),
            cause,
            effect.kind,
            effect.key,
            effect.recipient,
            at,
            effect.due_at,
            dict(effect.details),
            traceparent,
        )
        for effect in ordered
    ]

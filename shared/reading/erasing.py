"""Erasing a subject from everything that is derived: read models of every generation, effects, parked records."""

from uuid import UUID

from shared.reading.database import Pool
from shared.reading.rows import quoted

_TABLES = """
SELECT table_schema, table_name,
       CASE WHEN bool_or(column_name = 'subject_id') THEN 'subject_id' ELSE 'patient_id' END AS named
FROM information_schema.columns
WHERE table_schema LIKE 'generation\\_%' AND column_name IN ('subject_id', 'patient_id') AND data_type = 'uuid'
GROUP BY table_schema, table_name
ORDER BY table_schema, table_name
"""


async def erase_subject(pool: Pool, subject_id: UUID) -> None:
    """Deletes the rows of a subject whose key is destroyed already, so that nothing writes them again.

    A read model's row is the subject's by its column ``subject_id``, where it has none by ``patient_id``.
    """
    async with pool.acquire() as connection, connection.transaction():
        # All positions: nothing that was read before the tombstone is still on its way into a table.
        await connection.execute("LOCK TABLE public.positions, public.building_positions IN EXCLUSIVE MODE")
        for table in await connection.fetch(_TABLES):
            name = f"{quoted(table['table_schema'])}.{quoted(table['table_name'])}"
            await connection.execute(f"DELETE FROM {name} WHERE {quoted(table['named'])} = $1", subject_id)  # noqa: S608
        await connection.execute("DELETE FROM public.effects WHERE key = $1", subject_id)
        await connection.execute("DELETE FROM public.parked WHERE key = $1", subject_id)
        await connection.execute("DELETE FROM public.building_parked WHERE key = $1", subject_id)

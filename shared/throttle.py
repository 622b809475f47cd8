"""Throttles: tries are counted in one atomic statement before anything is checked."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.clock import machine_now
from shared.errors import Throttled
from shared.reading import Database

COUNT = """
INSERT INTO {table} AS tries (bucket, since, count)
SELECT bucket, $2::timestamptz, 1 FROM unnest($1::text[], $3::timestamptz[]) AS given (bucket, oldest) ORDER BY bucket
ON CONFLICT (bucket) DO UPDATE SET
    count = CASE WHEN tries.since <= (SELECT oldest FROM unnest($1::text[], $3::timestamptz[]) AS g (b, oldest)
                                      WHERE b = tries.bucket) THEN 1 ELSE tries.count + 1 END,
    since = CASE WHEN tries.since <= (SELECT oldest FROM unnest($1::text[], $3::timestamptz[]) AS g (b, oldest)
                                      WHERE b = tries.bucket) THEN $2::timestamptz ELSE tries.since END
RETURNING bucket, count
"""
"""All buckets at once, in one order, so that two callers never wait for each other crosswise."""
TAKE_BACK = "UPDATE {table} SET count = count - 1 WHERE bucket = ANY($1) AND count > 0"


@dataclass(frozen=True, slots=True)
class Bucket:
    """Something that is counted: at most ``most`` tries within ``window`` from the first."""

    name: str
    most: int
    window: timedelta


class Throttle:
    """Counts first; who was right has the count taken back.

    ``table`` is one of the service's own migrations: ``bucket text PRIMARY KEY, since timestamptz, count integer``.
    """

    def __init__(self, database: Database, table: str, clock: Callable[[], datetime] = machine_now) -> None:
        self._database, self._clock = database, clock
        self._count, self._take_back = COUNT.format(table=table), TAKE_BACK.format(table=table)

    async def count(self, *buckets: Bucket) -> None:
        """Counts one try in each bucket; Throttled where one has had its number already."""
        counts = await self.numbers(*buckets)
        if any(counts[bucket.name] > bucket.most for bucket in buckets):
            raise Throttled

    async def number(self, bucket: Bucket) -> int:
        """Counts one try and says which one it is."""
        return (await self.numbers(bucket))[bucket.name]

    async def numbers(self, *buckets: Bucket) -> dict[str, int]:
        """Counts one try in each bucket and says, by name, which one it is."""
        now = self._clock()
        names = [bucket.name for bucket in buckets]
        oldest = [now - bucket.window for bucket in buckets]
        rows = await self._database.fetch(self._count, names, now, oldest)
        return {row["bucket"]: row["count"] for row in rows}

    async def take_back(self, buckets: Sequence[Bucket]) -> None:
        """The answer was right: it is not one of the wrong ones."""
        await self._database.execute(self._take_back, [bucket.name for bucket in buckets])

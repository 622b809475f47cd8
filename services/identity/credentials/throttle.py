"""Throttles: tries are counted in one atomic statement before anything is checked."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.clock import machine_now
from shared.errors import Throttled
from shared.reading import Database

DAY = timedelta(days=1)
ANSWERS_A_DAY = 10
"""R26: ten wrong answers an account and day."""
SOURCE_TRIES, SOURCE_WINDOW = 100, timedelta(minutes=15)
"""Wrong answers from one address, over all names; a whole practice may sit behind one."""
HOUR, MAILS_AN_HOUR = timedelta(hours=1), 5

COUNT = """
INSERT INTO credential_tries AS tries (bucket, since, count)
SELECT bucket, $2::timestamptz, 1 FROM unnest($1::text[], $3::timestamptz[]) AS given (bucket, oldest) ORDER BY bucket
ON CONFLICT (bucket) DO UPDATE SET
    count = CASE WHEN tries.since <= (SELECT oldest FROM unnest($1::text[], $3::timestamptz[]) AS g (b, oldest)
                                      WHERE b = tries.bucket) THEN 1 ELSE tries.count + 1 END,
    since = CASE WHEN tries.since <= (SELECT oldest FROM unnest($1::text[], $3::timestamptz[]) AS g (b, oldest)
                                      WHERE b = tries.bucket) THEN $2::timestamptz ELSE tries.since END
RETURNING bucket, count
"""
"""All buckets at once, in one order, so that two callers never wait for each other crosswise."""


@dataclass(frozen=True, slots=True)
class Bucket:
    """Something that is counted: at most ``most`` tries within ``window`` from the first."""

    name: str
    most: int
    window: timedelta


def source(address: str) -> Bucket:
    return Bucket(f"source:{address}", SOURCE_TRIES, SOURCE_WINDOW)


def answers(whose: str) -> Bucket:
    return Bucket(f"answers:{whose}", ANSWERS_A_DAY, DAY)


def requests(address: str) -> Bucket:
    """Recoveries asked for from one address."""
    return Bucket(f"requests:{address}", SOURCE_TRIES, SOURCE_WINDOW)


def passkeys(address: str) -> Bucket:
    """Challenges given to one address before anybody has signed in."""
    return Bucket(f"passkeys:{address}", 3 * SOURCE_TRIES, SOURCE_WINDOW)


def mails(word: str) -> Bucket:
    """Recovery mails for one name as typed. As long as links hold: who is kept from a new one has live ones."""
    return Bucket(f"mails:{word}", MAILS_AN_HOUR, HOUR)


class Throttle:
    """Counts first; who was right has the count taken back."""

    def __init__(self, database: Database, clock: Callable[[], datetime] = machine_now) -> None:
        self._database, self._clock = database, clock

    async def count(self, *buckets: Bucket) -> None:
        """Counts one try in each bucket; Throttled where one has had its number already."""
        now = self._clock()
        names = [bucket.name for bucket in buckets]
        oldest = [now - bucket.window for bucket in buckets]
        rows = await self._database.fetch(COUNT, names, now, oldest)
        counts = {row["bucket"]: row["count"] for row in rows}
        if any(counts[bucket.name] > bucket.most for bucket in buckets):
            raise Throttled

    async def number(self, bucket: Bucket) -> int:
        """Counts one try and says which one it is."""
        now = self._clock()
        rows = await self._database.fetch(COUNT, [bucket.name], now, [now - bucket.window])
        return int(rows[0]["count"])

    async def take_back(self, buckets: Sequence[Bucket]) -> None:
        """The answer was right: it is not one of the wrong ones."""
        await self._database.execute(
            "UPDATE credential_tries SET count = count - 1 WHERE bucket = ANY($1) AND count > 0",
            [bucket.name for bucket in buckets],
        )

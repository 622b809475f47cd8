"""A feed gives exactly what lies up to the asked positions, each record once, and keeps the rest."""

from collections.abc import AsyncIterator, Mapping
from uuid import UUID

from shared.reading import Incoming
from shared.reading.feed import Feed
from shared.reading.sources import Page


def record(position: int) -> Incoming:
    return Incoming(position, UUID(int=position), b"", None)


class Log:
    """Two partitions: odd and even positions, in pages of two, with an end."""

    def __init__(self, count: int) -> None:
        self.count, self.opened = count, 0

    async def pages(self, after: Mapping[int, int]) -> AsyncIterator[Page]:
        self.opened += 1
        for partition in (0, 1):
            found = [n for n in range(1, self.count + 1) if n % 2 == partition and n > after.get(partition, 0)]
            for start in range(0, len(found), 2):
                part = found[start : start + 2]
                yield partition, [record(n) for n in part], part[-1]

    async def read_again(self, position: int, raw: bytes) -> Incoming | None:
        return record(position)


async def given(feed: Feed, until: Mapping[int, int]) -> list[tuple[int, list[int], int]]:
    return [(place, [one.position for one in incoming], to) async for place, incoming, to in feed.upto(until)]


async def test_pages_are_cut_at_the_asked_positions_and_the_rest_comes_next() -> None:
    log = Log(10)
    feed = Feed(log, {})
    first = await given(feed, {0: 6, 1: 3})
    assert first == [(0, [2, 4], 4), (0, [6], 6), (1, [1, 3], 3)]
    assert await given(feed, {0: 6, 1: 3}) == []
    second = await given(feed, {0: 10, 1: 9})
    assert sorted(n for _, positions, _ in second for n in positions) == [5, 7, 8, 9, 10]
    assert (log.opened, second[-1][2]) == (1, 9)
    await feed.close()


async def test_a_source_that_ended_is_read_again_from_where_it_was() -> None:
    log = Log(2)
    feed = Feed(log, {0: 2, 1: 0})
    assert await given(feed, {0: 2, 1: 1}) == [(1, [1], 1)]
    log.count = 4
    assert await given(feed, {0: 4, 1: 3}) == [(0, [4], 4), (1, [3], 3)]
    await feed.close()

"""One source read up to given positions and no further, so that a generation never passes the live one."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing
from typing import cast

from shared.reading.sources import Page, RecordSource

PAUSE_SECONDS = 0.02


class Feed:
    """Keeps its place in the source between calls; what was read beyond the asked positions waits in memory."""

    def __init__(self, records: RecordSource, after: Mapping[int, int]) -> None:
        self._records = records
        self._reached = dict(after)
        self._over: dict[int, list[Page]] = {}
        self._pages: AsyncIterator[Page] | None = None

    async def upto(self, until: Mapping[int, int]) -> AsyncIterator[Page]:
        """Pages that end at exactly these positions; waits for what the source does not have yet."""
        for partition in list(self._over):
            for page in self._over.pop(partition):
                for given in self._cut(page, until):
                    yield given
        while any(self._reached.get(partition, 0) < position for partition, position in until.items()):
            for given in self._cut(await self._next(), until):
                yield given

    async def close(self) -> None:
        if self._pages is not None:
            async with aclosing(self._pages):  # type: ignore[type-var]  # sources are async generators
                self._pages = None

    async def _next(self) -> Page:
        while True:
            if self._pages is None:
                self._pages = self._records.pages(self._read())
            try:
                return await anext(self._pages)
            except StopAsyncIteration:
                self._pages = None
                await asyncio.sleep(PAUSE_SECONDS)

    def _read(self) -> dict[int, int]:
        """How far the source was read: what was handed on, and what waits."""
        return self._reached | {partition: pages[-1][2] for partition, pages in self._over.items() if pages}

    def _cut(self, page: Page, until: Mapping[int, int]) -> list[Page]:
        """The part up to ``until``, marked as reached; the rest is kept, behind what is kept already."""
        partition, incoming, to = page
        limit = until.get(partition, 0)
        waiting = self._over.get(partition)
        if waiting or self._reached.get(partition, 0) >= limit:
            self._over.setdefault(partition, []).append(page)
            return []
        if to > limit:
            self._over[partition] = [cast("Page", (partition, [one for one in incoming if one.position > limit], to))]
            incoming, to = [one for one in incoming if one.position <= limit], limit
        self._reached[partition] = to
        return [(partition, incoming, to)]

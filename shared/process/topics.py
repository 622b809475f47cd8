"""A peer's topic as a source of records for rebuilds."""

from collections.abc import AsyncIterator, Mapping

from shared.bus.codec import decode_raw
from shared.bus.source import TopicSource
from shared.reading import Incoming
from shared.reading.sources import Page


class PeerTopic:
    """Implements RecordSource."""

    def __init__(self, topic: TopicSource) -> None:
        self._topic = topic

    def pages(self, after: Mapping[int, int]) -> AsyncIterator[Page]:
        return self._topic.pages(after)

    async def read_again(self, position: int, raw: bytes) -> Incoming | None:
        return decode_raw(raw)

"""When each partition's log began: a log that was made anew begins later, whatever its offsets look like."""

from collections.abc import Collection, Mapping
from typing import Any, Protocol


class AnswersTimes(Protocol):
    """The one question that is asked of aiokafka's consumer."""

    async def offsets_for_times(self, timestamps: Mapping[Any, int]) -> Mapping[Any, Any]:
        """Partition → offset and timestamp of its first record at or after that time, None where there is none."""


class Births:
    """Remembers each partition's first timestamp. Retention is unlimited, so it changes with the log only.

    Needed because a topic that was deleted and filled again may be as long as the old one, and hold more.
    """

    def __init__(self) -> None:
        self._known: dict[Any, int] = {}

    async def renewed(self, consumer: AnswersTimes, partitions: Collection[Any]) -> list[Any]:
        """The partitions whose log is another one than when last asked."""
        found = await consumer.offsets_for_times(dict.fromkeys(partitions, 0)) if partitions else {}
        renewed = []
        for partition, first in found.items():
            if first is None:
                continue
            if self._known.get(partition, first.timestamp) != first.timestamp:
                renewed.append(partition)
            self._known[partition] = first.timestamp
        return renewed

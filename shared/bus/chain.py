"""The chain that ``previous`` and ``position`` make: what to apply, what is a duplicate, where something is missing."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from shared.bus.codec import Record, decode
from shared.reading import Incoming

FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 60.0


@dataclass(slots=True)
class Followed:
    """What a batch of one partition comes to, seen from ``last``. ``to`` is the position after it.

    ``missing`` is the highest position that was passed over because something before it was not there (0: none).
    """

    to: int
    incoming: list[Incoming] = field(default_factory=list)
    duplicates: int = 0
    gaps: int = 0
    strangers: int = 0
    missing: int = 0

    def passed_over(self) -> dict[str, int]:
        """What was not applied, by reason."""
        return {"duplicates": self.duplicates, "gaps": self.gaps, "strangers": self.strangers}


def follow(records: Iterable[Record], last: int) -> Followed:
    """Applies what continues the chain: ``previous`` ≤ last < ``position``. Pure but for decoding.

    A record without a place in the chain is a stranger: the relay does not send such, so nothing is lost by
    passing it over. A type that this code does not know moves the position and nothing else.
    """
    followed = Followed(last)
    for record in records:
        place = record.place()
        if place is None:
            followed.strangers += 1
            continue
        previous, position = place
        if position <= followed.to:
            followed.duplicates += 1
        elif previous > followed.to:
            followed.gaps += 1
            followed.missing = max(followed.missing, position)
        else:
            incoming = decode(record)
            if incoming is not None:
                followed.incoming.append(incoming)
            followed.to = position
    return followed


@dataclass(slots=True)
class Gap:
    """A hole in one partition, and when to read the partition again from its start because of it.

    Only when the end that the log had when the hole was seen is reached: a relay that begins again fills it in
    passing. A hole that stays however often one reads must not keep the reader busy: the pauses double.
    """

    missing: int = 0
    log_end: int = 0
    tries: int = 0
    not_before: float = 0.0

    def seen(self, missing: int, log_end: int) -> None:
        """``log_end``: the offset after the last record there is."""
        if missing > self.missing:
            self.missing, self.log_end = missing, log_end

    def due(self, last: int, next_offset: int, now: float) -> bool:
        """Whether to read again from the start; ``now`` in seconds of the monotonic clock. Closes a filled gap."""
        if not self.missing:
            return False
        if last >= self.missing:
            self.missing = self.log_end = self.tries = 0
            return False
        return next_offset >= self.log_end and now >= self.not_before

    def begin_again(self, now: float) -> None:
        """The partition is being read from its start; if the hole stays, the next time waits longer."""
        self.not_before = now + min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2**self.tries)
        self.tries += 1

"""A service's table of stored words: word ↔ event class, schema version, upcasts. No Python path is ever stored."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from shared.aggregate import Aggregate

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"

Upcast = Callable[[dict[str, Json]], dict[str, Json]]
"""The fields of one schema version as plain JSON → those of the next."""


@dataclass(frozen=True, slots=True)
class Stored:
    """One row of ``stored.py``. ``word`` is for ever; ``upcasts[n]`` lifts data of schema version n to n + 1.

    A changed field is a new ``version`` together with the upcast from the one before it.
    """

    word: str
    event_class: type[Aggregate.Event]
    version: int = 1
    upcasts: Mapping[int, Upcast] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.word or len(self.word) > 80 or not self.word.isascii():
            raise ValueError(f"expected an ASCII word of 1 to 80 characters, found {self.word!r}")
        expected = list(range(1, self.version))
        if sorted(self.upcasts) != expected:
            raise ValueError(f"expected upcasts of {self.word} from versions {expected}, found {sorted(self.upcasts)}")


class StoredTable:
    """All stored words of one service. A word, and an event class, stands in it once."""

    def __init__(self, rows: Sequence[Stored]) -> None:
        self.by_word: dict[str, Stored] = {}
        self.by_class: dict[type[Aggregate.Event], Stored] = {}
        self.aggregate_of: dict[type[Aggregate.Event], type[Aggregate]] = {}
        owners = {id(value): owner for owner in _aggregates(Aggregate) for value in vars(owner).values()}
        for row in rows:
            if row.word in self.by_word:
                raise ValueError(f"expected each word once, found {row.word} twice")
            if row.event_class in self.by_class:
                raise ValueError(f"expected each event class once, found {row.event_class.__qualname__} twice")
            if id(row.event_class) not in owners:
                raise ValueError(f"expected an event class nested in its aggregate: {row.event_class.__qualname__}")
            self.by_word[row.word] = row
            self.by_class[row.event_class] = row
            self.aggregate_of[row.event_class] = owners[id(row.event_class)]

    def __iter__(self) -> Iterator[Stored]:
        return iter(self.by_word.values())

    def word(self, event_class: type[Aggregate.Event]) -> str:
        """The stored word of an event class; KeyError where ``stored.py`` has no row for it."""
        return self.by_class[event_class].word


def _aggregates(root: type[Aggregate]) -> Iterator[type[Aggregate]]:
    for aggregate_class in root.__subclasses__():
        yield aggregate_class
        yield from _aggregates(aggregate_class)

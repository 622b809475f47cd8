"""Read models: one source each, rows written with the position they come from, rebuilt beside the live one."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol
from uuid import UUID

from shared.envelope import Recorded

Row = Mapping[str, Any]


class Rows(Protocol):
    """The rows of one read model: what a projection writes and what its queries read.

    Table names are the read model's own, unqualified. ``personal`` values are sealed together into the
    column ``sealed bytea`` under the key of ``subject_id``; a fetched row has them back as plain columns,
    and a row whose subject is erased is not returned.
    """

    async def upsert(
        self, table: str, key: Row, values: Row, *, subject_id: UUID | None = None, personal: Row | None = None
    ) -> None:
        """Inserts the row of that key, or replaces the named values (and all personal ones, if given)."""

    async def update(self, table: str, key: Row, values: Row) -> None:
        """Changes the named values of every row that matches ``key``; none is fine."""

    async def delete(self, table: str, key: Row) -> None:
        """Deletes every row that matches ``key``; none is fine."""

    async def fetch(self, sql: str, *arguments: object) -> list[dict[str, Any]]:
        """Rows of a SELECT (``$1`` …); select ``subject_id`` and ``sealed`` to have personal values opened."""

    async def fetch_one(self, sql: str, *arguments: object) -> dict[str, Any] | None:
        """The first row of a SELECT, or None."""


Apply = Callable[[Recorded[Any], Rows], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class ReadModel:
    """One read model or replica: its source, its tables, and how each event changes them.

    ``source`` is a service's name: the own one means the own store, another one that service's topic.
    ``tables`` are ``CREATE TABLE``/``CREATE INDEX`` statements with unqualified names. A table with personal
    values has the columns ``subject_id uuid`` and ``sealed bytea``. ``apply`` reads nothing but the event
    and its own rows: no clock, serial or random value, hence replay from zero equals live.
    """

    name: str
    source: str
    tables: Sequence[str]
    apply: Mapping[type, Apply] = field(default_factory=dict)

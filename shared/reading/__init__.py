"""Read models: one source each, rows written with the position they come from, rebuilt beside the live one."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol, SupportsBytes
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
    and its own rows: no clock, serial or random value, hence replay from zero equals live. ``version`` is raised
    when ``apply`` comes to mean something else; like changed ``tables`` it leads to a rebuild at the next start.
    """

    name: str
    source: str
    tables: Sequence[str]
    apply: Mapping[type, Apply] = field(default_factory=dict)
    version: int = 1


@dataclass(frozen=True, slots=True)
class Incoming:
    """One record of a source on its way in: decoded once, or the reason why it cannot be.

    ``key`` is the patient, else the stream: what is parked when the record is bad. The bytes of
    ``raw`` are kept when it is parked, and decoded again on retry.
    """

    position: int
    key: UUID
    raw: SupportsBytes
    recorded: Recorded[Any] | None
    error: str = ""


class Overtaken(Exception):
    """The stored position is not the expected one: another reader is ahead; read again from the stored one."""


class Advance(Protocol):
    """Moves one source's position forward together with everything that rests on it, in one transaction."""

    async def last(self, source: str, partition: int) -> int:
        """The stored position, 0 where nothing was read."""

    async def advance(self, source: str, partition: int, expected: int, incoming: Sequence[Incoming], to: int) -> None:
        """Compare-and-set ``expected`` → ``to``, read-model rows and effects of ``incoming``, all or nothing.

        Raises Overtaken. Data errors park the record's key; lost connections are raised and hold the partition.
        """


class Database(Protocol):
    """The service's own database for its adapters: raw SQL outside events and read models, sealed values."""

    def live_rows(self) -> AbstractAsyncContextManager[Rows]:
        """One connection with the live generation's views."""

    async def fetch(self, sql: str, *arguments: object) -> list[dict[str, Any]]:
        """Rows of one statement on the service's own tables (its ``migrations/``)."""

    async def execute(self, sql: str, *arguments: object) -> str:
        """Runs one statement; the command tag. A test-and-count in one statement is atomic."""

    async def seal(self, subject_id: UUID, values: Row, context: str) -> bytes:
        """Encrypts values under the subject's key, bound to ``context`` (table and row)."""

    async def unseal(self, subject_id: UUID, sealed: bytes, context: str) -> dict[str, Any]:
        """Opens what ``seal`` made; NotFound where the subject is erased."""

    async def seal_bytes(self, subject_id: UUID, plain: bytes, context: str) -> bytes:
        """Encrypts bytes as they are, e.g. a file; ErasedSubject under a tombstone."""

    async def open_bytes(self, subject_id: UUID, sealed: bytes, context: str) -> bytes:
        """Opens what ``seal_bytes`` made; ErasedSubject where the subject is erased."""

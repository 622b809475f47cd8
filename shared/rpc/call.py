"""One call being answered: who calls, about whom, and the two ways on: a command or a query."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeVar
from uuid import UUID

from shared.access.windows import HeldWindow
from shared.handling import Work
from shared.reading import Rows

C = TypeVar("C")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Actor:
    """Who calls. ``kind``: account, staff, anyone or a peer's principal (``messaging``, ``web``, …).

    ``id`` is the account (staff sign in with accounts, too), None for anyone and peers. For staff, ``staff_id``
    and ``roles`` are those at the object's practice, and ``provider_id`` is set where that person is a provider.
    ``acting_as`` is how an account reaches the located patient: self, representative or executor.
    """

    kind: str
    id: UUID | None = None
    session_id: UUID | None = None
    staff_id: UUID | None = None
    provider_id: UUID | None = None
    practice_id: UUID | None = None
    roles: frozenset[str] = frozenset()
    acting_as: str = ""
    scopes: frozenset[str] = frozenset()


class Call(Protocol):
    """What ``api.py`` is given beside the request. Policy has been applied before; errors are raised, not returned."""

    actor: Actor
    now: datetime
    """The rules' clock."""
    practice_id: UUID | None
    patient_id: UUID | None
    """As located in the service's own rows."""
    record_id: UUID | None
    """The record that holds the located object: a duplicate's where that was joined to the patient's (R44)."""
    client_address: str
    """As Envoy saw it; for throttles only."""
    token: str
    """The user's access token, to forward to a peer; empty without one."""

    async def perform(self, handler: Callable[[C, Work], Awaitable[R]], command: C, *, key: str = "") -> R:
        """Runs a command's handler with this call's idempotency key, actor and practice.

        ``key`` stands in for the header where the request itself names its occurrence (a webhook's event id).
        """

    def header(self, name: str) -> str:
        """A header as the gateway passed it on (a webhook's signature), '' for none; ``name`` in lower case."""

    def rows(self) -> AbstractAsyncContextManager[Rows]:
        """The live read models, at least as new as the header ``portal-after`` asks (else ReadModelBehind)."""

    def moves(self) -> AbstractContextManager[asyncio.Event]:
        """Set whenever this process moved the live read models. Others may move them, too: look now and then."""

    async def windows(self) -> Sequence[HeldWindow]:
        """The caller's windows on all patients that hold now: for lists over several patients."""

    def viewed(self, *object_ids: UUID, patient_id: UUID | None = None, practice_id: UUID | None = None) -> None:
        """Names what a recorded read shows, for ``RecordViewed``.

        ``patient_id`` and ``practice_id`` where none is located: once for each patient of a list. A look at a list of
        a patient whose records were joined is one into each of them.
        """

    def page(self, token: str, size: int) -> tuple[str, int]:
        """The opened keyset of a page token ('' for the first page) and the size within 1 … 200 (0 means 50)."""

    def next_page(self, keyset: str) -> str:
        """Seals a keyset to caller and query, for ``next_page_token``."""

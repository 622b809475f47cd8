"""The headers of a call, in and out, and what a running call hands on to the calls it makes."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace

AUTHORIZATION = "authorization"
IDEMPOTENCY_KEY = "idempotency-key"
AFTER = "portal-after"
CAUSE = "portal-cause"
CLIENT_ADDRESS = "portal-client-address"
"""Believed from the certificate ``web`` only."""
FORWARDED_FOR = "x-forwarded-for"
"""Its last entry is what Envoy saw; believed from the certificate ``gateway`` only."""

BEARER = "Bearer "
MOST_CHARACTERS = 8192


@dataclass(frozen=True, slots=True)
class Outgoing:
    """What goes out with a call: for a user the token, for the system the event that causes it.

    ``deadline`` is an instant of the local monotonic clock; None: the channel's own limit alone.
    """

    token: str = ""
    cause: str = ""
    idempotency_key: str = ""
    after: str = ""
    client_address: str = ""
    deadline: float | None = None

    def headers(self) -> list[tuple[str, str]]:
        values = (
            (AUTHORIZATION, f"{BEARER}{self.token}" if self.token else ""),
            (CAUSE, self.cause),
            (IDEMPOTENCY_KEY, self.idempotency_key),
            (AFTER, self.after),
            (CLIENT_ADDRESS, self.client_address),
        )
        return [(name, value) for name, value in values if value]


_NOTHING = Outgoing()
_OUTGOING: ContextVar[Outgoing] = ContextVar("outgoing", default=_NOTHING)


def outgoing() -> Outgoing:
    """What calls made from here hand on."""
    return _OUTGOING.get()


@contextmanager
def calling(
    *,
    token: str = "",
    idempotency_key: str = "",
    after: str = "",
    client_address: str = "",
    cause: str = "",
) -> Iterator[None]:
    """Calls made in the body carry exactly these, within the deadline that runs already."""
    with handing_on(Outgoing(token, cause, idempotency_key, after, client_address, outgoing().deadline)):
        yield


@contextmanager
def handing_on(given: Outgoing) -> Iterator[None]:
    """Calls made in the body carry this."""
    reset = _OUTGOING.set(given)
    try:
        yield
    finally:
        _OUTGOING.reset(reset)


@contextmanager
def within(deadline: float) -> Iterator[None]:
    """Calls made in the body end before ``deadline`` (monotonic), and carry what they carried."""
    with handing_on(replace(outgoing(), deadline=deadline)):
        yield


class Headers:
    """Incoming metadata: the one value of a name, '' for none. A name sent twice counts as not sent."""

    def __init__(self, metadata: Iterable[tuple[str, str | bytes]]) -> None:
        self._values: dict[str, str] = {}
        twice = set()
        for name, value in metadata:
            if isinstance(value, str) and len(value) <= MOST_CHARACTERS:
                if name in self._values:
                    twice.add(name)
                self._values[name] = value
        for name in twice:
            del self._values[name]

    def get(self, name: str) -> str:
        return self._values.get(name, "")

    @property
    def token(self) -> str:
        """The bearer token, '' without one."""
        value = self.get(AUTHORIZATION)
        return value[len(BEARER) :].strip() if value[: len(BEARER)].lower() == BEARER.lower() else ""

    def client_address(self, principal: str) -> str:
        """What Envoy saw, from the two certificates that are believed; else ''."""
        if principal == "gateway":
            return self.get(FORWARDED_FOR).rpartition(",")[2].strip()
        return self.get(CLIENT_ADDRESS) if principal == "web" else ""

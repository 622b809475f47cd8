"""The table of policies: who may call an RPC, for what, and how the object's practice and patient are found."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from shared.reading import Rows

ANYONE = "anyone"
"""No token needed: sign-in, a one-time link's form, a guest's payment, a signed webhook."""
ACCOUNT = "account"
"""A signed-in patient or representative, through an access window of the object's patient."""
STAFF = "staff"
"""A signed-in member of the object's practice, with one of ``roles``."""
PEER = "peer"
"""Another service or web, on the peer port, named in ``peers``."""

PURPOSES = frozenset({"scheduling", "billing", "treatment", "communication", "operations"})
"""R3: data serve only these four; ``operations`` is the running of the portal and touches no patient data."""


@dataclass(frozen=True, slots=True)
class Located:
    """The object's practice and patient, as found in the service's own rows. None: it concerns none.

    ``record_id`` is the record that holds the object, where that was joined to the patient's (R44); access is decided
    on the patient, and commands find the object in its record. None: nobody has looked yet.
    """

    practice_id: UUID | None = None
    patient_id: UUID | None = None
    record_id: UUID | None = None


Locate = Callable[[Any, Rows], Awaitable[Located]]
"""Finds practice and patient of the object named in the request; raises NotFound for absent objects."""


@dataclass(frozen=True, slots=True)
class Policy:
    """One row. An RPC without a row does not start.

    ``callers`` ⊆ {ANYONE, ACCOUNT, STAFF, PEER}; ``roles`` limits STAFF; ``scope`` is what an ACCOUNT's window
    must include (messages, results, documents, appointments, refills, billing; '' for none);
    ``locate`` None means that the RPC concerns only the caller's own account. ``recorded`` appends
    ``RecordViewed`` before the answer leaves. ``writes`` demands an Idempotency-Key. ``secrets`` are request
    fields left out of the command's fingerprint, logs and traces. ``step_up`` demands a factor of the last 5 min.
    ``peers`` are the principals that may call a peer RPC. ``link`` is the request field with the one-time link
    that ANYONE came by: it is the caller of the command, so that its key need not be a random UUID.
    """

    callers: frozenset[str]
    purpose: str
    roles: frozenset[str] = frozenset()
    scope: str = ""
    locate: Locate | None = None
    writes: bool = False
    recorded: bool = False
    step_up: bool = False
    secrets: frozenset[str] = frozenset()
    peers: frozenset[str] = field(default=frozenset())
    link: str = ""

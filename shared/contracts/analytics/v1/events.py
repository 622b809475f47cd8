"""What analytics may learn of the portal: that something of a kind happened, by pseudonyms (R3)."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from shared.contracts.event import PublicEvent

Actor = Literal["patient", "representative", "executor", "staff", "account", "anyone", "operations", "system"]
Origin = Literal["portal", "desk", "import"]
Purpose = Literal["scheduling", "billing", "treatment", "communication"]


class AnalyticsEvent(PublicEvent):
    """A public event without all that it tells but its kind, e.g. ``ResultReleased``; ``practice_id`` is the real one.

    ``event_id`` is the public event's, ``<service>:<position>``: the same for ever, so that repeats are dropped.
    """

    event_id: str
    kind: str
    patient: UUID | None
    """A pseudonym: one patient has one, whichever service tells; nothing where the event is about no patient."""
    account: UUID | None
    """A pseudonym of the account that acted; nothing where none did."""
    actor: Actor
    """``account``: signed in, on no patient's record; ``anyone``: nobody signed in; ``system``: the portal itself."""
    origin: Origin | None
    """Nothing where the portal itself or operations acted, and the event brings no origin of its own."""
    purpose: Purpose | None
    """That of the RPC that led to it; nothing where none did, or one of operations."""
    happened_at: datetime
    recorded_at: datetime

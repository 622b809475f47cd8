"""What consent and identity decide, as enforcement holds it: windows on patients, memberships in staffs."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

PREFERENCE = {"self": 0, "representative": 1, "executor": 2}
"""As whom an account acts where several windows hold at once."""


EMERGENCY = "emergency"
"""Acting so, a member of staff reads a record that their role does not show; it opens nothing else (R43)."""


@dataclass(frozen=True, slots=True)
class HeldWindow:
    """From ``since`` ≤ t < ``until`` the account may see ``scopes`` of the patient. None: without end."""

    patient_id: UUID
    practice_id: UUID
    person_id: UUID
    acting_as: str
    scopes: frozenset[str]
    since: datetime
    until: datetime | None
    rule: str = ""
    because: tuple[str, ...] = ()

    def holds(self, at: datetime) -> bool:
        """Whether ``at`` lies in the window; the end is the first instant that does not."""
        return self.since <= at and not self.is_over(at)

    def is_over(self, at: datetime) -> bool:
        return self.until is not None and self.until <= at

    @property
    def is_own(self) -> bool:
        """Of somebody who is or represents the patient; not of staff in an emergency."""
        return self.acting_as != EMERGENCY


@dataclass(frozen=True, slots=True)
class StaffMembership:
    """One account's place in the staff of one practice."""

    practice_id: UUID
    staff_id: UUID
    roles: frozenset[str]
    provider_id: UUID | None = None


def holding(windows: Iterable[HeldWindow], at: datetime) -> list[HeldWindow]:
    """The windows that hold at ``at``, the one to act by first."""
    return sorted(
        (window for window in windows if window.holds(at)), key=lambda window: PREFERENCE.get(window.acting_as, 9)
    )

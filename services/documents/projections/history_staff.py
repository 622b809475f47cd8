"""Replica: the last known roles of all staff, also of those who left, for the access history (R39)."""

from shared.contracts.identity.v1.events import StaffJoined, StaffRolesChanged
from shared.envelope import Recorded
from shared.reading import ReadModel, Rows

TABLES = ("CREATE TABLE history_staff (staff_id uuid PRIMARY KEY, roles text NOT NULL)",)


async def set_roles(recorded: Recorded[StaffJoined | StaffRolesChanged], rows: Rows) -> None:
    event = recorded.event
    await rows.upsert("history_staff", {"staff_id": event.staff_id}, {"roles": " ".join(sorted(event.roles))})


HISTORY_STAFF = ReadModel("history_staff", "identity", TABLES, {StaffJoined: set_roles, StaffRolesChanged: set_roles})
"""Joined in ``access_history``."""

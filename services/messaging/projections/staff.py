"""Replica: who works at which practice in which roles, by member of staff, as identity tells of them."""

from uuid import UUID

from shared.contracts.identity.v1.events import StaffJoined, StaffLeft, StaffRolesChanged
from shared.envelope import Recorded
from shared.reading import ReadModel, Rows

TABLES = ("CREATE TABLE staff (staff_id uuid PRIMARY KEY, practice_id uuid NOT NULL, roles text[] NOT NULL)",)


async def set_roles(recorded: Recorded[StaffJoined | StaffRolesChanged], rows: Rows) -> None:
    event = recorded.event
    values = {"practice_id": event.practice_id, "roles": list(event.roles)}
    await rows.upsert("staff", {"staff_id": event.staff_id}, values)


async def remove(recorded: Recorded[StaffLeft], rows: Rows) -> None:
    """The work of who leaves returns to the queue: nothing is assigned to who is not here."""
    await rows.delete("staff", {"staff_id": recorded.event.staff_id})


STAFF = ReadModel(
    "staff", "identity", TABLES, {StaffJoined: set_roles, StaffRolesChanged: set_roles, StaffLeft: remove}
)


async def roles_of(rows: Rows, practice_id: UUID, staff_id: UUID) -> frozenset[str]:
    """The member's roles at this practice; none for foreign and unknown ones alike."""
    sql = "SELECT roles FROM staff WHERE staff_id = $1 AND practice_id = $2"
    row = await rows.fetch_one(sql, staff_id, practice_id)
    return frozenset(row["roles"]) if row else frozenset()

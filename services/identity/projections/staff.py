"""Staff of each practice: invited, active, left."""

from collections.abc import Sequence
from uuid import UUID

from services.identity.domain.staff import StaffMember
from services.identity.domain.values import Duty
from shared.envelope import Recorded
from shared.reading import ReadModel, Row, Rows

TABLES = (
    """CREATE TABLE staff_members (
        staff_id uuid PRIMARY KEY,
        practice_id uuid NOT NULL,
        account_id uuid,
        state text NOT NULL,
        roles text[] NOT NULL,
        provider_id uuid,
        expires_at timestamptz NOT NULL,
        subject_id uuid NOT NULL,
        sealed bytea NOT NULL
    )""",
    "CREATE INDEX staff_members_of_practice ON staff_members (practice_id, staff_id)",
)


async def invite(recorded: Recorded[StaffMember.Invited], rows: Rows) -> None:
    event = recorded.event
    name = event.invitee.name
    await rows.upsert(
        "staff_members",
        {"staff_id": event.staff_id},
        {
            "practice_id": event.practice_id,
            "account_id": None,
            "state": "invited",
            **_columns(event.duty),
            "expires_at": event.expires_at,
        },
        subject_id=event.staff_id,
        personal={"given": name.given, "family": name.family, "email": event.invitee.email},
    )


async def join(recorded: Recorded[StaffMember.Joined], rows: Rows) -> None:
    changes = {"state": "active", "account_id": recorded.event.account_id}
    await rows.update("staff_members", {"staff_id": recorded.stream_id}, changes)


async def change_roles(recorded: Recorded[StaffMember.RolesChanged], rows: Rows) -> None:
    await rows.update("staff_members", {"staff_id": recorded.stream_id}, _columns(recorded.event.duty))


async def change_address(recorded: Recorded[StaffMember.AddressChanged], rows: Rows) -> None:
    known = await rows.fetch_one("SELECT * FROM staff_members WHERE staff_id = $1", recorded.stream_id)
    if known is not None:
        kept = ("practice_id", "account_id", "state", "roles", "provider_id", "expires_at")
        await rows.upsert(
            "staff_members",
            {"staff_id": recorded.stream_id},
            {name: known[name] for name in kept},
            subject_id=recorded.stream_id,
            personal={"given": known["given"], "family": known["family"], "email": recorded.event.email},
        )


async def leave(recorded: Recorded[StaffMember.Left | StaffMember.InvitationWithdrawn], rows: Rows) -> None:
    await rows.update("staff_members", {"staff_id": recorded.stream_id}, {"state": "left"})


def _columns(duty: Duty) -> dict[str, object]:
    return {"roles": sorted(duty.roles), "provider_id": duty.provider_id}


STAFF = ReadModel(
    "staff",
    "identity",
    TABLES,
    {
        StaffMember.Invited: invite,
        StaffMember.Joined: join,
        StaffMember.RolesChanged: change_roles,
        StaffMember.AddressChanged: change_address,
        StaffMember.Left: leave,
        StaffMember.InvitationWithdrawn: leave,
    },
)


async def page(rows: Rows, practice_id: UUID, after: UUID, size: int) -> Sequence[Row]:
    """Up to ``size`` members beyond ``after``, by id."""
    return await rows.fetch(
        "SELECT staff_id, state, roles, provider_id, expires_at, subject_id, sealed FROM staff_members "
        "WHERE practice_id = $1 AND staff_id > $2 ORDER BY staff_id LIMIT $3",
        practice_id, after, size,
    )  # fmt: skip

"""Who consented, is invited or is joined to which record."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from services.identity.domain.enrolments import Enrolments
from services.identity.domain.values import Relation
from shared.envelope import Recorded
from shared.reading import ReadModel, Row, Rows

TABLES = (
    """CREATE TABLE enrolments (
        patient_id uuid NOT NULL,
        person_id uuid NOT NULL,
        practice_id uuid NOT NULL,
        consented boolean NOT NULL DEFAULT false,
        invitation_id uuid,
        account_id uuid,
        joined_at timestamptz,
        unenrolled boolean NOT NULL DEFAULT false,
        PRIMARY KEY (patient_id, person_id)
    )""",
    "CREATE INDEX enrolments_of_account ON enrolments (account_id) WHERE account_id IS NOT NULL",
)


async def record_consent(recorded: Recorded[Enrolments.ConsentRecorded], rows: Rows) -> None:
    await _set(rows, recorded.event.relation, {"consented": True})


async def end_consent(recorded: Recorded[Enrolments.ConsentEnded], rows: Rows) -> None:
    await _set(rows, recorded.event.relation, {"consented": False})


async def invite(recorded: Recorded[Enrolments.Invited], rows: Rows) -> None:
    await _set(rows, recorded.event.relation, {"invitation_id": recorded.event.invitation_id})


async def join(recorded: Recorded[Enrolments.Joined], rows: Rows) -> None:
    event = recorded.event
    await _set(
        rows,
        event.relation,
        {"account_id": event.account_id, "joined_at": event.joined_at, "invitation_id": None, "unenrolled": False},
    )


async def leave(recorded: Recorded[Enrolments.Left], rows: Rows) -> None:
    await _set(rows, recorded.event.relation, {"account_id": None, "joined_at": None, "unenrolled": True})


async def _set(rows: Rows, relation: Relation, values: dict[str, object]) -> None:
    key = {"patient_id": relation.patient_id, "person_id": relation.person_id}
    await rows.upsert("enrolments", key, {"practice_id": relation.practice_id, **values})


ENROLMENTS = ReadModel(
    "enrolments",
    "identity",
    TABLES,
    {
        Enrolments.ConsentRecorded: record_consent,
        Enrolments.ConsentEnded: end_consent,
        Enrolments.Invited: invite,
        Enrolments.Joined: join,
        Enrolments.Left: leave,
    },
)


async def of_account(rows: Rows, account_id: UUID) -> Sequence[Row]:
    """The account's records, in the order of joining, with names of patient and practice."""
    return await rows.fetch(
        "SELECT e.patient_id, e.person_id, e.practice_id, e.joined_at, practices.name AS practice_name, "
        "patients.subject_id, patients.sealed FROM enrolments e "
        "JOIN practices USING (practice_id) JOIN patients ON patients.patient_id = e.patient_id "
        "WHERE e.account_id = $1 ORDER BY e.joined_at, e.patient_id",
        account_id,
    )


async def of_patient(rows: Rows, patient_id: UUID) -> Sequence[Row]:
    """Each person's state with the invitation that it rests on."""
    return await rows.fetch(
        "SELECT e.person_id, e.consented, e.account_id, e.unenrolled, i.state, i.expires_at FROM enrolments e "
        "LEFT JOIN invitations i ON i.invitation_id = e.invitation_id WHERE e.patient_id = $1 ORDER BY e.person_id",
        patient_id,
    )


async def without_address(rows: Rows, patient_id: UUID) -> Sequence[UUID]:
    """Who consented and cannot be invited until an address is known."""
    found = await rows.fetch(
        "SELECT e.person_id FROM enrolments e "
        "LEFT JOIN persons ON persons.person_id = e.person_id LEFT JOIN patients ON patients.patient_id = e.person_id "
        "WHERE e.patient_id = $1 AND e.consented AND e.account_id IS NULL "
        "AND NOT coalesce(persons.reachable, patients.reachable, false) ORDER BY e.person_id",
        patient_id,
    )
    return [row["person_id"] for row in found]


def state_of(row: Row | None, now: datetime) -> str:
    """none, invited, expired, void, enrolled, unenrolled."""
    if row is None:
        return "none"
    if row["account_id"] is not None:
        return "enrolled"
    if row["state"] == "open":
        return "expired" if row["expires_at"] <= now else "invited"
    if row["state"] == "void":
        return "void"
    return "unenrolled" if row["unenrolled"] else "none"

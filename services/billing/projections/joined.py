"""Which account which person of a record signs in with: identity's events, for guarantors."""

from uuid import UUID

from shared.contracts.identity.v1.events import PatientEnrolled, PatientErased, PatientUnenrolled
from shared.envelope import Recorded
from shared.reading import ReadModel, Rows

TABLES = (
    """CREATE TABLE joined (
        patient_id uuid NOT NULL,
        account_id uuid NOT NULL,
        person_id uuid NOT NULL,
        PRIMARY KEY (patient_id, account_id)
    )""",
    "CREATE INDEX joined_by_account ON joined (account_id)",
)


async def join(recorded: Recorded[PatientEnrolled], rows: Rows) -> None:
    event = recorded.event
    key = {"patient_id": event.patient_id, "account_id": event.account_id}
    await rows.upsert("joined", key, {"person_id": event.person_id})


async def leave(recorded: Recorded[PatientUnenrolled], rows: Rows) -> None:
    event = recorded.event
    await rows.delete("joined", {"patient_id": event.patient_id, "account_id": event.account_id})


async def erase(recorded: Recorded[PatientErased], rows: Rows) -> None:
    await rows.delete("joined", {"patient_id": recorded.event.patient_id})


JOINED = ReadModel(
    "joined", "identity", TABLES, {PatientEnrolled: join, PatientUnenrolled: leave, PatientErased: erase}
)


async def is_joined(rows: Rows, patient_id: UUID, person_id: UUID) -> bool:
    """Whether that person of the record has an account."""
    found = await rows.fetch_one(
        "SELECT 1 AS found FROM joined WHERE patient_id = $1 AND person_id = $2 LIMIT 1", patient_id, person_id
    )
    return found is not None

"""Replicas: who pays for which patient, as billing tells, and with which account that person signs in, as identity."""

from datetime import datetime
from uuid import UUID

from services.messaging.projections.readers import Reader
from shared.contracts.billing.v1.events import GuarantorNamed, GuarantorReleased
from shared.contracts.identity.v1.events import PatientEnrolled, PatientUnenrolled
from shared.envelope import Recorded
from shared.reading import ReadModel, Rows

GUARANTOR_TABLES = (
    "CREATE TABLE guarantors (patient_id uuid PRIMARY KEY, person_id uuid NOT NULL, since timestamptz NOT NULL)",
)
JOINED_TABLES = (
    """CREATE TABLE joined (
        patient_id uuid NOT NULL, person_id uuid NOT NULL, account_id uuid NOT NULL,
        PRIMARY KEY (patient_id, person_id))""",
)


async def name(recorded: Recorded[GuarantorNamed], rows: Rows) -> None:
    event = recorded.event
    values = {"person_id": event.person_id, "since": recorded.at}
    await rows.upsert("guarantors", {"patient_id": event.patient_id}, values)


async def release(recorded: Recorded[GuarantorReleased], rows: Rows) -> None:
    await rows.delete("guarantors", {"patient_id": recorded.event.patient_id})


async def join(recorded: Recorded[PatientEnrolled], rows: Rows) -> None:
    event = recorded.event
    key = {"patient_id": event.patient_id, "person_id": event.person_id}
    await rows.upsert("joined", key, {"account_id": event.account_id})


async def leave(recorded: Recorded[PatientUnenrolled], rows: Rows) -> None:
    event = recorded.event
    await rows.delete("joined", {"patient_id": event.patient_id, "person_id": event.person_id})


GUARANTORS = ReadModel("guarantors", "billing", GUARANTOR_TABLES, {GuarantorNamed: name, GuarantorReleased: release})
JOINED = ReadModel("joined", "identity", JOINED_TABLES, {PatientEnrolled: join, PatientUnenrolled: leave})


async def of_patient(rows: Rows, patient_id: UUID, at: datetime) -> list[Reader]:
    """Who pays since ``at`` or longer, as one who reads nothing; nobody where that person has no account (R33)."""
    found = await rows.fetch(
        """SELECT account_id, person_id, patient_id FROM guarantors JOIN joined USING (patient_id, person_id)
           WHERE patient_id = $1 AND since <= $2""",
        patient_id,
        at,
    )
    return [Reader(row["account_id"], row["person_id"], "", row["patient_id"]) for row in found]

"""Birth dates as identity's events told them, one row an event, sealed under the patient's key: commands read them."""

from datetime import date
from uuid import UUID

from shared.contracts.identity.v1.events import BirthDateCorrected, PatientRegistered
from shared.envelope import Recorded
from shared.reading import ReadModel, Rows


async def add_birth_date(recorded: Recorded[PatientRegistered | BirthDateCorrected], rows: Rows) -> None:
    event = recorded.event
    await rows.upsert(
        "birth_dates",
        {"patient_id": event.patient_id, "position": recorded.position},
        {},
        subject_id=event.patient_id,
        personal={"birth_date": event.birth_date},
    )


async def birth_date_of(rows: Rows, patient_id: UUID, position: int) -> date | None:
    """What the event at that position of identity told; None where it told nothing or the patient is erased."""
    found = await rows.fetch_one(
        "SELECT subject_id, sealed FROM birth_dates WHERE patient_id = $1 AND position = $2", patient_id, position
    )
    return None if found is None else found["birth_date"]


BIRTH_DATES = ReadModel(
    name="birth-dates",
    source="identity",
    tables=(
        """
        CREATE TABLE birth_dates (
            patient_id uuid   NOT NULL,
            position   bigint NOT NULL,
            subject_id uuid   NOT NULL,
            sealed     bytea  NOT NULL,
            PRIMARY KEY (patient_id, position)
        )
        """,
    ),
    apply={PatientRegistered: add_birth_date, BirthDateCorrected: add_birth_date},
)

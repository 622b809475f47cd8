"""Representatives and executors of each patient."""

from collections.abc import Sequence
from uuid import UUID

from services.identity.domain.patient import Person
from shared.envelope import Recorded
from shared.reading import ReadModel, Rows

TABLES = (
    """CREATE TABLE persons (
        person_id uuid PRIMARY KEY,
        patient_id uuid NOT NULL,
        practice_id uuid NOT NULL,
        reachable boolean NOT NULL,
        subject_id uuid NOT NULL,
        sealed bytea NOT NULL
    )""",
    "CREATE INDEX persons_of_patient ON persons (patient_id, person_id)",
)


async def register(recorded: Recorded[Person.Registered], rows: Rows) -> None:
    event = recorded.event
    name = event.identity.name
    await rows.upsert(
        "persons",
        {"person_id": event.person_id},
        {
            "patient_id": event.patient_id,
            "practice_id": event.practice_id,
            "reachable": bool(event.contact.email),
        },
        subject_id=event.person_id,
        personal={"given": name.given, "family": name.family},
    )


async def record_contact(recorded: Recorded[Person.ContactRecorded], rows: Rows) -> None:
    changes = {"reachable": bool(recorded.event.contact.email)}
    await rows.update("persons", {"person_id": recorded.stream_id}, changes)


PERSONS = ReadModel(
    "persons", "identity", TABLES, {Person.Registered: register, Person.ContactRecorded: record_contact}
)


async def of_patient(rows: Rows, patient_id: UUID) -> Sequence[UUID]:
    found = await rows.fetch("SELECT person_id FROM persons WHERE patient_id = $1 ORDER BY person_id", patient_id)
    return [row["person_id"] for row in found]

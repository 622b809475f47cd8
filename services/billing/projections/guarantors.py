"""Guarantors of patients, and the statements that a guarantor may pay."""

from typing import Any
from uuid import UUID

from services.billing.domain.guarantors import Guarantee
from services.billing.projections import statements
from services.billing.projections.statements import StatementRow
from shared.envelope import Recorded
from shared.reading import ReadModel, Rows

TABLES = (
    """CREATE TABLE guarantors (
        patient_id uuid PRIMARY KEY,
        person_id uuid NOT NULL
    )""",
    "CREATE INDEX guarantors_by_person ON guarantors (person_id)",
)


async def name(recorded: Recorded[Guarantee.Named | Guarantee.Renamed], rows: Rows) -> None:
    person = {"person_id": recorded.event.person_id}
    await rows.upsert("guarantors", {"patient_id": recorded.subject_id}, person)


async def release(recorded: Recorded[Guarantee.Released], rows: Rows) -> None:
    await rows.delete("guarantors", {"patient_id": recorded.subject_id})


GUARANTORS = ReadModel(
    "guarantors",
    "billing",
    TABLES,
    {Guarantee.Named: name, Guarantee.Renamed: name, Guarantee.Released: release},
)


async def of_patient(rows: Rows, patient_id: UUID) -> UUID | None:
    """The person who pays for the patient, None where nobody does."""
    found = await rows.fetch_one("SELECT person_id FROM guarantors WHERE patient_id = $1", patient_id)
    return None if found is None else found["person_id"]


async def payable_by(rows: Rows, account_id: UUID) -> list[StatementRow]:
    """Statements with something due of the patients for whom the account's holder pays; none that is hidden (R18), and
    none of a record that was joined to theirs (R44): being named for one says nothing of another."""
    found: list[dict[str, Any]] = await rows.fetch(
        """SELECT patient_id FROM guarantors JOIN joined USING (patient_id, person_id)
           WHERE account_id = $1 ORDER BY patient_id""",
        account_id,
    )
    open_ones = []
    for patient in found:
        listed = await statements.of_records(rows, [patient["patient_id"]], False, None, 200)
        open_ones += [one for one in listed if one.state == "open"]
    return sorted(open_ones, key=lambda one: one.position)

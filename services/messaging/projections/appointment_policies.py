"""Which practices show their patients all appointments."""

from uuid import UUID

from services.messaging.domain.appointment_policy import AppointmentPolicy
from shared.envelope import Recorded
from shared.reading import ReadModel, Rows

TABLES = ("CREATE TABLE appointment_policies (practice_id uuid PRIMARY KEY, shows_all boolean NOT NULL)",)


async def choose(recorded: Recorded[AppointmentPolicy.Chosen | AppointmentPolicy.Changed], rows: Rows) -> None:
    event = recorded.event
    await rows.upsert("appointment_policies", {"practice_id": event.practice_id}, {"shows_all": event.shows_all})


APPOINTMENT_POLICIES = ReadModel(
    "appointment_policies",
    "messaging",
    TABLES,
    {AppointmentPolicy.Chosen: choose, AppointmentPolicy.Changed: choose},
)


async def shows_all(rows: Rows, practice_id: UUID) -> bool:
    """Off until the practice says otherwise."""
    found = await rows.fetch_one("SELECT shows_all FROM appointment_policies WHERE practice_id = $1", practice_id)
    return found is not None and bool(found["shows_all"])

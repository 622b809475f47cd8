"""Replica: practices and their time zones, as identity tells of them."""

from uuid import UUID

from shared.contracts.identity.v1.events import PracticeOpened
from shared.envelope import Recorded
from shared.errors import Unavailable
from shared.reading import ReadModel, Rows

TABLES = ("CREATE TABLE practices (practice_id uuid PRIMARY KEY, time_zone text NOT NULL)",)


async def open_practice(recorded: Recorded[PracticeOpened], rows: Rows) -> None:
    event = recorded.event
    await rows.upsert("practices", {"practice_id": event.practice_id}, {"time_zone": event.time_zone})


PRACTICES = ReadModel("practices", "identity", TABLES, {PracticeOpened: open_practice})


async def time_zone(rows: Rows, practice_id: UUID) -> str:
    """The practice's IANA time zone; Unavailable until its opening has arrived here."""
    row = await rows.fetch_one("SELECT time_zone FROM practices WHERE practice_id = $1", practice_id)
    if row is None:
        raise Unavailable
    return str(row["time_zone"])

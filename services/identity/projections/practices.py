"""Practices and their details, by name."""

from collections.abc import Sequence
from uuid import UUID

from services.identity.domain.practice import Practice
from services.identity.domain.values import PostalAddress, PracticeDetails
from shared.envelope import Recorded
from shared.errors import NotFound
from shared.reading import ReadModel, Row, Rows

TABLES = (
    """CREATE TABLE practices (
        practice_id uuid PRIMARY KEY,
        time_zone text NOT NULL,
        name text NOT NULL,
        support_phone text NOT NULL,
        support_email text NOT NULL,
        support_hours text NOT NULL,
        street text NOT NULL,
        city text NOT NULL,
        state text NOT NULL,
        postal_code text NOT NULL,
        fax text NOT NULL
    )""",
)


async def open_practice(recorded: Recorded[Practice.Opened], rows: Rows) -> None:
    event = recorded.event
    values = {"time_zone": event.rules.time_zone, **_columns(event.details)}
    await rows.upsert("practices", {"practice_id": event.practice_id}, values)


async def change_details(recorded: Recorded[Practice.DetailsChanged], rows: Rows) -> None:
    await rows.update("practices", {"practice_id": recorded.stream_id}, _columns(recorded.event.details))


def _columns(details: PracticeDetails) -> dict[str, str]:
    address = details.address
    return {
        "name": details.name,
        "support_phone": details.support_phone,
        "support_email": details.support_email,
        "support_hours": details.support_hours,
        "street": address.street,
        "city": address.city,
        "state": address.state,
        "postal_code": address.postal_code,
        "fax": details.fax,
    }


PRACTICES = ReadModel(
    "practices",
    "identity",
    TABLES,
    {Practice.Opened: open_practice, Practice.DetailsChanged: change_details},
)


async def everyone(rows: Rows) -> Sequence[Row]:
    return await rows.fetch("SELECT * FROM practices ORDER BY name, practice_id")


async def one(rows: Rows, practice_id: UUID) -> Row:
    """NotFound where there is none."""
    found = await rows.fetch_one("SELECT * FROM practices WHERE practice_id = $1", practice_id)
    if found is None:
        raise NotFound
    return found


def details_of(row: Row) -> PracticeDetails:
    address = PostalAddress(row["street"], row["city"], row["state"], row["postal_code"])
    return PracticeDetails(
        row["name"], row["support_phone"], row["support_email"], row["support_hours"], address, row["fax"]
    )

"""Replica of identity's providers: who takes part in the portal, and where."""

from uuid import UUID

from shared.contracts.identity.v1.events import ProviderActivated, ProviderDeactivated, ProviderRegistered
from shared.envelope import Recorded
from shared.reading import ReadModel, Rows

TABLES = (
    """CREATE TABLE providers (
        provider_id uuid PRIMARY KEY,
        practice_id uuid NOT NULL,
        takes_part boolean NOT NULL
    )""",
)


async def register(recorded: Recorded[ProviderRegistered], rows: Rows) -> None:
    await _set(recorded.event.provider_id, recorded.event.practice_id, False, rows)


async def activate(recorded: Recorded[ProviderActivated], rows: Rows) -> None:
    await _set(recorded.event.provider_id, recorded.event.practice_id, True, rows)


async def deactivate(recorded: Recorded[ProviderDeactivated], rows: Rows) -> None:
    await _set(recorded.event.provider_id, recorded.event.practice_id, False, rows)


async def _set(provider_id: UUID, practice_id: UUID, takes_part: bool, rows: Rows) -> None:
    await rows.upsert("providers", {"provider_id": provider_id}, {"practice_id": practice_id, "takes_part": takes_part})


PROVIDERS = ReadModel(
    "providers",
    "identity",
    TABLES,
    {ProviderRegistered: register, ProviderActivated: activate, ProviderDeactivated: deactivate},
)


async def takes_part(rows: Rows, practice_id: UUID, provider_id: UUID) -> bool:
    """Whether that provider of that practice takes part in the portal."""
    found = await rows.fetch_one(
        "SELECT takes_part FROM providers WHERE provider_id = $1 AND practice_id = $2", provider_id, practice_id
    )
    return found is not None and bool(found["takes_part"])


async def taking_part(rows: Rows, practice_id: UUID) -> frozenset[UUID]:
    """The providers of the practice who take part."""
    found = await rows.fetch("SELECT provider_id FROM providers WHERE practice_id = $1 AND takes_part", practice_id)
    return frozenset(row["provider_id"] for row in found)


async def belongs(rows: Rows, practice_id: UUID, provider_id: UUID) -> bool:
    """Whether the practice knows that provider."""
    found = await rows.fetch_one(
        "SELECT true AS known FROM providers WHERE provider_id = $1 AND practice_id = $2", provider_id, practice_id
    )
    return found is not None

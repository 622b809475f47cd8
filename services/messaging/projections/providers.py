"""Replica: the practices' providers and whether they take part, as identity tells of them."""

from uuid import UUID

from shared.contracts.identity.v1.events import ProviderActivated, ProviderDeactivated, ProviderRegistered
from shared.envelope import Recorded
from shared.reading import ReadModel, Rows

TABLES = (
    "CREATE TABLE providers (provider_id uuid PRIMARY KEY, practice_id uuid NOT NULL, takes_part boolean NOT NULL)",
    "CREATE INDEX providers_of_practice ON providers (practice_id) WHERE takes_part",
)

ProviderEvent = ProviderRegistered | ProviderActivated | ProviderDeactivated


async def set_provider(recorded: Recorded[ProviderEvent], rows: Rows) -> None:
    event = recorded.event
    await rows.upsert(
        "providers",
        {"provider_id": event.provider_id},
        {"practice_id": event.practice_id, "takes_part": isinstance(event, ProviderActivated)},
    )


PROVIDERS = ReadModel(
    "providers",
    "identity",
    TABLES,
    {ProviderRegistered: set_provider, ProviderActivated: set_provider, ProviderDeactivated: set_provider},
)


async def takes_part(rows: Rows, practice_id: UUID, provider_id: UUID) -> bool:
    """Whether that is a provider of this practice who takes part; false for foreign and unknown ones alike."""
    sql = "SELECT takes_part FROM providers WHERE provider_id = $1 AND practice_id = $2"
    row = await rows.fetch_one(sql, provider_id, practice_id)
    return row is not None and bool(row["takes_part"])


async def taking_part(rows: Rows, practice_id: UUID) -> list[UUID]:
    """The practice's providers who take part."""
    sql = "SELECT provider_id FROM providers WHERE practice_id = $1 AND takes_part ORDER BY provider_id"
    return [row["provider_id"] for row in await rows.fetch(sql, practice_id)]

"""Providers of each practice and whether they take part."""

from collections.abc import Sequence
from uuid import UUID

from services.identity.domain.provider import Provider
from services.identity.domain.values import PersonName
from shared.envelope import Recorded
from shared.reading import ReadModel, Row, Rows

TABLES = (
    """CREATE TABLE providers (
        provider_id uuid PRIMARY KEY,
        practice_id uuid NOT NULL,
        takes_part boolean NOT NULL,
        subject_id uuid NOT NULL,
        sealed bytea NOT NULL
    )""",
    "CREATE INDEX providers_of_practice ON providers (practice_id, provider_id)",
)


async def register(recorded: Recorded[Provider.Registered], rows: Rows) -> None:
    event = recorded.event
    await rows.upsert(
        "providers",
        {"provider_id": recorded.stream_id},
        {"practice_id": event.practice_id, "takes_part": False},
        subject_id=recorded.stream_id,
        personal={"display_name": display_name(event.name, event.credentials), "npi": event.npi},
    )


async def activate(recorded: Recorded[Provider.Activated], rows: Rows) -> None:
    await rows.update("providers", {"provider_id": recorded.stream_id}, {"takes_part": True})


async def deactivate(recorded: Recorded[Provider.Deactivated], rows: Rows) -> None:
    await rows.update("providers", {"provider_id": recorded.stream_id}, {"takes_part": False})


PROVIDERS = ReadModel(
    "providers",
    "identity",
    TABLES,
    {Provider.Registered: register, Provider.Activated: activate, Provider.Deactivated: deactivate},
)


def display_name(name: PersonName, credentials: str) -> str:
    """As patients read it: "Ada Quist, MD"."""
    return f"{name}, {credentials}" if credentials else str(name)


async def page(rows: Rows, practice_id: UUID, after: UUID, size: int, *, only_participating: bool) -> Sequence[Row]:
    """Up to ``size`` providers of a practice beyond ``after``, by id."""
    return await rows.fetch(
        "SELECT provider_id, takes_part, subject_id, sealed FROM providers "
        "WHERE practice_id = $1 AND provider_id > $2 AND (takes_part OR NOT $3) ORDER BY provider_id LIMIT $4",
        practice_id, after, only_participating, size,
    )  # fmt: skip

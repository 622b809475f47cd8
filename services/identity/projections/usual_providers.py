"""By provider, the patients who usually see that one: who is to be told when the provider joins the portal (R29)."""

from collections.abc import Sequence
from uuid import UUID

from services.identity.domain.usual_provider import UsualProvider
from shared.envelope import Recorded
from shared.reading import ReadModel, Rows

TABLES = (
    "CREATE TABLE usual_providers (patient_id uuid PRIMARY KEY, provider_id uuid NOT NULL)",
    "CREATE INDEX usual_providers_of_provider ON usual_providers (provider_id, patient_id)",
)


async def name(recorded: Recorded[UsualProvider.Named | UsualProvider.Replaced], rows: Rows) -> None:
    event = recorded.event
    await rows.upsert("usual_providers", {"patient_id": event.patient_id}, {"provider_id": event.provider_id})


USUAL_PROVIDERS = ReadModel(
    "usual_providers", "identity", TABLES, {UsualProvider.Named: name, UsualProvider.Replaced: name}
)


async def patients(rows: Rows, provider_id: UUID, after: UUID, size: int) -> Sequence[UUID]:
    """Up to ``size`` patients of that provider beyond ``after``, by id."""
    found = await rows.fetch(
        "SELECT patient_id FROM usual_providers WHERE provider_id = $1 AND patient_id > $2 "
        "ORDER BY patient_id LIMIT $3",
        provider_id, after, size,
    )  # fmt: skip
    return [row["patient_id"] for row in found]

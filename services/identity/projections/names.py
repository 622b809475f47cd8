"""Display names of practices, providers, staff, patients and persons by id: a query over their read models."""

from collections.abc import Sequence
from uuid import UUID

from shared.reading import Rows

_PERSONAL = (("staff_members", "staff_id"), ("patients", "patient_id"), ("persons", "person_id"))


async def names_of(rows: Rows, ids: Sequence[UUID]) -> dict[UUID, str]:
    """Unknown and erased ids are absent."""
    practices = await rows.fetch("SELECT practice_id, name FROM practices WHERE practice_id = ANY($1)", ids)
    found = {row["practice_id"]: str(row["name"]) for row in practices}
    providers = await rows.fetch(
        "SELECT provider_id, subject_id, sealed FROM providers WHERE provider_id = ANY($1)", ids
    )
    found |= {row["provider_id"]: str(row["display_name"]) for row in providers}
    for table, key in _PERSONAL:
        named = await rows.fetch(f"SELECT {key} AS id, subject_id, sealed FROM {table} WHERE {key} = ANY($1)", ids)  # noqa: S608  # constants
        found |= {row["id"]: f"{row['given']} {row['family']}".strip() for row in named}
    return found

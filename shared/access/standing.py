"""How far the live read models are with a source, and what of it is missing in them."""

from shared.access.enforcement import Standing, StandingOf
from shared.reading import Database

STANDING = """
SELECT partition, position, NULL::uuid AS parked, false AS dropped FROM positions WHERE source = $1
UNION ALL
SELECT DISTINCT 0, 0::bigint, key, false FROM parked WHERE source = $1
UNION ALL
SELECT 0, 0::bigint, NULL, true WHERE EXISTS (SELECT FROM drops WHERE source = $1)
"""
"""One statement, hence one snapshot: a record is never both behind the position and not yet parked."""


def standing_in(database: Database) -> StandingOf:
    """Reads the standing of a source in this service's database."""

    async def standing_of(source: str) -> Standing:
        found = await database.fetch(STANDING, source)
        return Standing(
            applied={row["partition"]: row["position"] for row in found if row["position"]},
            parked=frozenset(row["parked"] for row in found if row["parked"] is not None),
            dropped=any(row["dropped"] for row in found),
        )

    return standing_of

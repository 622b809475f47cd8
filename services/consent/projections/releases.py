"""Authorizations for Release with the disclosures made upon them: what is due, and the accounting (R21)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from services.consent.domain.release import RecordsRelease
from shared.envelope import Recorded
from shared.reading import ReadModel, Rows


@dataclass(frozen=True, slots=True)
class DisclosureRow:
    made_at: datetime
    made_by: UUID
    what: str
    to_whom: str


@dataclass(frozen=True, slots=True)
class ReleaseRow:
    release_id: UUID
    patient_id: UUID
    method: str
    requested_at: datetime
    due_on: date
    extended: bool
    state: str
    number: int
    what: str
    from_whom: str
    to_whom: str
    purpose: str
    expires_on: date
    scan_id: UUID | None
    disclosures: tuple[DisclosureRow, ...] = ()


async def add_release(recorded: Recorded[RecordsRelease.Requested], rows: Rows) -> None:
    event, form = recorded.event, recorded.event.form
    await rows.upsert(
        "releases",
        {"release_id": event.release_id},
        {
            "practice_id": event.practice_id,
            "patient_id": event.patient_id,
            "method": event.signed.method,
            "scan_id": event.signed.scan_id,
            "requested_at": event.signed.at,
            "due_on": event.due_on,
            "extended": False,
            "state": "open",
            "number": recorded.position,
            "expires_on": form.expires_on,
        },
        subject_id=event.patient_id,
        personal={
            "what": form.what,
            "from_whom": form.from_whom,
            "to_whom": form.to_whom,
            "purpose": form.purpose,
        },
    )


async def extend_release(recorded: Recorded[RecordsRelease.Extended], rows: Rows) -> None:
    await rows.update(
        "releases", {"release_id": recorded.stream_id}, {"due_on": recorded.event.due_on, "extended": True}
    )


async def add_disclosure(recorded: Recorded[RecordsRelease.Disclosed], rows: Rows) -> None:
    event, made = recorded.event, recorded.event.disclosure
    await rows.upsert(
        "disclosures",
        {"disclosure_id": made.disclosure_id},
        {
            "release_id": recorded.stream_id,
            "patient_id": event.patient_id,
            "made_at": made.made_at,
            "made_by": made.made_by,
            "number": recorded.position,
        },
        subject_id=event.patient_id,
        personal={"what": made.what, "to_whom": made.to_whom},
    )
    if made.is_last:
        await rows.update("releases", {"release_id": recorded.stream_id}, {"state": "fulfilled"})


async def revoke_release(recorded: Recorded[RecordsRelease.Revoked], rows: Rows) -> None:
    await rows.update("releases", {"release_id": recorded.stream_id}, {"state": "revoked"})


_SELECT = """
SELECT release_id, patient_id, method, scan_id, requested_at, due_on, extended, state, number, expires_on, subject_id,
       sealed
FROM releases
"""


async def record_of(rows: Rows, patient_id: UUID, release_id: UUID) -> UUID | None:
    """The record of the patient's, joined ones included (R44), that holds the release; None for another's."""
    found = await rows.fetch_one(
        "SELECT patient_id FROM releases WHERE release_id = $1 AND patient_id = ANY(records_of($2))",
        release_id, patient_id,
    )  # fmt: skip
    return None if found is None else UUID(str(found["patient_id"]))


async def of_patient(rows: Rows, patient_id: UUID, before: int | None, size: int) -> list[ReleaseRow]:
    """Newest first, those before a number, each with its disclosures."""
    found = await rows.fetch(
        _SELECT
        + """WHERE patient_id = ANY(records_of($1)) AND ($2::bigint IS NULL OR number < $2)
             ORDER BY number DESC LIMIT $3""",
        patient_id, before, size,
    )  # fmt: skip
    return await _with_disclosures(rows, found)


async def open_at(rows: Rows, practice_id: UUID, without: Sequence[UUID], after: int, size: int) -> list[ReleaseRow]:
    """Those that are open, the oldest first, after a number; ``without`` those of some patients."""
    found = await rows.fetch(
        _SELECT + "WHERE practice_id = $1 AND state = 'open' AND number > $2 AND NOT patient_id = ANY($4)"
        " ORDER BY number LIMIT $3",
        practice_id, after, size, without,
    )  # fmt: skip
    return await _with_disclosures(rows, found)


async def _with_disclosures(rows: Rows, found: list[dict[str, object]]) -> list[ReleaseRow]:
    made = await rows.fetch(
        "SELECT release_id, made_at, made_by, subject_id, sealed FROM disclosures"
        " WHERE release_id = ANY($1) ORDER BY number",
        [row["release_id"] for row in found],
    )
    by_release: dict[object, list[DisclosureRow]] = {}
    for row in made:
        one = DisclosureRow(row["made_at"], row["made_by"], row["what"], row["to_whom"])
        by_release.setdefault(row["release_id"], []).append(one)
    names = [name for name in ReleaseRow.__slots__ if name != "disclosures"]
    return [
        ReleaseRow(**{name: row[name] for name in names}, disclosures=tuple(by_release.get(row["release_id"], ())))  # type: ignore[arg-type]  # as selected
        for row in found
    ]


RELEASES = ReadModel(
    name="releases",
    source="consent",
    tables=(
        """
        CREATE TABLE releases (
            release_id   uuid        PRIMARY KEY,
            practice_id  uuid        NOT NULL,
            patient_id   uuid        NOT NULL,
            method       text        NOT NULL,
            scan_id      uuid,
            requested_at timestamptz NOT NULL,
            due_on       date        NOT NULL,
            extended     boolean     NOT NULL,
            state        text        NOT NULL,
            number       bigint      NOT NULL,
            expires_on   date        NOT NULL,
            subject_id   uuid        NOT NULL,
            sealed       bytea       NOT NULL
        )
        """,
        "CREATE INDEX ON releases (patient_id, number)",
        "CREATE INDEX ON releases (practice_id, number) WHERE state = 'open'",
        """
        CREATE TABLE disclosures (
            disclosure_id uuid        PRIMARY KEY,
            release_id    uuid        NOT NULL,
            patient_id    uuid        NOT NULL,
            made_at       timestamptz NOT NULL,
            made_by       uuid        NOT NULL,
            number        bigint      NOT NULL,
            subject_id    uuid        NOT NULL,
            sealed        bytea       NOT NULL
        )
        """,
        "CREATE INDEX ON disclosures (release_id, number)",
    ),
    apply={
        RecordsRelease.Requested: add_release,
        RecordsRelease.Extended: extend_release,
        RecordsRelease.Disclosed: add_disclosure,
        RecordsRelease.Revoked: revoke_release,
    },
)

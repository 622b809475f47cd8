"""Replica: by patient, the accounts that may see something of the patient, from when to when, as consent decided."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import orjson

from shared.access.windows import EMERGENCY, PREFERENCE
from shared.contracts.consent.v1.events import AccessDecided, Window
from shared.envelope import Recorded
from shared.reading import ReadModel, Rows

TABLES = (
    """CREATE TABLE readers (
        patient_id uuid NOT NULL, account_id uuid NOT NULL, generation bigint NOT NULL, windows text NOT NULL,
        PRIMARY KEY (patient_id, account_id))""",
)


async def decide(recorded: Recorded[AccessDecided], rows: Rows) -> None:
    """Replaces what was decided before; an older decision that comes late changes nothing."""
    event = recorded.event
    key = {"patient_id": event.patient_id, "account_id": event.account_id}
    sql = "SELECT generation FROM readers WHERE patient_id = $1 AND account_id = $2"
    known = await rows.fetch_one(sql, event.patient_id, event.account_id)
    if known is None or known["generation"] < event.generation:
        windows = orjson.dumps([window.model_dump(mode="json") for window in event.windows]).decode()
        await rows.upsert("readers", key, {"generation": event.generation, "windows": windows})


READERS = ReadModel("readers", "consent", TABLES, {AccessDecided: decide})


@dataclass(frozen=True, slots=True)
class Reader:
    """An account that may see a scope of the patient, and as whom."""

    account_id: UUID
    person_id: UUID
    acting_as: str
    patient_id: UUID
    """Whose windows those are: of a record that was joined to another one (R44) the other's."""


async def of_patient(rows: Rows, patient_id: UUID, scope: str, *instants: datetime) -> list[Reader]:
    """One row an account: those whose windows include ``scope`` ('' for any) at every one of the instants."""
    sql = "SELECT account_id, patient_id, windows FROM readers WHERE patient_id = record_of($1) ORDER BY account_id"
    found = [
        Reader(row["account_id"], windows[-1].person_id, windows[-1].acting_as, row["patient_id"])
        for row in await rows.fetch(sql, patient_id)
        if (windows := _at_all(row["windows"], scope, instants))
    ]
    return sorted(found, key=lambda reader: PREFERENCE.get(reader.acting_as, len(PREFERENCE)))


async def patients_of(rows: Rows, account_id: UUID, patient_ids: list[UUID], scope: str, at: datetime) -> list[UUID]:
    """Those of the patients of whom the account may see the scope at ``at``."""
    sql = "SELECT patient_id, windows FROM readers WHERE account_id = $1 AND patient_id = ANY($2) ORDER BY patient_id"
    return [
        row["patient_id"]
        for row in await rows.fetch(sql, account_id, patient_ids)
        if _at_all(row["windows"], scope, (at,))
    ]


def _at_all(text: str, scope: str, instants: tuple[datetime, ...]) -> list[Window]:
    """The window to act by at each of the instants; empty where one of them has none."""
    decided = [Window.model_validate(window) for window in orjson.loads(text)]
    windows = [window for window in decided if window.acting_as != EMERGENCY]
    chosen = []
    for at in instants:
        holding = [window for window in windows if _holds(window, at) and (not scope or scope in window.scopes)]
        if not holding:
            return []
        chosen.append(min(holding, key=lambda window: PREFERENCE.get(window.acting_as, len(PREFERENCE))))
    return chosen


def _holds(window: Window, at: datetime) -> bool:
    return window.since <= at and (window.until is None or at < window.until)

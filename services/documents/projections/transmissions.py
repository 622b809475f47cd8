"""Transmitted records as their senders and the patient see them: to whom, which days, until when, what became of it."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from services.documents.domain.transmission import Transmission
from shared.envelope import Recorded
from shared.reading import ReadModel, Rows

TABLES = (
    """CREATE TABLE transmissions (
        transmission_id uuid PRIMARY KEY,
        patient_id uuid NOT NULL,
        account_id uuid NOT NULL,
        acting_as text NOT NULL,
        state text NOT NULL,
        first_day date NOT NULL,
        last_day date NOT NULL,
        sent_at timestamptz NOT NULL,
        expires_at timestamptz NOT NULL,
        subject_id uuid NOT NULL,
        sealed bytea NOT NULL
    )""",
    "CREATE INDEX transmissions_of_patient ON transmissions (patient_id, sent_at DESC, transmission_id DESC)",
)


async def add(recorded: Recorded[Transmission.Sent], rows: Rows) -> None:
    event = recorded.event
    await rows.upsert(
        "transmissions",
        {"transmission_id": event.transmission_id},
        {
            "patient_id": event.patient_id,
            "account_id": event.transmitter.account_id,
            "acting_as": event.transmitter.acting_as,
            "state": "open",
            "first_day": event.transmitted.first,
            "last_day": event.transmitted.last,
            "sent_at": event.term.sent_at,
            "expires_at": event.term.expires_at,
        },
        subject_id=event.patient_id,
        personal={"address": event.transmitted.address},
    )


async def revoke(recorded: Recorded[Transmission.Revoked], rows: Rows) -> None:
    await rows.update("transmissions", {"transmission_id": recorded.event.transmission_id}, {"state": "revoked"})


async def use_up(recorded: Recorded[Transmission.UsedUp], rows: Rows) -> None:
    await rows.update("transmissions", {"transmission_id": recorded.event.transmission_id}, {"state": "used_up"})


TRANSMISSIONS = ReadModel(
    "transmissions",
    "documents",
    TABLES,
    {Transmission.Sent: add, Transmission.Revoked: revoke, Transmission.UsedUp: use_up},
)


@dataclass(frozen=True, slots=True)
class TransmissionRow:
    """One transmission; whether it has expired depends on now."""

    transmission_id: UUID
    account_id: UUID
    acting_as: str
    state: str
    first_day: date
    last_day: date
    sent_at: datetime
    expires_at: datetime
    address: str

    def state_at(self, now: datetime) -> str:
        return "expired" if self.state == "open" and self.expires_at <= now else self.state


async def page(
    rows: Rows, patient_id: UUID, account_id: UUID | None, before: tuple[datetime, UUID] | None, size: int
) -> list[TransmissionRow]:
    """The latest first; ``account_id`` limits them to that account's own."""
    found = await rows.fetch(
        """SELECT * FROM transmissions
           WHERE patient_id = ANY(records_of($1)) AND ($2::uuid IS NULL OR account_id = $2)
             AND ($3::timestamptz IS NULL OR (sent_at, transmission_id) < ($3, $4::uuid))
           ORDER BY sent_at DESC, transmission_id DESC LIMIT $5""",
        patient_id,
        account_id,
        before[0] if before else None,
        before[1] if before else None,
        size,
    )
    return [_row(one) for one in found]


def _row(found: dict[str, Any]) -> TransmissionRow:
    return TransmissionRow(**{name: found[name] for name in TransmissionRow.__slots__})

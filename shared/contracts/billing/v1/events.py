"""What billing tells its peers: charges, statements, payments. Amounts are integer cents."""

from datetime import date
from typing import Literal
from uuid import UUID

from shared.contracts.event import PatientEvent

Origin = Literal["portal", "desk", "import"]


class ChargePosted(PatientEvent):
    """A charge joined the patient's account."""

    charge_id: UUID
    amount_cents: int
    currency: str
    confidential: bool = False
    origin: Origin = "desk"


class StatementPosted(PatientEvent):
    """A statement over charges became payable. ``confidential``: it goes to the patient alone (R18)."""

    statement_id: UUID
    amount_cents: int
    currency: str
    due_on: date
    confidential: bool = False
    origin: Origin = "desk"


class PaymentStarted(PatientEvent):
    """A payment was begun; its amount is reserved for 30 min."""

    payment_id: UUID
    statement_id: UUID
    amount_cents: int
    currency: str


class PaymentReceived(PatientEvent):
    """The money came."""

    payment_id: UUID
    statement_id: UUID
    amount_cents: int
    currency: str


class PaymentFailed(PatientEvent):
    """The payment did not come about."""

    payment_id: UUID
    statement_id: UUID


class PaymentRefunded(PatientEvent):
    """Money went back."""

    payment_id: UUID
    statement_id: UUID
    amount_cents: int
    currency: str

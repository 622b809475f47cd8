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


class ChargeAdjusted(PatientEvent):
    """Something was taken off a charge."""

    charge_id: UUID
    adjustment_id: UUID
    amount_cents: int
    currency: str


class ChargeMadeConfidential(PatientEvent):
    """A charge became the patient's alone (R18); its statement is withdrawn and reissued."""

    charge_id: UUID


class StatementPosted(PatientEvent):
    """A statement over charges became payable. ``confidential``: it goes to the patient alone (R18)."""

    statement_id: UUID
    amount_cents: int
    currency: str
    due_on: date
    confidential: bool = False
    origin: Origin = "desk"


class StatementWithdrawn(PatientEvent):
    """A statement is no longer to be paid, nor listed among what is; others may have been posted in its place."""

    statement_id: UUID


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


class RefundReturned(PatientEvent):
    """What had been sent back did not arrive: the money is the practice's again."""

    payment_id: UUID
    statement_id: UUID
    amount_cents: int
    currency: str


class DisputeOpened(PatientEvent):
    """The payer's bank asks for a payment back."""

    payment_id: UUID
    statement_id: UUID


class DisputeFundsTaken(PatientEvent):
    """A dispute took money back."""

    payment_id: UUID
    statement_id: UUID
    amount_cents: int
    currency: str


class DisputeFundsReturned(PatientEvent):
    """What a dispute took came back: the practice won."""

    payment_id: UUID
    statement_id: UUID
    amount_cents: int
    currency: str


class DisputeClosed(PatientEvent):
    """A dispute is decided: ``won`` by the practice, or ``lost``."""

    payment_id: UUID
    statement_id: UUID
    outcome: Literal["open", "won", "lost"]


class GuarantorNamed(PatientEvent):
    """That person pays for the patient, in the place of a former one; it gives no access to the record."""

    person_id: UUID


class GuarantorReleased(PatientEvent):
    """Nobody pays for the patient any more."""

    person_id: UUID

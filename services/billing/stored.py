"""The stable words under which billing's events are stored."""

from services.billing.domain.charges import Charge
from services.billing.domain.statements import Statement, StatementNumber
from shared.eventstore.stored import Stored

STORED = (
    Stored("ChargePosted", Charge.Posted),
    Stored("ChargePutOnStatement", Charge.PutOnStatement),
    Stored("StatementPosted", Statement.Posted),
    Stored("StatementNumberAssigned", StatementNumber.Assigned),
    Stored("PaymentStarted", Statement.PaymentStarted),
    Stored("PaymentReceived", Statement.PaymentReceived),
    Stored("PaymentFailed", Statement.PaymentFailed),
    Stored("RefundRequested", Statement.RefundRequested),
    Stored("PaymentRefunded", Statement.PaymentRefunded),
)

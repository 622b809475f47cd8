"""The stable words under which billing's events are stored."""

from services.billing.domain.charges import Charge
from services.billing.domain.guarantors import Guarantee
from services.billing.domain.numbers import StatementNumber
from services.billing.domain.statements import Statement
from shared.eventstore.stored import Stored

STORED = (
    Stored("ChargePosted", Charge.Posted),
    Stored("ChargePutOnStatement", Charge.PutOnStatement),
    Stored("ChargeTakenOffStatement", Charge.TakenOffStatement),
    Stored("ChargeAdjusted", Charge.Adjusted),
    Stored("ChargeMadeConfidential", Charge.MadeConfidential),
    Stored("StatementPosted", Statement.Posted),
    Stored("StatementNumberAssigned", StatementNumber.Assigned),
    Stored("StatementAdjusted", Statement.Adjusted),
    Stored("StatementWithdrawn", Statement.Withdrawn),
    Stored("PaymentStarted", Statement.PaymentStarted),
    Stored("PaymentReceived", Statement.PaymentReceived),
    Stored("PaymentFailed", Statement.PaymentFailed),
    Stored("PaymentCarriedOn", Statement.PaymentCarriedOn),
    Stored("PaymentCarriedOver", Statement.PaymentCarriedOver),
    Stored("RefundRequested", Statement.RefundRequested),
    Stored("RefundFailed", Statement.RefundFailed),
    Stored("PaymentRefunded", Statement.PaymentRefunded),
    Stored("RefundReturned", Statement.RefundReturned),
    Stored("DisputeOpened", Statement.DisputeOpened),
    Stored("DisputeFundsTaken", Statement.DisputeFundsTaken),
    Stored("DisputeFundsReturned", Statement.DisputeFundsReturned),
    Stored("DisputeClosed", Statement.DisputeClosed),
    Stored("GuarantorNamed", Guarantee.Named),
    Stored("GuarantorRenamed", Guarantee.Renamed),
    Stored("GuarantorReleased", Guarantee.Released),
)

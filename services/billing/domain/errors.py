"""Why billing refuses: one class and slug a reason."""

from shared.errors import Refused


class ChargeOnStatement(Refused):
    """A charge stands on one live statement at most (R33)."""

    slug = "charge_on_statement"


class NothingToState(Refused):
    """A statement needs at least one charge that stands on none."""

    slug = "nothing_to_state"


class ConfidentialityMixed(Refused):
    """Confidential charges stand on a statement of their own (R18)."""

    slug = "confidentiality_mixed"


class AmountAboveDue(Refused):
    """A payment is at most what is due and not reserved by another open payment (R33)."""

    slug = "amount_above_due"


class PaymentNotReceived(Refused):
    """Only a received payment is refunded."""

    slug = "payment_not_received"


class AmountAboveReceived(Refused):
    """A refund is at most what was received and not refunded."""

    slug = "amount_above_received"


class AmountAboveCharge(Refused):
    """An adjustment is at most what the charge still comes to."""

    slug = "amount_above_charge"


class StatementWithdrawn(Refused):
    """A withdrawn statement is neither paid nor adjusted."""

    slug = "statement_withdrawn"

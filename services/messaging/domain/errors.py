"""What messaging refuses, each with its slug; statuses are in the one table of ``shared/errors.py``."""

from shared.errors import Refused


class ProviderNotTakingPart(Refused):
    """The provider does not take part in the portal, or is not one of this practice (R28)."""

    slug = "provider_not_taking_part"


class NobodyCanRead(Refused):
    """No account could read a message about this patient: phone instead (R4)."""

    slug = "nobody_can_read"


class NothingToSettle(Refused):
    """The conversation waits for no reply."""

    slug = "nothing_to_settle"


class NotInThatState(Refused):
    """An appointment or refill has gone on since: decided, lapsed, cancelled, or not begun yet."""

    slug = "request_in_other_state"


class TimeNotPreferred(Refused):
    """A request is confirmed at one of its preferred times; another one is proposed."""

    slug = "time_not_preferred"


class TimePast(Refused):
    """An appointment begins in the future."""

    slug = "time_past"


class ProposalChanged(Refused):
    """Another time was proposed meanwhile."""

    slug = "proposal_changed"


class TooLateToCancel(Refused):
    """Less than 24 hours before it begins only the practice cancels: phone."""

    slug = "too_late_to_cancel"


class NotOnMedicationList(Refused):
    """The entry is no medication of this patient's list."""

    slug = "not_on_medication_list"

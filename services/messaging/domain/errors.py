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

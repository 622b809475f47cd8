"""Why documents refuses: one class and slug a reason."""

from shared.errors import Refused


class ResultNotWaiting(Refused):
    """Only a waiting result can be released."""

    slug = "result_not_waiting"


class ResultNotReleased(Refused):
    """Only a released result can be retracted."""

    slug = "result_not_released"


class ProviderNotTakingPart(Refused):
    """Only a provider of the practice who takes part in the portal may approve (R14)."""

    slug = "provider_not_taking_part"


class ResultHeld(Refused):
    """What is held is not approved; the hold is lifted first."""

    slug = "result_held"


class ResultNotHeld(Refused):
    """Only a hold that lasts can be lifted."""

    slug = "result_not_held"


class HoldTooLong(Refused):
    """A hold ends in the future, at most 14 days from now (R14)."""

    slug = "hold_too_long"


class ApprovalNotPending(Refused):
    """An approval can be undone until it takes effect."""

    slug = "approval_not_pending"


class StandingApprovalInForce(Refused):
    """The provider has signed for that category already."""

    slug = "standing_approval_in_force"


class StandingApprovalNotInForce(Refused):
    """It was revoked before."""

    slug = "standing_approval_not_in_force"


class TransmissionNotOpen(Refused):
    """It was taken back, used up, or is over."""

    slug = "transmission_not_open"


class LinkOrCodeWrong(Refused):
    """A wrong code; or a link that is unknown, expired, revoked or used up: nobody is told which (R39)."""

    slug = "link_or_code_wrong"

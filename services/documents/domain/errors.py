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

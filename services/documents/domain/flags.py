"""Whether a value lies within its reference range."""

from decimal import Decimal, InvalidOperation

from services.documents.domain.results import Value


def flag(value: Value) -> str:
    """``low``, ``normal``, ``high``, or empty where value or range is not a number. Ranges include their ends."""
    measured, low, high = (_number(text) for text in (value.value, value.reference_low, value.reference_high))
    if measured is None or (low is None and high is None):
        return ""
    if low is not None and measured < low:
        return "low"
    return "high" if high is not None and measured > high else "normal"


def _number(text: str) -> Decimal | None:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None

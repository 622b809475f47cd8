"""What a planted bug changes must be there: else it would be planted in vain."""

from collections.abc import Mapping


class NotThere(Exception):
    """The machinery is not as the bug expects it."""


def replaced(text: str, changes: Mapping[str, str]) -> str:
    """``text`` with each of these words changed."""
    for before, after in changes.items():
        if before not in text:
            raise NotThere(before)
        text = text.replace(before, after)
    return text

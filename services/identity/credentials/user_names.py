"""User names: what is typed, made comparable, so that case, width and look-alikes cannot make a second one."""

import re
import unicodedata
from functools import cache

from confusable_homoglyphs import confusables  # type: ignore[import-untyped]  # ships no types

from shared.errors import InvalidField

LEAST, MOST = 3, 64
_DIRECTION_MARKS = re.compile("[\u200e\u200f\u2066-\u2069]")


def checked(typed: str, field: str = "user_name") -> str:
    """The name as it is kept; InvalidField unless it has 3 to 64 visible characters without blanks."""
    name = unicodedata.normalize("NFKC", typed).strip()
    if not LEAST <= len(name) <= MOST or not all(_is_visible(character) for character in name):
        raise InvalidField(field, f"expected {LEAST} to {MOST} letters, digits or signs without blanks")
    return name


def skeleton(typed: str) -> str:
    """What all look-alikes of a name have in common: NFKC, case folded, confusable characters made one (UTS 39).

    For any text, also one that no user name may be.
    """
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", typed[: 4 * MOST]).casefold())
    plain = "".join(c for c in unicodedata.normalize("NFD", folded) if not _is_ignored(c)).strip()
    representatives = _representatives()
    return "".join(representatives.get(character, character) for character in plain)


def _is_visible(character: str) -> bool:
    return unicodedata.category(character)[0] in "LNPSM" and not _is_ignored(character)


def _is_ignored(character: str) -> bool:
    """Default ignorable: joiners, direction marks, variation selectors, soft hyphens."""
    return unicodedata.category(character) in {"Cf", "Cc", "Cn"} or "\ufe00" <= character <= "\ufe0f"


@cache
def _representatives() -> dict[str, str]:
    """Each confusable character and what it stands for: the least ASCII character it is taken for, else the least.

    Only characters that case folding leaves alone count: with capitals, the list would make half the alphabet
    one letter.
    """
    found = {}
    for character, alike in confusables.confusables_data.items():
        one = _DIRECTION_MARKS.sub("", character)
        others = {_DIRECTION_MARKS.sub("", entry["c"]) for entry in alike} | {one}
        single = {other for other in others if len(other) == 1 and other == other.casefold()}
        if one in single:
            found[one] = min(single, key=lambda other: (not other.isascii(), other))
    return {character: _followed(character, found) for character in found}


def _followed(character: str, found: dict[str, str]) -> str:
    """To the end of the chain: each step is to a lesser character."""
    while found.get(character, character) != character:
        character = found[character]
    return character

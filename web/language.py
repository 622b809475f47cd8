"""English and Spanish: every text of a page goes through ``_``, and the texts themselves are the keys."""

import json
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

LANGUAGES = {"en": "English", "es": "Español"}
COOKIE = "__Host-language"
FOLDER = Path(__file__).parent / "locale"

Translate = Callable[..., str]
"""``_("Acting for {name}", name=…)``: the text in the page's language, with its blanks filled in."""


@cache
def catalogue(language: str) -> Mapping[str, str]:
    """English text → text of that language; English needs none."""
    if language == "en":
        return {}
    found: Mapping[str, str] = json.loads((FOLDER / f"{language}.json").read_text(encoding="utf-8"))
    return found


@cache
def translator(language: str) -> Translate:
    """A text without translation stays English: a test finds it."""
    texts = catalogue(language)

    def translate(text: str, /, **values: object) -> str:
        found = texts.get(text, text)
        return found.format(**values) if values else found

    return translate


def N_(text: str) -> str:
    """Marks a text that is translated where it is shown."""
    return text


def chosen(asked: str, kept: str, accepted: str) -> str:
    """``?language=`` first, then the cookie, then ``Accept-Language`` in its order; else English."""
    for one in (asked, kept):
        if one in LANGUAGES:
            return one
    for language in preferred(accepted):
        if language in LANGUAGES:
            return language
    return "en"


def preferred(header: str) -> list[str]:
    """The primary tags of an ``Accept-Language`` header, the most wanted first."""
    weighed = []
    for place, part in enumerate(header[:500].split(",")):
        tag, _, weight = part.strip().partition(";")
        try:
            quality = float(weight.strip().removeprefix("q=")) if weight else 1.0
        except ValueError:
            continue
        if quality > 0:
            weighed.append((-quality, place, tag.split("-")[0].strip().lower()))
    return [tag for _, _, tag in sorted(weighed)]

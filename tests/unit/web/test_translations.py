"""R41: every text of the pages is there in Spanish, with the same blanks; no text stands in a template by itself."""

import re

from tests.unit.web.texts import all_texts, bare_in_templates
from web.language import LANGUAGES, catalogue, translator

BLANK = re.compile(r"\{(\w+)\}")
SAME = {"Fax", "Normal", "no"}
"""Texts that are the same in both languages."""


def test_r41_every_text_is_translated_and_no_translation_is_left_over() -> None:
    spanish = catalogue("es")
    assert sorted(all_texts() - set(spanish)) == []
    assert sorted(set(spanish) - all_texts()) == []


def test_r41_translations_say_something_else_and_have_the_same_blanks() -> None:
    spanish = catalogue("es")
    assert {text for text, translated in spanish.items() if text == translated} == SAME
    assert [text for text, there in spanish.items() if set(BLANK.findall(text)) != set(BLANK.findall(there))] == []


def test_r41_no_text_stands_in_a_template_without_being_translated() -> None:
    assert list(bare_in_templates()) == []


def test_blanks_are_filled_in_after_translating() -> None:
    assert translator("es")("Welcome, {name}", name="Ada") == "Bienvenido/a, Ada"
    assert translator("en")("Welcome, {name}", name="{brace}") == "Welcome, {brace}"


def test_each_language_names_itself() -> None:
    assert LANGUAGES == {"en": "English", "es": "Español"}

"""What each page has, read from the templates and from the pages themselves, so that no new page is without it."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from web.routes import WAYS
from web.site import FOLDER, environment

TEMPLATES = sorted((FOLDER / "templates").rglob("*.html"))
PAGES = sorted((FOLDER / "pages").rglob("*.py"))
SENDS = {"StartConversation", "SendMessage", "RequestAppointment", "RequestRefill"}
"""What a patient sends to be read by people: those pages say that it is not for urgent matters."""
SHARED = {"forms.html", "pieces.html", "items.html", "ways.html"}
"""Of macros and parts: no pages of their own."""
HANDLER = re.compile(r"\son[a-z]+\s*=|javascript:", re.IGNORECASE)
THIRD_PARTY = re.compile(r"""(?:src|href|action|url\()\s*=?\s*["']?(?:https?:)?//""", re.IGNORECASE)


def senders() -> Iterator[tuple[Path, str]]:
    """Module of patients' pages and RPC, for each call that sends something to the practice."""
    for path in (FOLDER / "pages" / "patient").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and node.attr in SENDS:
                yield path, node.attr


def test_r5_each_page_that_sends_to_the_practice_says_what_to_do_in_an_emergency() -> None:
    found = set(senders())
    assert {rpc for _, rpc in found} == SENDS
    for path, _ in found:
        text = path.read_text(encoding="utf-8")
        sheets = text.count("Sheet(") - text.count("FormPage(")
        by_template = [name for name in re.findall(r'"(patient/\w+\.html)"', text) if "urgent()" in template(name)]
        assert "urgent=True" in text or by_template, f"{path.name} sends and says nothing of emergencies"
        assert sheets <= text.count("urgent=True") + len(by_template), f"{path.name} has a form that says nothing"


def template(name: str) -> str:
    return (FOLDER / "templates" / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("language", ["en", "es"])
def test_r5_the_words_stand_in_the_page_itself_before_the_form(language: str) -> None:
    """No script shows them, and they come before what is filled in."""
    macros = environment(language).get_template("forms.html").make_module({"page": None})
    said = macros.urgent()  # type: ignore[attr-defined]  # a macro
    assert "911" in said
    assert "hidden" not in said
    whole = template("form.html")
    assert whole.index("urgent()") < whole.index("whole(")
    assert template("patient/conversation.html").index("{{ urgent()") < template("patient/conversation.html").index(
        "{{ begin("
    )


def test_r31_r34_every_page_leads_to_help_and_help_and_failures_say_whom_to_call() -> None:
    """Every template that is a page stands in the one layout; help and every failure show the practices' support."""
    assert 'href="/help"' in template("layout.html")
    for path in TEMPLATES:
        if path.name not in {*SHARED, "layout.html"}:
            text = path.read_text(encoding="utf-8")
            assert '{% extends "layout.html" %}' in text or "{% extends" in text, path.name
    for name in ("help.html", "failure.html", "link_gone.html", "recovery/gone.html"):
        assert "supports(" in template(name), name
    assert [way.signed_in for way in WAYS if way.path == "/help"] == [False]


def test_r40_no_page_but_those_of_passkeys_needs_a_script() -> None:
    scripted = {path.name for path in TEMPLATES if "<script" in path.read_text(encoding="utf-8")}
    assert scripted == {"passkey.html"}
    for path in TEMPLATES:
        assert not HANDLER.search(path.read_text(encoding="utf-8")), f"{path.name} has a handler inside of its markup"


def test_r3_no_page_and_no_style_names_another_host() -> None:
    """No script, font, picture, form or style of a third party, so that nobody learns who reads what."""
    for path in [*TEMPLATES, *sorted((FOLDER / "static").iterdir())]:
        if path.suffix in {".html", ".css", ".js", ".svg"}:
            text = path.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
            assert not THIRD_PARTY.search(text), path.name
            assert "@import" not in text, path.name


def test_r3_the_sign_in_page_links_both_notices_of_privacy() -> None:
    footer = template("layout.html").partition("<footer>")[2]
    assert 'href="/privacy-policy"' in footer
    assert 'href="/privacy-practices"' in footer
    assert "layout.html" in template("sign_in.html")

"""No page is a dead end: every link and every form of the templates and pages leads to a route of the table."""

import ast
import re
from collections.abc import Iterator

import pytest
from jinja2 import nodes

from shared.contracts.messaging.v1.api_pb2 import InboxItem
from web.acting import Acting
from web.pages.patient.overview import PAGES, path_of
from web.routes import WAYS
from web.site import FOLDER, environment

ONE = "00000000-0000-4000-8000-000000000000"
PREFIXES = {
    "acting.path": f"/patients/{ONE}",
    "desk.path": f"/practices/{ONE}",
    "desk.patient": f"/practices/{ONE}/patients/{ONE}",
}
LINK = re.compile(r"""(href|action)="([^"]*)\"""")
SET = re.compile(r"\{% set path = (.+?) %\}")
NOT_OURS = ("mailto:", "tel:", "#", "/static/")
INVITATION = f"/invitation/{ONE}/secret"


def is_there(path: str, method: str) -> bool:
    plain = path.split("?", maxsplit=1)[0].split("#", maxsplit=1)[0]
    return any(way.method == method and re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", way.path), plain) for way in WAYS)


def plain(expression: str, path: str) -> str:
    """What an expression of a template stands for in an address."""
    parts = []
    for part in re.split(r"\s*~\s*", expression.strip()):
        if part.startswith(('"', "'")):
            parts.append(part.strip("\"'"))
        elif part == "path":
            parts.append(path)
        else:
            parts.append(next((value for name, value in PREFIXES.items() if part.startswith(name)), ONE))
    return "".join(parts)


def templates() -> Iterator[tuple[str, str, str]]:
    """Name, text, and what ``path`` stands for there."""
    for file in sorted((FOLDER / "templates").rglob("*.html")):
        text = file.read_text(encoding="utf-8")
        found = SET.search(text)
        yield file.name, text, plain(found[1], "") if found else INVITATION


def links() -> Iterator[tuple[str, str, str]]:
    """Template, method and address of each link and form that is written out."""
    for name, text, path in templates():
        for kind, address in LINK.findall(text):
            if any(mark in address for mark in ("{%", " if ")) or address.startswith(("?", *NOT_OURS)):
                continue
            if name == "pieces.html" and "{{ path }}" in address:  # given by the pages that use it
                continue
            filled = re.sub(r"\{\{(.*?)\}\}", lambda part, path=path: plain(part[1], path), address)  # type: ignore[misc]
            if filled.startswith("/"):
                yield name, "POST" if kind == "action" else "GET", filled


FORMS = {"press": 1, "begin": 1}
"""Macro → which argument is the address that its form is sent to."""


def sent_to() -> Iterator[tuple[str, str]]:
    """Template and address of each form that a macro writes."""
    for name, text, path in templates():
        for call in environment("en").parse(text).find_all(nodes.Call):
            if isinstance(call.node, nodes.Name) and call.node.name in FORMS:
                given = [one.value for one in call.kwargs if one.key == "action"]
                given += call.args[FORMS[call.node.name] :][:1]
                for argument in given:
                    address = read(argument, path)
                    if address.startswith("/"):
                        yield name, address


def read(node: nodes.Expr, path: str) -> str:
    match node:
        case nodes.Const():
            return str(node.value)
        case nodes.Concat():
            return "".join(read(part, path) for part in node.nodes)
        case nodes.Name(name="path"):
            return path
        case nodes.Getattr(node=nodes.Name(name=name), attr=attr) if f"{name}.{attr}" in PREFIXES:
            return PREFIXES[f"{name}.{attr}"]
        case nodes.Call(node=nodes.Getattr(attr="patient")):
            return PREFIXES["desk.patient"]
    return ONE


@pytest.mark.parametrize(("name", "method", "address"), sorted(set(links())))
def test_every_link_of_a_template_leads_somewhere(name: str, method: str, address: str) -> None:
    assert is_there(address, method), f"{name}: {method} {address}"


@pytest.mark.parametrize(("name", "address"), sorted(set(sent_to())))
def test_every_form_of_a_macro_is_taken(name: str, address: str) -> None:
    assert is_there(address, "POST"), f"{name}: {address}"


def written_in_python() -> Iterator[tuple[str, str]]:
    """File and address of each text in the pages that begins like one of the portal's paths."""
    for file in sorted((FOLDER / "pages").rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            address = ""
            if isinstance(node, ast.JoinedStr):
                address = "".join(
                    str(part.value) if isinstance(part, ast.Constant) else stands_for(part) for part in node.values
                )
            if address.startswith(("/patients/", "/practices/", "/account")) and file.name != "overview.py":
                yield file.name, address


@pytest.mark.parametrize("kind", list(PAGES))
def test_every_item_of_the_inbox_that_has_a_page_leads_to_it(kind: str) -> None:
    acting = Acting(ONE, "Ada", ONE, "Elm", "self", ONE, ONE, frozenset(), "Ada", False, 0)
    assert is_there(path_of(acting, InboxItem(kind=kind, object_id=ONE)), "GET")


def stands_for(part: ast.expr) -> str:
    text = ast.unparse(part.value) if isinstance(part, ast.FormattedValue) else ""
    return next((value for name, value in PREFIXES.items() if text.startswith(name)), ONE)


@pytest.mark.parametrize(("name", "address"), sorted(set(written_in_python())))
def test_every_address_that_a_page_leads_to_is_there(name: str, address: str) -> None:
    assert is_there(address, "GET") or is_there(address + "/x", "GET"), f"{name}: {address}"


def test_every_form_that_is_sent_has_a_page_that_shows_it() -> None:
    """A POST alone is a button on another page: those are these, and no others."""
    shown = {way.path for way in WAYS if way.method == "GET"}
    buttons = {way.path.rpartition("/")[2] for way in WAYS if way.method == "POST" and way.path not in shown}
    assert buttons == {
        "accept", "activate", "answer", "approve", "assign", "cancel", "code", "confirm", "deactivate",
        "documents", "download", "end", "invitations", "join", "keep", "lift", "release", "review", "revoke", "settle",
        "show", "sign", "sign-out", "start", "statements", "undo", "verify", "wait",
    }  # fmt: skip


def test_only_these_pages_are_open_to_everybody() -> None:
    assert {way.path for way in WAYS if not way.signed_in} == {
        "/sign-in", "/sign-in/code", "/sign-in/passkey", "/sign-out", "/help", "/privacy-policy", "/privacy-practices",
        "/invitation/{id}/{secret}", "/staff-invitation/{id}/{secret}", "/recovery", "/recovery/user-name",
        "/recovery/details", "/recovery/token", "/recovery/sent", "/recovery/{id}/{secret}",
        "/pay", "/pay/start", "/pay/done", "/sign/{id}/{secret}",
        "/address-confirmation/{id}/{secret}", "/shared-record/{id}/{secret}", "/shared-record/{id}/{secret}/download",
    }  # fmt: skip


def test_no_way_is_in_the_table_twice() -> None:
    ways = [(way.method, way.path) for way in WAYS]
    assert len(ways) == len(set(ways))

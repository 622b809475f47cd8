"""Finds every text of the pages: those marked in Python, those given to ``_`` in templates, and bare ones in markup."""

import ast
import re
from collections.abc import Iterator
from html.parser import HTMLParser

from jinja2 import nodes

from web.site import FOLDER, environment

MARKS = {"N_", "translate"}
SUBMITS = {"whole": 2, "press": 2}
"""Macro → which of its arguments is a text that it translates itself."""
OPEN = re.compile(r"\{[{%#].*?[}%#]\}", re.DOTALL)
ATTRIBUTE = re.compile(r'[a-z-]+="[^"]*"')
"""A macro that gives attributes is no text."""
LETTER = re.compile(r"[A-Za-zÀ-ÿ]")


def marked_in_python() -> Iterator[tuple[str, str]]:
    """File and text of each ``N_("…")`` and ``page.translate("…")``."""
    for path in sorted(FOLDER.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and node.args and called(node) in MARKS:
                text = node.args[0]
                if isinstance(text, ast.Constant) and isinstance(text.value, str):
                    yield path.name, text.value


def called(node: ast.Call) -> str:
    return node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")


def given_in_templates() -> Iterator[tuple[str, str]]:
    """Template and text of each constant that ``_`` or a macro that translates is given."""
    english = environment("en")
    for name in english.list_templates():
        tree = english.parse((FOLDER / "templates" / name).read_text(encoding="utf-8"))
        for call in tree.find_all(nodes.Call):
            if not isinstance(call.node, nodes.Name):
                continue
            place = 0 if call.node.name == "_" else SUBMITS.get(call.node.name, -1)
            if 0 <= place < len(call.args):
                for constant in constants(call.args[place]):
                    yield name, constant


def constants(node: nodes.Expr) -> Iterator[str]:
    if isinstance(node, nodes.Const) and isinstance(node.value, str):
        yield node.value
    for inner in node.find_all(nodes.Const):
        if inner is not node and isinstance(inner.value, str):
            yield inner.value


class Bare(HTMLParser):
    """Collects what stands in markup itself, and in attributes that people read or hear."""

    READ = {"alt", "title", "aria-label", "placeholder", "label"}

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value for name, value in attrs if name in self.READ and value and LETTER.search(value)]

    def handle_data(self, data: str) -> None:
        if LETTER.search(ATTRIBUTE.sub("", data)):
            self.found.append(data.strip())


def bare_in_templates() -> Iterator[tuple[str, str]]:
    """Template and text of what is not given to ``_``."""
    for path in sorted((FOLDER / "templates").rglob("*.html")):
        parser = Bare()
        parser.feed(OPEN.sub("", path.read_text(encoding="utf-8")))
        for text in parser.found:
            yield path.name, text


def all_texts() -> set[str]:
    return {text for _, text in marked_in_python()} | {text for _, text in given_in_templates()}

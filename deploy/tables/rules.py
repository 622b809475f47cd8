"""Finds where each numbered rule is kept and proved: docstrings that cite it, tests that bear its number."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from deploy.tables.cheats import CHEATS, FIRST
from deploy.tables.sentences import SENTENCES

ROOT = Path(__file__).parents[2]
CODE = ("services", "shared", "web", "operations")
LEVELS = ("unit", "integration", "contract", "e2e", "faults")
CITED = re.compile(r"(?<!FHIR )\bR([1-9][0-9]?)\b")
"""FHIR R4 is a standard, and no rule."""
NUMBERED = re.compile(r"^test_((?:r[0-9]+_)+)(\w+)$")
LINK = "[{}](../{})"


class NotARule(Exception):
    """Something cites a number that no rule has; says where."""


class NotATest(Exception):
    """What is said to prove something is not there; says its name."""


@dataclass(slots=True)
class Kept:
    """One rule: the modules that cite it, and its tests by level as (file, name without prefix)."""

    modules: list[str] = field(default_factory=list)
    tests: dict[str, list[tuple[str, str]]] = field(default_factory=dict)


def page(root: Path = ROOT) -> str:
    """``docs/rules.md``: one row a rule, then the first tests and the cheats. NotARule where a number has no sentence,
    NotATest where one of these is gone."""
    found, places = kept(root), where(root)
    rows = [f"| R{number} | {SENTENCES[number]} | {_modules(one)} | {_tests(one)} |" for number, one in found.items()]
    return "\n".join(
        [
            "# The rules, where they are kept, and what proves them\n",
            "Written by `make rules` from docstrings that cite a rule and from tests that bear its number;",
            "`make check` fails where it is stale.\n",
            f"{sum(1 for one in found.values() if one.tests)} of {len(found)} rules have tests, "
            f"{sum(1 for one in found.values() if len(one.tests) > 1)} at more than one level; "
            f"{sum(len(tests) for one in found.values() for tests in one.tests.values())} tests bear a number.\n",
            "| rule | in a sentence | kept in | proved by |",
            "|---|---|---|---|",
            *rows,
            "\n## The tests that come first\n",
            "| what | test |",
            "|---|---|",
            *(f"| {what} | {_named(places, test)} |" for what, test in FIRST),
            "\n## How one would cheat\n",
            "| rule | one would try | and fails in |",
            "|---|---|---|",
            *(
                f"| R{number} | {cheat} | {_named(places, test)} |"
                for number, tried in CHEATS.items()
                for cheat, test in tried
            ),
            "",
        ]
    )


def where(root: Path) -> dict[str, str]:
    """Each test's file, by the name of its function."""
    found = {}
    for path in sorted((root / "tests").rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
                found[node.name] = str(path.relative_to(root))
    return found


def kept(root: Path = ROOT) -> dict[int, Kept]:
    """Every rule in its order."""
    found = {number: Kept() for number in SENTENCES}
    for module, number in citations(root):
        if module not in _of(found, number, module).modules:
            found[number].modules.append(module)
    for level in LEVELS:
        for file, numbers, name in tests(root, level):
            for number in numbers:
                _of(found, number, file).tests.setdefault(level, []).append((file, name))
    return found


def citations(root: Path) -> Iterator[tuple[str, int]]:
    """Module and number for each docstring that cites a rule: of modules, classes, functions and values."""
    for folder in CODE:
        for path in sorted((root / folder).rglob("*.py")):
            if "_pb2" in path.name:
                continue
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
                    for number in CITED.findall(str(node.value.value)):
                        yield str(path.relative_to(root)), int(number)


def tests(root: Path, level: str) -> Iterator[tuple[str, tuple[int, ...], str]]:
    """File, numbers and the rest of the name for each test of a level that bears numbers."""
    for path in sorted((root / "tests" / level).rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and (match := NUMBERED.match(node.name)):
                numbers = tuple(int(part[1:]) for part in match[1].rstrip("_").split("_"))
                yield str(path.relative_to(root)), numbers, match[2]


def _named(places: dict[str, str], test: str) -> str:
    if test not in places:
        raise NotATest(f"deploy/tables/cheats.py: expected a test called {test}")
    named = NUMBERED.match(test)
    return LINK.format((named[2] if named else test.removeprefix("test_")).replace("_", " "), places[test])


def _of(found: dict[int, Kept], number: int, where: str) -> Kept:
    if number not in found:
        raise NotARule(f"{where}: expected a rule from R1 to R{max(SENTENCES)}, found R{number}")
    return found[number]


def _modules(one: Kept) -> str:
    return "<br>".join(LINK.format(module, module) for module in sorted(one.modules)) or "—"


def _tests(one: Kept) -> str:
    parts = []
    for level, found in one.tests.items():
        said = "; ".join(LINK.format(name.replace("_", " "), file) for file, name in sorted(found))
        parts.append(f"**{level}**: {said}")
    return "<br>".join(parts) or "—"

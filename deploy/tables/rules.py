"""Finds where each numbered rule is kept and proved: docstrings that cite it, tests that bear its number."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

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


@dataclass(slots=True)
class Kept:
    """One rule: the modules that cite it, and its tests by level as (file, name without prefix)."""

    modules: list[str] = field(default_factory=list)
    tests: dict[str, list[tuple[str, str]]] = field(default_factory=dict)


def page(root: Path = ROOT) -> str:
    """``docs/rules.md``: one row a rule. NotARule where a number has no sentence."""
    found = kept(root)
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
            "",
        ]
    )


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

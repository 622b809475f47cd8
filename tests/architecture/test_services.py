"""All five services have the same shape; what else may stand in one of them is the table below."""

import ast
import re
import sys
from collections.abc import Iterator
from configparser import ConfigParser
from pathlib import Path

import pytest

from shared.service import SERVICES

ROOT = Path(__file__).parents[2]

PAGES = {"README.md", "__init__.py"}
MODULES = {
    "main",
    "settings",
    "api",
    "peers",
    "policies",
    "commands",
    "consumers",
    "published",
    "stored",
    "messages",
    "projections",
    "domain",
}
"""Each is a module or, beyond 400 lines, a package of the same name."""
SOME_HAVE = {"processes", "migrations"}
"""What follows from own events; tables that are neither events nor read models."""
ADAPTERS: dict[str, dict[str, str]] = {
    "identity": {
        "address_book": "where accounts are reached",
        "credentials": "what is secret: passwords, links, sessions, tokens, throttles",
        "heads": "what peers' leases on identity rest on",
        "operating": "what portal practice open and import ask",
        "parts": "what its RPCs share",
        "recoveries": "answers to those who asked for a recovery",
        "rules_clock": "the offset of the rules' clock",
        "sign_in": "counted, checked, answered alike",
    },
    "consent": {
        "decision_index": "which patients' decisions lie beyond a position",
        "decisions": "who may see what, from the store",
        "facts": "identity's lease, and asking identity",
    },
    "messaging": {
        "keysets": "the places that pages of lists begin at",
        "letters": "the texts of mails",
        "mail": "SMTP",
        "public_holidays": "business hours with the calendar's holidays",
    },
    "documents": {
        "exports": "the record as FHIR and as PDF",
        "business_days": "days that count, with the calendar's holidays",
        "result_pdf": "a result as PDF",
        "shares": "links and codes of transmitted records",
        "templates": "what PDFs are set from",
    },
    "billing": {
        "processor": "Stripe's API",
        "statement_pdf": "a statement as PDF",
        "templates": "what PDFs are set from",
    },
}
LEAVES = {"shared.aggregate", "shared.clock", "shared.errors", "shared.ids", "shared.money"}
FREE = {"pydantic", *sys.stdlib_module_names} - {"asyncio", "os", "random", "secrets", "socket", "subprocess", "time"}
"""What a domain may use besides: nothing that waits, reads the machine or draws lots."""
ALWAYS_PACKAGES = {"projections", "domain"}


def kept(folder: Path) -> Iterator[Path]:
    """What is in a folder, without what Python leaves there and folders that hold nothing."""
    for path in sorted(folder.iterdir()):
        if path.name != "__pycache__" and (path.is_file() or any(file for file in path.rglob("*") if file.is_file())):
            yield path


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_has_what_all_have(service: str) -> None:
    names = {path.name if path.name in PAGES else path.stem for path in kept(ROOT / "services" / service)}
    assert sorted((PAGES | MODULES) - names) == []


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_has_nothing_beside_but_its_adapters(service: str) -> None:
    allowed = MODULES | SOME_HAVE | set(ADAPTERS[service])
    strange = [
        path.name
        for path in kept(ROOT / "services" / service)
        if path.name not in PAGES and (path.stem not in allowed or (path.is_file() and path.suffix != ".py"))
    ]
    assert strange == []


@pytest.mark.parametrize("service", SERVICES)
def test_a_module_and_a_package_never_have_the_same_name(service: str) -> None:
    folder = ROOT / "services" / service
    assert [path.name for path in folder.glob("*.py") if (folder / path.stem).is_dir()] == []
    assert [name for name in ALWAYS_PACKAGES if not (folder / name / "__init__.py").exists()] == []


def test_there_are_no_other_services() -> None:
    folders = {path.name for path in kept(ROOT / "services") if path.is_dir()}
    assert folders == set(SERVICES) == set(ADAPTERS)


def test_the_import_contract_knows_every_adapter_and_no_other() -> None:
    contracts = ConfigParser()
    contracts.read(ROOT / ".importlinter")
    layers = set(re.findall(r"\w+", contracts["importlinter:contract:one-walk"]["layers"]))
    adapters = {name for names in ADAPTERS.values() for name in names} - {"templates"}
    assert layers == (MODULES | SOME_HAVE | adapters) - {"migrations"}


@pytest.mark.parametrize("service", SERVICES)
def test_a_domain_imports_the_standard_library_pydantic_and_leaves_only(service: str) -> None:
    """The import contract forbids what we know of; this allows what we know of."""
    own = f"services.{service}.domain"
    strange = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in sorted((ROOT / "services" / service / "domain").rglob("*.py"))
        for name in imported(ast.parse(path.read_text(encoding="utf-8")))
        if not (name.startswith(own) or name in LEAVES or name.partition(".")[0] in FREE)
    ]
    assert strange == []


def imported(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield f"{node.module}" if not node.level else "a relative name"

"""What the documents say is true: files exist, the tree matches, variables are read, decisions have enforcers."""

import re
from collections.abc import Iterator
from importlib import import_module

import pytest
from pydantic_settings import BaseSettings

from operations import event_catalogue
from shared.service import SERVICES
from tests.architecture.tracked import ROOT, tracked

DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
ADRS = sorted((ROOT / "docs/adr").glob("*.md"))
FILE = re.compile(r"`([a-z_.]+(?:/[\w.\-]+)+/?|[a-z_]+/|Makefile|[a-z_]+\.(?:toml|yaml))`")
"""A path from the repository's root: it has a folder, or is one of the files at the top."""
MADE = re.compile(r"^((\.portal|\.venv|secrets|postgres|kafka|mails|processor|logs|run|made)/|application/json$)")
"""What a running portal keeps, which no checkout has; and what only looks like a path."""
OF_A_SERVICE = re.compile(r"^(domain|projections)/$")
VARIABLE = re.compile(r"`((?:PORTAL|OTEL)_[A-Z_<>]+)`")


def named_files(text: str) -> Iterator[str]:
    for path in FILE.findall(text):
        if not MADE.match(path) and not OF_A_SERVICE.match(path) and "<" not in path:
            yield path.rstrip("/")


def test_every_file_that_a_document_names_exists() -> None:
    missing = [
        f"{document.name}: {path}"
        for document in [*DOCUMENTS, *ADRS]
        for path in named_files(document.read_text(encoding="utf-8"))
        if not (ROOT / path).exists()
    ]
    assert missing == []


@pytest.mark.parametrize("service", SERVICES)
def test_every_file_that_a_service_names_is_its_own(service: str) -> None:
    folder = ROOT / "services" / service
    text = (folder / "README.md").read_text(encoding="utf-8")
    assert text.startswith(f"# {service}\n")
    named = {*re.findall(r"`([a-z_]+(?:/[a-z_]+)*(?:\.py|/))`", text)}
    assert [path for path in sorted(named) if not (folder / path).exists()] == []


def test_every_link_leads_somewhere() -> None:
    broken = [
        f"{document.name}: {target}"
        for document in [*DOCUMENTS, *ADRS]
        for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", document.read_text(encoding="utf-8"))
        if not (document.parent / target).exists()
    ]
    assert broken == []


def test_the_tree_in_the_readme_is_the_tree() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    block = text.partition("## The tree\n\n```\n")[2].partition("```")[0]
    told = {line.split()[0] for line in block.splitlines()}
    top = {path.partition("/")[0] for path in tracked()}
    hidden = {name for name in top if name.startswith(".")}  # told where it helps a reader
    assert told == top - hidden | (told & hidden)


def test_each_decision_says_why_its_price_and_its_enforcer() -> None:
    lacking = [
        f"{path.name}: {part}"
        for path in ADRS
        for part in ("**Decision.**", "**Why.**", "**Price.**", "**Enforcer.**")
        if part not in path.read_text(encoding="utf-8")
    ]
    assert lacking == []


def test_decisions_are_numbered_without_gaps_and_fit_on_a_page() -> None:
    assert [int(path.name[:4]) for path in ADRS] == list(range(1, len(ADRS) + 1))
    assert [path.name for path in ADRS if path.read_text(encoding="utf-8").count("\n") > 60] == []


def test_the_enforcer_of_each_decision_is_there() -> None:
    """It names a test, a tool that `make check` runs, or a file: whatever is a path must exist, and tests by name."""
    missing = []
    for path in ADRS:
        enforcer = path.read_text(encoding="utf-8").partition("**Enforcer.**")[2]
        if "`" not in enforcer:
            missing.append(f"{path.name} names none")
        for file, name in re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", enforcer):
            if not (ROOT / file).exists() or f"def {name}(" not in (ROOT / file).read_text(encoding="utf-8"):
                missing.append(f"{path.name}: {file}::{name}")
    assert missing == []


def test_every_variable_is_explained_and_every_explained_one_is_read() -> None:
    text = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
    rows = [line.split("|")[1] for line in text.splitlines() if line.startswith("| `")]
    explained = {variable for row in rows for variable in VARIABLE.findall(row)}
    assert explained == set(read_variables())


def read_variables() -> Iterator[str]:
    """Names that the settings classes read; ``<SERVICE>`` for what each service has."""
    for path in tracked():
        if not path.endswith("settings.py") or path.startswith("tests/"):
            continue
        name = path.removesuffix(".py").replace("/", ".")
        for settings in vars(import_module(name)).values():
            if isinstance(settings, type) and issubclass(settings, BaseSettings) and settings is not BaseSettings:
                prefix = "PORTAL_<SERVICE>_" if hasattr(settings, "of") else settings.model_config.get("env_prefix")
                for field, info in settings.model_fields.items():
                    variable = info.validation_alias or f"{prefix}{field}".upper()
                    if str(variable).isupper():
                        yield str(variable)


def test_a_variable_that_no_document_explains_would_be_found() -> None:
    assert {"PORTAL_MODE", "PORTAL_<SERVICE>_DATABASE_URL", "PORTAL_SMTP_URL", "OTEL_EXPORTER_OTLP_ENDPOINT"} <= set(
        read_variables()
    )


def test_the_tables_of_public_events_are_those_of_the_code() -> None:
    page = event_catalogue.PAGE.read_text(encoding="utf-8")
    assert page == event_catalogue.written(page), "run: .venv/bin/python -m operations.event_catalogue"

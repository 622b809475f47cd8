"""One place for each library: a decision about it is undone in one place, and nothing beside it grows around it."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOLDERS = ("shared", "services", "web", "operations", "deploy")
ONLY_IN: dict[str, tuple[str, ...]] = {
    "aiokafka": ("shared/bus/",),
    "aiosmtplib": ("services/messaging/mail.py",),
    "argon2": ("services/identity/credentials/",),
    "asyncpg": ("shared/", "operations/replaying.py", "deploy/local/postgres.py"),
    "confluent_kafka": ("deploy/kafka/",),
    "cryptography": ("shared/privacy.py", "web/sealing.py", "deploy/local/certificates.py"),
    "eventsourcing": ("shared/aggregate.py", "shared/eventstore/"),
    "faststream": ("shared/bus/reader.py",),
    "holidays": ("services/",),
    "httpx": ("operations/", "deploy/local/"),
    "jinja2": ("web/site.py", "deploy/envoy/configuration.py"),
    "joserfc": ("shared/rpc/tokens.py", "services/identity/", "deploy/local/secrets.py"),
    "starlette": ("web/", "deploy/local/"),
    "stripe": ("services/billing/processor.py",),
    "supervisor": ("operations/stack/supervision.py",),
    "webauthn": ("services/identity/credentials/",),
    "typst": ("shared/pdf.py",),
}
NOWHERE = {"django", "fastapi", "flask", "pickle", "psycopg", "requests", "sqlalchemy"}
"""What newcomers reach for first; the decisions say why not."""
SCRIPTS = re.compile(r"<script|\bon(?:click|load|submit|change|input)\s*=|javascript:", re.IGNORECASE)


def imports() -> Iterator[tuple[str, str]]:
    """(file, top-level package) for each import in our code."""
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*.py")):
            if "_pb2" in path.name:
                continue
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Import):
                    yield from ((str(path.relative_to(ROOT)), alias.name.partition(".")[0]) for alias in node.names)
                elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                    yield str(path.relative_to(ROOT)), node.module.partition(".")[0]


def test_each_library_is_used_in_its_place_only() -> None:
    strange = [
        f"{path} imports {library}"
        for path, library in imports()
        if library in ONLY_IN and not path.startswith(ONLY_IN[library])
    ]
    assert strange == []


def test_what_was_decided_against_is_nowhere() -> None:
    assert [f"{path} imports {library}" for path, library in imports() if library in NOWHERE] == []


def test_the_table_of_libraries_names_no_place_without_one() -> None:
    used = list(imports())
    idle = [
        f"{library}: {place}"
        for library, places in ONLY_IN.items()
        for place in places
        if not any(name == library and path.startswith(place) for path, name in used)
    ]
    assert idle == []


def test_r40_pages_hold_no_script_but_the_one_for_passkeys() -> None:
    pages = [path for path in (ROOT / "web").rglob("*") if path.suffix in {".html", ".js", ".mjs", ".svg"}]
    scripts = {path for path in pages if path.suffix in {".js", ".mjs"}}
    assert [path.name for path in scripts] == ["passkeys.js"]
    assert [path.name for path in set(pages) - scripts if SCRIPTS.search(path.read_text(encoding="utf-8"))] == [
        "passkey.html"
    ]


def test_one_module_alone_sends_to_kafka() -> None:
    sending = [
        str(path.relative_to(ROOT))
        for folder in FOLDERS
        for path in sorted((ROOT / folder).rglob("*.py"))
        if "AIOKafkaProducer(" in path.read_text(encoding="utf-8")
    ]
    assert sending == ["shared/bus/writer.py"]

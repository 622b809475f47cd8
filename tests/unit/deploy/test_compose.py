"""The composition of containers fits the code: modules, variables, files and versions that exist, hardened alike."""

import re
import subprocess
import sys
import tomllib
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import yaml
from compose_spec import PyOptions

from deploy.compose.prepare import BY_HAND, MOUNTED, prepare
from deploy.local.certificates import SERVICES
from deploy.local.postgres import OPTIONS
from operations.stack.parts import MODULES

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "deploy/compose"
TEXT = (FOLDER / "compose.yaml").read_text(encoding="utf-8")
CONTAINERS: dict[str, dict[str, Any]] = yaml.safe_load(TEXT)["services"]
RUNNING = (*SERVICES, "web", "gateway", "postgres", "kafka")
DEFAULT = re.compile(r"\$\{\w+:[-?](?P<value>[^}]*)\}")
VARIABLE = re.compile(r"\$\{(\w+)[^}]*\}")


def variables_read() -> set[str]:
    """Every PORTAL_ variable that some settings.py reads."""
    fields = re.compile(r"^    (\w+): ", re.MULTILINE)
    read = {
        f"PORTAL_{name.upper()}"
        for path in ROOT.rglob("settings.py")
        if ".venv" not in path.parts
        for name in fields.findall(path.read_text(encoding="utf-8"))
    }
    return read | {f"PORTAL_{service.upper()}_{port}" for service in SERVICES for port in ("API", "PEERS")}


@pytest.fixture(scope="module")
def mounted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("mounted")
    prepare(folder)
    return folder


def test_the_specification_of_compose_takes_it() -> None:
    options = PyOptions()
    whole = yaml.safe_dump(yaml.safe_load(DEFAULT.sub(lambda found: found["value"] or "given", TEXT)))  # merged
    composed = options.from_yaml(whole)
    composed.validate()
    assert set(composed.service_names()) == set(CONTAINERS)


def test_each_part_of_the_portal_is_there() -> None:
    commands = {name: container.get("command") for name, container in CONTAINERS.items()}
    for part, module in MODULES.items():
        assert commands[part] == ["python", "-m", module]
    assert set(RUNNING) <= set(CONTAINERS)


def test_each_module_that_is_started_exists() -> None:
    lists = [
        part for one in CONTAINERS.values() for part in (one.get("command"), one.get("healthcheck", {}).get("test"))
    ]
    modules = [words[words.index("-m") + 1] for words in lists if isinstance(words, list) and "-m" in words]
    assert len(modules) > len(MODULES)
    assert [module for module in modules if find_spec(module) is None] == []


def test_each_variable_that_is_set_is_read() -> None:
    set_ = {name for one in CONTAINERS.values() for name in one.get("environment", {}) if name.startswith("PORTAL_")}
    assert set_ - variables_read() == set()


def test_no_secret_is_a_variable_and_none_is_written_down() -> None:
    for name, container in CONTAINERS.items():
        for variable, value in container.get("environment", {}).items():
            assert not re.search(r"PASSWORD$|SECRET_KEY|WEBHOOK_SECRETS|DATABASE_URL|SMTP_URL", variable), (
                name,
                variable,
            )
            assert "://" not in re.sub(VARIABLE, "", str(value)), (name, variable)


def test_only_the_gateway_is_reached_from_outside() -> None:
    assert [name for name, container in CONTAINERS.items() if "ports" in container] == ["gateway"]
    networks = yaml.safe_load(TEXT)["networks"]
    assert {name for name, network in networks.items() if not (network or {}).get("internal")} == {"outside"}
    reaching = {name for name, container in CONTAINERS.items() if "outside" in container.get("networks", [])}
    assert reaching == {"gateway", "messaging", "billing"}, "the mail relay and Stripe"


@pytest.mark.parametrize("name", CONTAINERS)
def test_each_container_can_write_to_its_volumes_only_and_is_nobody(name: str) -> None:
    container = CONTAINERS[name]
    assert container["read_only"] is True
    assert container["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in container["security_opt"]
    assert container["user"].startswith("${PORTAL_UID:-10001}")
    if name in RUNNING:
        assert container["restart"] == "unless-stopped"
        assert container["healthcheck"]["test"][0] == "CMD"


@pytest.mark.parametrize("name", [name for name in CONTAINERS if name != "prepare"])
def test_each_container_is_given_its_own_folder_and_the_files_its_settings_name(name: str, mounted: Path) -> None:
    binds = [
        one for one in CONTAINERS[name].get("volumes", []) if isinstance(one, dict) and one["target"] == str(MOUNTED)
    ]
    (bind,) = binds
    own = {"kafka-topics": "operations", "configuration": "gateway"}.get(name, name)
    assert bind["source"] == f"${{PORTAL_MOUNTED:-./mounted}}/{own}"
    assert bind["read_only"] is True
    named = [str(value) for value in CONTAINERS[name].get("environment", {}).values()]
    named += [word for word in CONTAINERS[name].get("command", []) if isinstance(word, str)]
    for path in re.findall(rf"{MOUNTED}/[\w./-]+", " ".join(named)):
        if not path.endswith("/certificates") or own != "kafka":
            assert (mounted / own / Path(path).relative_to(MOUNTED)).exists(), path


def test_what_was_prepared_is_private_kept_and_split(mounted: Path) -> None:
    before = {path: path.read_bytes() for path in mounted.rglob("*") if path.is_file()}
    (mounted / "gateway/public/public.pem").write_text("one's own")
    prepare(mounted)
    assert (mounted / "gateway/public/public.pem").read_text() == "one's own"
    assert {path: path.read_bytes() for path in before if path.name != "public.pem"} == {
        path: data for path, data in before.items() if path.name != "public.pem"
    }
    assert {path.stat().st_mode & 0o077 for path in mounted.rglob("*") if "made" not in path.parts} == {0}
    for service in SERVICES:
        held = {path.name for path in (mounted / service).rglob("*") if path.is_file()}
        assert {f"{service}.key", "analytics.key"} <= held
        for other in set(SERVICES) - {service}:
            assert not [name for name in held if other in name]
    keys = {path.name for path in (mounted / "identity/keys").iterdir()}
    assert keys == {"identity.key", "identity-signing.jwk", "analytics.key"}
    pseudonyms = {path.read_bytes() for path in mounted.rglob("keys/analytics.key")}
    assert len(pseudonyms) == 1, "one patient is one pseudonym, whichever service tells"


def test_what_nobody_can_make_is_said(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "deploy.compose.prepare", str(tmp_path / "m")]
    said = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout  # noqa: S603
    assert [name for name in BY_HAND if name not in said] == []


def test_servers_are_the_versions_and_have_the_settings_that_are_tested() -> None:
    lock = tomllib.loads((ROOT / "deploy/kafka/jgo.toml").read_text())
    version = next(one.rpartition(":")[2] for one in lock["dependencies"]["coordinates"] if ":kafka_" in one)
    assert CONTAINERS["kafka"]["image"] == f"apache/kafka:{version}"
    given = {word.removeprefix("-c") for word in CONTAINERS["postgres"]["command"] if word.startswith("-c")}
    ours = {f"{name}={value}" for name, value in OPTIONS.items() if name.startswith(("log_", "max_", "timezone"))}
    assert given == ours


def test_the_image_takes_no_package_without_hash_and_nothing_that_was_made_here() -> None:
    lines = (FOLDER / "Containerfile").read_text()
    assert "pip install -r" not in lines
    assert lines.count("--require-hashes") == lines.count("pip sync") == 2
    assert re.search(r"^USER 10001", lines, re.MULTILINE)
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    assert ignored[1] == "*"
    assert "deploy/compose/mounted" in ignored

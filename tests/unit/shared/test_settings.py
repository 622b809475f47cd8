"""The environment is read once; what is missing is named, what is secret is not said."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from shared.process.running import said
from shared.settings import ROLES, ServiceSettings

NEEDED = {"MODE": "demo", "CERTIFICATES": "/c", "JWKS": "/j", "SECRETS": "/s"}


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in NEEDED.items():
        monkeypatch.setenv(f"PORTAL_{name}", value)


def test_a_service_reads_its_own_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORTAL_CONSENT_DATABASE_URL", "postgresql://mine")
    monkeypatch.setenv("PORTAL_CONSENT_KEYS_DATABASE_URL", "postgresql://keys")
    monkeypatch.setenv("PORTAL_IDENTITY_API", "localhost:1")
    monkeypatch.setenv("PORTAL_IDENTITY_PEERS", "localhost:2")
    settings = ServiceSettings("consent")
    assert settings.databases.database_url == "postgresql://mine"
    assert settings.addresses("identity").peers == "localhost:2"
    assert (settings.secrets, settings.is_production) == (Path("/s"), False)


def test_the_mode_is_never_guessed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PORTAL_MODE")
    with pytest.raises(ValidationError) as refused:
        ServiceSettings("consent")
    assert said(refused.value) == "expected other settings: mode"


def test_all_roles_unless_some_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    assert ServiceSettings("consent").chosen_roles == ROLES
    monkeypatch.setenv("PORTAL_ROLES", "api, relay")
    assert ServiceSettings("consent").chosen_roles == {"api", "relay"}
    monkeypatch.setenv("PORTAL_ROLES", "api,postman")
    with pytest.raises(ValidationError):
        ServiceSettings("consent")


def test_a_container_listens_everywhere_at_the_port_that_peers_know(monkeypatch: pytest.MonkeyPatch) -> None:
    assert ServiceSettings("consent").listening("consent:7001") == "consent:7001"
    monkeypatch.setenv("PORTAL_BIND", "0.0.0.0")  # noqa: S104
    assert ServiceSettings("consent").listening("consent:7001") == "0.0.0.0:7001"

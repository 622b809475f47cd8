"""The environment is read once; what is missing is named, what is secret is not said."""

from pathlib import Path

import pytest

from shared.process.running import said
from shared.settings import ROLES, Addresses, Databases, ServiceSettings, SettingsRefused

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
    with pytest.raises(SettingsRefused) as refused:
        ServiceSettings("consent")
    assert said(refused.value) == "expected PORTAL_MODE to be demo or production, found nothing"


def test_all_roles_unless_some_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    assert ServiceSettings("consent").chosen_roles == ROLES
    monkeypatch.setenv("PORTAL_ROLES", "api, relay")
    assert ServiceSettings("consent").chosen_roles == {"api", "relay"}
    monkeypatch.setenv("PORTAL_ROLES", "api,postman")
    with pytest.raises(SettingsRefused):
        ServiceSettings("consent")


def test_a_container_listens_everywhere_at_the_port_that_peers_know(monkeypatch: pytest.MonkeyPatch) -> None:
    assert ServiceSettings("consent").listening("consent:7001") == "consent:7001"
    monkeypatch.setenv("PORTAL_BIND", "0.0.0.0")  # noqa: S104
    assert ServiceSettings("consent").listening("consent:7001") == "0.0.0.0:7001"


@pytest.mark.parametrize(
    ("variable", "value", "expected"),
    [
        ("PORTAL_MODE", "s3cret", "expected PORTAL_MODE to be demo or production, found another value"),
        ("PORTAL_MOUNTED_KEYS", "s3cret", "expected PORTAL_MOUNTED_KEYS to be a valid boolean"),
        ("PORTAL_ROLES", "s3cret", "expected PORTAL_ROLES to be roles out of api, consumer"),
    ],
)
def test_what_is_malformed_is_named_and_its_value_is_not_said(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, expected: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsRefused) as refused:
        ServiceSettings("consent")
    assert said(refused.value).startswith(expected)
    assert "s3cret" not in str(refused.value)
    assert refused.value.__cause__ is None, "pydantic's own error shows the values"


def test_a_database_and_an_address_are_named_by_the_service_they_are_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORTAL_CONSENT_DATABASE_URL", "mysql://u:s3cret@db/x")
    monkeypatch.setenv("PORTAL_CONSENT_KEYS_DATABASE_URL", "postgresql://db/x")
    with pytest.raises(SettingsRefused) as refused:
        Databases.of("consent")
    assert str(refused.value) == (
        "expected PORTAL_CONSENT_DATABASE_URL to be postgresql://user:password@host:port/database, found another value"
    )
    monkeypatch.setenv("PORTAL_CONSENT_API", "consent")
    with pytest.raises(SettingsRefused, match=r"PORTAL_CONSENT_API to be host:port.*PORTAL_CONSENT_PEERS.* nothing"):
        Addresses.of("consent")


def test_a_variable_may_be_a_mounted_file_and_the_environment_wins(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(Databases.model_config, "secrets_dir", tmp_path)
    (tmp_path / "portal_consent_database_url").write_text("postgresql://mounted\n")
    (tmp_path / "portal_consent_keys_database_url").write_text("postgresql://keys\n")
    monkeypatch.setenv("PORTAL_CONSENT_KEYS_DATABASE_URL", "postgresql://said")
    found = Databases.of("consent")
    assert (found.database_url, found.keys_database_url) == ("postgresql://mounted", "postgresql://said")


@pytest.mark.parametrize("url", ["", "http://portal.example"])
def test_production_wants_the_address_it_is_reached_by(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("PORTAL_MODE", "production")
    if url:
        monkeypatch.setenv("PORTAL_PUBLIC_URL", url)
    with pytest.raises(SettingsRefused, match="PORTAL_PUBLIC_URL"):
        ServiceSettings("consent")
    monkeypatch.setenv("PORTAL_PUBLIC_URL", "https://portal.example")
    assert ServiceSettings("consent").is_production

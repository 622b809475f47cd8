"""What each process is given to know, and which parts are started for what exists outside."""

from pathlib import Path

import pytest

from deploy.local.secrets import DATABASES, make_secrets
from operations.settings import External
from operations.stack.layout import Ports, State
from operations.stack.parts import INNER, OUTER, Parts


@pytest.fixture
def state(tmp_path: Path) -> State:
    made = State(tmp_path)
    make_secrets(made.secrets)
    return made


def parts(state: State, **outside: object) -> Parts:
    return Parts(state, Ports.from_base(9000), External.none().model_copy(update=outside))


def test_a_service_knows_its_own_databases_only(state: State) -> None:
    given = parts(state).environment_of("consent")
    databases = {name for name in given if name.endswith("_DATABASE_URL")}
    assert databases == {"PORTAL_CONSENT_DATABASE_URL", "PORTAL_CONSENT_KEYS_DATABASE_URL"}
    assert not [name for name in given if "STRIPE" in name]
    assert [name for name in parts(state).environment_of("web") if name.endswith("_DATABASE_URL")] == []
    assert "PORTAL_STRIPE_SECRET_KEY" in parts(state).environment_of("billing")


def test_everything_is_started_where_nothing_exists_outside(state: State) -> None:
    assert parts(state).names == [*INNER, *OUTER]
    assert parts(state).public_url == "https://localhost:9003"


def test_what_exists_outside_is_used_and_not_started(state: State) -> None:
    outside = parts(
        state,
        databases={name: f"postgresql://db/{name}" for name in DATABASES},
        kafka_servers="kafka:9092",
        certificates="/mounted",
        smtp_url="smtp://relay:25",
        payments="stripe",
        stripe_secret_key="sk",  # noqa: S106 - of nobody
        stripe_webhook_secrets="whsec",
        blobs_url="s3://bucket",
    )
    assert outside.names == list(OUTER)
    given = outside.environment()
    assert given["PORTAL_BILLING_KEYS_DATABASE_URL"] == "postgresql://db/billing_keys"
    assert given["PORTAL_KAFKA_SERVERS"] == "kafka:9092"
    assert given["PORTAL_CERTIFICATES"] == "/mounted"
    assert given["PORTAL_SMTP_URL"] == "smtp://relay:25"
    assert given["PORTAL_STRIPE_SECRET_KEY"] == "sk"  # noqa: S105 - of nobody
    assert given["PORTAL_BLOBS_URL"] == "s3://bucket"
    assert "PORTAL_PROCESSOR_URL" not in given

"""What is taken from the environment: the outside parts that exist already, or a whole portal that others run."""

import os
from pathlib import Path

from pydantic import Field, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from deploy.local.secrets import DATABASES

ROOT = Path(__file__).parents[1]
BASE = 8440
"""The ports are this number and those after it; the gateway's is the fourth: 8443."""
MOUNTED = Path("/run/secrets")
"""Where containers find secrets: each variable may be a file of its name in lower case there instead."""


def given_place() -> dict[str, str]:
    """The variables of a portal whose services others run; nothing where the environment names no service."""
    given = {name: value for name, value in os.environ.items() if name.startswith("PORTAL_")}
    if "PORTAL_IDENTITY_PEERS" not in given:
        return {}
    files = sorted(MOUNTED.glob("portal_*")) if MOUNTED.is_dir() else []
    return {path.name.upper(): path.read_text(encoding="utf-8").strip() for path in files} | given


def database_variable(database: str) -> str:
    """``consent`` → PORTAL_CONSENT_DATABASE_URL, ``consent_keys`` → PORTAL_CONSENT_KEYS_DATABASE_URL."""
    return f"PORTAL_{database.upper()}_DATABASE_URL"


def given_databases() -> dict[str, str]:
    return {name: os.environ[database_variable(name)] for name in DATABASES if os.environ.get(database_variable(name))}


class External(BaseSettings):
    """Each part that is named here is used as it is; the others are started locally. Names as in production."""

    model_config = SettingsConfigDict(env_prefix="PORTAL_", extra="ignore")

    mode: str = "demo"
    databases: dict[str, str] = Field(default_factory=given_databases, validation_alias="databases", repr=False)
    """The ten databases by name: all of them, or none."""
    kafka_servers: str = ""
    certificates: str = ""
    """Folder with the principals' certificates that the external Kafka trusts."""
    smtp_url: str = ""
    mail_from: str = "Patient Portal <portal@localhost.localdomain>"
    blobs_url: str = ""
    payments: str = "local"
    stripe_secret_key: str = Field(default="", repr=False)
    stripe_webhook_secrets: str = Field(default="", repr=False)
    stripe_api_base: str = ""
    otlp_endpoint: str = Field(default="", validation_alias="OTEL_EXPORTER_OTLP_ENDPOINT")

    @model_validator(mode="after")
    def _is_whole(self) -> "External":
        if self.mode != "demo":
            raise ValueError("expected PORTAL_MODE=demo: what this starts makes its own keys and demo accounts")
        missing = [database_variable(name) for name in DATABASES if name not in self.databases]
        if self.databases and missing:
            raise ValueError(f"expected all ten databases or none; missing: {', '.join(missing)}")
        if self.kafka_servers and not self.certificates:
            raise ValueError("expected PORTAL_CERTIFICATES with PORTAL_KAFKA_SERVERS: Kafka is reached by mTLS only")
        if self.payments == "stripe" and not (self.stripe_secret_key and self.stripe_webhook_secrets):
            raise ValueError("expected PORTAL_STRIPE_SECRET_KEY and PORTAL_STRIPE_WEBHOOK_SECRETS with Stripe")
        return self

    @classmethod
    def none(cls) -> "External":
        """Everything is started here, whatever the environment says; for tests and the demo."""
        return cls.model_construct(
            mode="demo",
            databases={},
            kafka_servers="",
            certificates="",
            smtp_url="",
            blobs_url="",
            payments="local",
            mail_from=cls.model_fields["mail_from"].default,
            stripe_secret_key="",
            stripe_webhook_secrets="",
            stripe_api_base="",
            otlp_endpoint="",
        )

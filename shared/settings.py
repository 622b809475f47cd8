"""What every service reads of its environment, once, at the start; the names are those of ``docs/operations.md``."""

from functools import cached_property
from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

ROLES = frozenset({"api", "relay", "projector", "consumer", "effects"})


class Addresses(BaseSettings):
    """Where one service listens, as gRPC targets: ``PORTAL_<SERVICE>_API`` and ``PORTAL_<SERVICE>_PEERS``."""

    model_config = SettingsConfigDict(extra="ignore")

    api: str = Field(min_length=1)
    peers: str = Field(min_length=1)

    @classmethod
    def of(cls, service: str) -> "Addresses":
        return cls(_env_prefix=f"PORTAL_{service.upper()}_")  # type: ignore[call-arg]  # a pydantic-settings keyword


class Databases(BaseSettings):
    """The two databases of one service: ``PORTAL_<SERVICE>_DATABASE_URL`` and ``…_KEYS_DATABASE_URL``."""

    model_config = SettingsConfigDict(extra="ignore")

    database_url: str = Field(min_length=1)
    keys_database_url: str = Field(min_length=1)

    @classmethod
    def of(cls, service: str) -> "Databases":
        return cls(_env_prefix=f"PORTAL_{service.upper()}_")  # type: ignore[call-arg]  # a pydantic-settings keyword


class SharedSettings(BaseSettings):
    """What is the same for all services and for web. ``mode`` has no default: it is never guessed."""

    model_config = SettingsConfigDict(env_prefix="PORTAL_", extra="ignore", populate_by_name=True)

    mode: Literal["demo", "production"]
    kafka_servers: str = ""
    topic_prefix: str = ""
    certificates: Path
    jwks: Path
    public_url: str = "https://localhost:8443"
    bind: str = ""
    """The host that both ports listen on where it is not the one in the addresses (0.0.0.0 in a container)."""
    instance: str = "1"
    """Names this process among those of its service; the same when it starts again."""
    roles: str = ""
    """Comma-separated roles of this process; empty: all."""
    otlp_endpoint: str = Field(default="", validation_alias="OTEL_EXPORTER_OTLP_ENDPOINT")

    @field_validator("public_url")
    @classmethod
    def _without_slash(cls, url: str) -> str:
        return url.rstrip("/")

    @field_validator("roles")
    @classmethod
    def _known_roles(cls, text: str) -> str:
        unknown = {role.strip() for role in text.split(",") if role.strip()} - ROLES
        if unknown:
            raise ValueError(f"expected roles out of {', '.join(sorted(ROLES))}")
        return text

    @cached_property
    def chosen_roles(self) -> frozenset[str]:
        return frozenset(role.strip() for role in self.roles.split(",") if role.strip()) or ROLES

    def listening(self, address: str) -> str:
        """Where to listen for what peers reach at ``address``."""
        return f"{self.bind}:{address.rpartition(':')[2]}" if self.bind else address

    @property
    def is_production(self) -> bool:
        return self.mode == "production"

    def addresses(self, service: str) -> Addresses:
        return Addresses.of(service)


class ServiceSettings(SharedSettings):
    """One service's settings: the shared ones, its databases and its keys."""

    name: str = Field(validation_alias="name")
    secrets: Path
    """Folder with ``<service>.key``: 32 random bytes, the service's master key."""
    mounted_keys: bool = False
    """Production refuses the local key file unless this says that the platform mounts and guards that folder."""

    def __init__(self, name: str) -> None:
        super().__init__(name=name)  # type: ignore[call-arg]  # the rest comes from the environment

    @cached_property
    def databases(self) -> Databases:
        return Databases.of(self.name)

"""What every service reads of its environment, once, at the start; the names are those of ``docs/operations.md``."""

from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

ROLES = frozenset({"api", "relay", "projector", "consumer", "effects"})
MOUNTED = Path("/run/secrets")
"""Where containers find secrets: each variable may be a file of its name in lower case there instead."""
PREFIX = "PORTAL_"

Target = Annotated[str, Field(pattern=r"^.+:\d{1,5}$", description="host:port")]
PostgresUrl = Annotated[
    str, Field(pattern=r"^postgres(ql)?://", description="postgresql://user:password@host:port/database", repr=False)
]


class SettingsRefused(Exception):
    """What the environment lacks or has wrong: variables and what was expected of them, never a value."""


class Environment(BaseSettings):
    """Settings whose names are ``PORTAL_…``. Raises SettingsRefused."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, extra="ignore", populate_by_name=True, secrets_dir=MOUNTED if MOUNTED.is_dir() else None
    )

    def __init__(self, **values: Any) -> None:
        try:
            super().__init__(**values)
        except ValidationError as error:
            prefix = values.get("_env_prefix", PREFIX)
            mistakes = error.errors(include_url=False, include_context=False, include_input=False)
            raise SettingsRefused("; ".join(told(type(self), prefix, mistake) for mistake in mistakes)) from None


def told(settings: type[BaseSettings], prefix: str, mistake: Any) -> str:
    """One mistake of pydantic's, in a sentence that names the variable."""
    text = str(mistake["msg"]).removeprefix("Value error, ")
    if not mistake["loc"]:
        return text  # a rule over several variables, which names them itself
    name = str(mistake["loc"][0])
    field = settings.model_fields.get(name)
    variable = f"{prefix}{name.upper()}" if field and not field.validation_alias else name
    expected = field.description if field else None
    if expected is None and field and get_origin(field.annotation) is Literal:
        expected = " or ".join(get_args(field.annotation))
    if expected is None:
        expected = text.removeprefix("expected ").removeprefix("Input should be ")
    return (
        f"expected {variable} to be {expected}, found {'nothing' if mistake['type'] == 'missing' else 'another value'}"
    )


class Addresses(Environment):
    """Where one service listens, as gRPC targets: ``PORTAL_<SERVICE>_API`` and ``PORTAL_<SERVICE>_PEERS``."""

    api: Target
    peers: Target

    @classmethod
    def of(cls, service: str) -> "Addresses":
        return cls(_env_prefix=f"{PREFIX}{service.upper()}_")  # type: ignore[call-arg]  # a pydantic-settings keyword


class Databases(Environment):
    """The two databases of one service: ``PORTAL_<SERVICE>_DATABASE_URL`` and ``…_KEYS_DATABASE_URL``."""

    database_url: PostgresUrl
    keys_database_url: PostgresUrl

    @classmethod
    def of(cls, service: str) -> "Databases":
        return cls(_env_prefix=f"{PREFIX}{service.upper()}_")  # type: ignore[call-arg]  # a pydantic-settings keyword


class SharedSettings(Environment):
    """What is the same for all services and for web. ``mode`` has no default: it is never guessed."""

    mode: Literal["demo", "production"]
    kafka_servers: str = ""
    topic_prefix: str = ""
    certificates: Path = Field(description="the folder of authority.pem and this principal's certificate and key")
    jwks: Path = Field(description="the file of identity's public keys")
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
            raise ValueError(f"roles out of {', '.join(sorted(ROLES))}")
        return text

    @model_validator(mode="after")
    def _is_reached_over_tls(self) -> "SharedSettings":
        if self.is_production and not (
            "public_url" in self.model_fields_set and self.public_url.startswith("https://")
        ):
            raise ValueError("expected PORTAL_PUBLIC_URL to be the portal's https:// address in production")
        return self

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
    secrets: Path = Field(description="the folder of this service's master key and of analytics'")
    """Folder with ``<service>.key`` and ``analytics.key``, 32 random bytes each: the service's master key, and the key
    of analytics' pseudonyms, the same in all services."""
    mounted_keys: bool = False
    """Production refuses the local key file unless this says that the platform mounts and guards that folder."""

    def __init__(self, name: str) -> None:
        super().__init__(name=name)  # type: ignore[call-arg]  # the rest comes from the environment

    @cached_property
    def databases(self) -> Databases:
        return Databases.of(self.name)


class FileSettings(ServiceSettings):
    """Those of a service that keeps files: where they lie, sealed; credentials of S3 are its own variables."""

    blobs_url: str = Field(min_length=8, description="file:///… or s3://…", repr=False)

    def __init__(self, name: str) -> None:
        super().__init__(name)

    @field_validator("blobs_url")
    @classmethod
    def _is_known(cls, url: str) -> str:
        if not url.startswith(("file:///", "s3://")):
            raise ValueError("expected file:///… or s3://…")
        return url.rstrip("/")

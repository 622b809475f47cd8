"""What messaging reads from its environment beside the values that every service reads."""

from urllib.parse import urlsplit

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class MailSettings(BaseSettings):
    """Where mails are handed over, whom they come from, and where their links lead."""

    model_config = SettingsConfigDict(env_prefix="PORTAL_", extra="ignore")

    smtp_url: str
    mail_from: str = Field(min_length=3)
    public_url: str = "https://localhost:8443"

    @field_validator("smtp_url")
    @classmethod
    def _is_smtp(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme not in {"smtp", "smtps"} or not parts.hostname:
            raise ValueError("expected smtp://host:port or smtps://host:port")
        return url

    @field_validator("public_url")
    @classmethod
    def _without_slash(cls, url: str) -> str:
        return url.rstrip("/")

"""What messaging reads from its environment beside what every service reads: the mail server."""

from ipaddress import ip_address
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from shared.settings import ServiceSettings


class MailSettings(ServiceSettings):
    """Where mails are handed over and whom they come from; production refuses this machine's mail catcher."""

    smtp_url: str = Field(description="smtp://host:port or smtps://host:port", repr=False)
    """With user and password, quoted, where the relay wants them."""
    mail_from: str = Field(min_length=3, description="the address that mails come from")

    def __init__(self) -> None:
        super().__init__("messaging")

    @field_validator("smtp_url")
    @classmethod
    def _is_smtp(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme not in {"smtp", "smtps"} or not parts.hostname:
            raise ValueError("another form")
        return url

    @model_validator(mode="after")
    def _is_no_catcher(self) -> "MailSettings":
        if self.is_production and is_loopback(str(urlsplit(self.smtp_url).hostname)):
            raise ValueError("expected PORTAL_SMTP_URL to be a mail relay in production, found this machine")
        return self


def is_loopback(host: str) -> bool:
    """Whether the host is this machine by its very name."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")

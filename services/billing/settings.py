"""What billing reads from its environment beside what every service reads: its payment processor."""

from typing import Literal

from pydantic import Field, model_validator

from shared.settings import ServiceSettings


class BillingSettings(ServiceSettings):
    """``PORTAL_PAYMENTS`` is ``local`` or ``stripe``; production refuses the local processor."""

    payments: Literal["local", "stripe"] = "local"
    processor_url: str = ""
    """The local processor's base URL."""
    stripe_secret_key: str = Field(default="", repr=False)
    stripe_webhook_secrets: str = Field(default="", repr=False)
    """Comma-separated; several hold at once while one is being replaced."""
    stripe_api_base: str = ""
    """Empty: Stripe's own address."""

    def __init__(self) -> None:
        super().__init__("billing")

    @model_validator(mode="after")
    def _is_complete(self) -> "BillingSettings":
        if self.payments == "local" and self.is_production:
            raise ValueError("expected PORTAL_PAYMENTS=stripe in production")
        if self.payments == "local" and not self.processor_url:
            raise ValueError("expected PORTAL_PROCESSOR_URL for PORTAL_PAYMENTS=local")
        if not (self.stripe_secret_key and self.webhook_secrets):
            raise ValueError("expected PORTAL_STRIPE_SECRET_KEY and PORTAL_STRIPE_WEBHOOK_SECRETS")
        if self.is_production and self.stripe_api_base:
            raise ValueError("expected no PORTAL_STRIPE_API_BASE in production: payments go to Stripe itself")
        return self

    @property
    def webhook_secrets(self) -> list[str]:
        return [secret.strip() for secret in self.stripe_webhook_secrets.split(",") if secret.strip()]

    @property
    def api_base(self) -> str:
        return self.processor_url if self.payments == "local" else self.stripe_api_base

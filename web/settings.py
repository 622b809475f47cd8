"""What web reads from its environment: where it listens, and what every service reads."""

from pydantic import model_validator

from shared.settings import SharedSettings, Target


class WebSettings(SharedSettings):
    """``PORTAL_WEB`` is ``host:port``; ``PORTAL_PROCESSOR_URL`` the local payment processor, empty for Stripe's."""

    web: Target
    processor_url: str = ""

    @model_validator(mode="after")
    def _leads_to_stripe(self) -> "WebSettings":
        if self.is_production and self.processor_url:
            raise ValueError("expected no PORTAL_PROCESSOR_URL in production: forms lead to Stripe only")
        return self

    @property
    def host(self) -> str:
        return self.listening(self.web).rpartition(":")[0]

    @property
    def port(self) -> int:
        return int(self.web.rpartition(":")[2])

    @property
    def checkout_origin(self) -> str:
        """Where the payment form may lead."""
        return self.processor_url.rstrip("/") or "https://checkout.stripe.com"

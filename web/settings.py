"""What web reads from its environment: where it listens, and what every service reads."""

from shared.settings import SharedSettings, Target


class WebSettings(SharedSettings):
    """``PORTAL_WEB`` is ``host:port``; ``PORTAL_PROCESSOR_URL`` the local payment processor, empty for Stripe's."""

    web: Target
    processor_url: str = ""

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

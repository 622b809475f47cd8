"""What the gateway's configuration is made from, where a platform and not ``make run`` starts Envoy."""

from pathlib import Path

from pydantic import Field

from shared.settings import SharedSettings, Target


class GatewaySettings(SharedSettings):
    """The shared settings; where Envoy listens, what browsers are shown, and where web is."""

    gateway: Target
    web: Target
    public_certificates: Path = Field(description="the folder of public.pem and public.key")

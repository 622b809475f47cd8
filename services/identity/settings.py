"""What identity reads of its environment, once, at the start."""

import json
from functools import cached_property

from joserfc.jwk import ECKey

from shared.privacy import ServiceKey
from shared.settings import ServiceSettings


class IdentitySettings(ServiceSettings):
    """The shared settings, and the two keys that only identity has."""

    def __init__(self) -> None:
        super().__init__("identity")

    @cached_property
    def service_key(self) -> ServiceKey:
        """From ``identity.key``: what one-time links, device tokens and refresh tokens are derived with."""
        return ServiceKey("identity", (self.secrets / "identity.key").read_bytes())

    @cached_property
    def signing_key(self) -> ECKey:
        """From ``identity-signing.jwk``: a private ES256 key with its ``kid``."""
        key = ECKey.import_key(json.loads((self.secrets / "identity-signing.jwk").read_bytes()))
        key.ensure_kid()
        return key

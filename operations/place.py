"""The portal that a command is about: the one of a folder here, or the one whose addresses the environment gives."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from operations.settings import External, database_variable, given_place
from shared.reading.database import Pool, open_pool
from shared.rpc.certificates import Certificates
from shared.rpc.client import ApiChannel


@dataclass(frozen=True, slots=True)
class Place:
    """Where its parts are, under the names that services read, and the certificates of the principal operations."""

    environment: Mapping[str, str]
    certificates: Path

    @classmethod
    def of(cls, state: Path, ports: int) -> "Place":
        """That of the environment where it names the services (as in a container), else the folder's."""
        if given := given_place():
            return cls(given, Path(given["PORTAL_CERTIFICATES"]))
        from operations.stack import Ports, Stack  # noqa: PLC0415 - production's image has none of the local servers

        stack = Stack(state.absolute(), Ports.from_base(ports), external=External())
        return cls(stack.environment(), stack.parts.certificates)

    def channels(self) -> ApiChannel:
        """The services' peer ports, as the principal operations."""
        principal = Certificates(self.certificates, "operations")
        return ApiChannel(principal, lambda service: self.environment[f"PORTAL_{service.upper()}_PEERS"])

    async def pool(self, service: str) -> Pool:
        return await open_pool(self.environment[database_variable(service)], most=1)

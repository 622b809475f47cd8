"""What documents reads from its environment beside what every service that keeps files reads: nothing but its key."""

from functools import cached_property

from shared.privacy import ServiceKey
from shared.settings import FileSettings


class DocumentsSettings(FileSettings):
    """Documents' own."""

    def __init__(self) -> None:
        super().__init__("documents")

    @cached_property
    def service_key(self) -> ServiceKey:
        """From ``documents.key``: what links and codes of transmitted records are derived with."""
        return ServiceKey("documents", (self.secrets / "documents.key").read_bytes())

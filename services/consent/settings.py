"""What consent reads from its environment: what every service that keeps files reads (shared/settings.py)."""

from shared.settings import FileSettings


class ConsentSettings(FileSettings):
    """Consent's own."""

    def __init__(self) -> None:
        super().__init__("consent")

    @property
    def scans_url(self) -> str:
        """Apart from documents' files, which may lie in the same store."""
        return f"{self.blobs_url}/scans"

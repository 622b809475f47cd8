"""What documents reads from its environment beside what every service reads: where files lie."""

from functools import cached_property

from pydantic import Field, field_validator

from shared.privacy import ServiceKey
from shared.settings import ServiceSettings


class DocumentsSettings(ServiceSettings):
    """Where uploaded files lie, sealed: ``file:///…`` or ``s3://…``; credentials of S3 are its own variables."""

    blobs_url: str = Field(min_length=8, repr=False)

    def __init__(self) -> None:
        super().__init__("documents")

    @cached_property
    def service_key(self) -> ServiceKey:
        """From ``documents.key``: what links and codes of transmitted records are derived with."""
        return ServiceKey("documents", (self.secrets / "documents.key").read_bytes())

    @field_validator("blobs_url")
    @classmethod
    def _is_known(cls, url: str) -> str:
        if not url.startswith(("file:///", "s3://")):
            raise ValueError("expected file:///… or s3://…")
        return url

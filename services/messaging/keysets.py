"""Keysets of lists ordered by an instant and an id: where the page before ended."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from shared.errors import InvalidField


@dataclass(frozen=True, slots=True)
class Keyset:
    """The last row of a page: its instant, and the id that tells equal instants apart."""

    at: datetime
    id: UUID

    def __str__(self) -> str:
        return f"{self.at.isoformat()} {self.id}"

    @classmethod
    def parse(cls, text: str) -> "Keyset | None":
        """None for the first page; InvalidField for what no page of ours ended with."""
        if not text:
            return None
        at, _, last = text.partition(" ")
        try:
            return cls(datetime.fromisoformat(at), UUID(last))
        except ValueError:
            raise InvalidField("page_token", "expected a next_page_token of the same list") from None

"""What a practice sets for its patients: zone, ages, and its portal consent form in versions (R2)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from services.consent.domain.errors import FormNotInForce
from services.consent.domain.identifiers import practice_stream
from shared.aggregate import SERVICE_SUBJECT, Aggregate, event
from shared.errors import NotFound

Language = Literal["en", "es"]


@dataclass(frozen=True, slots=True)
class FormText:
    """The form in one language: plain text, paragraphs separated by a blank line."""

    language: Language
    text: str


@dataclass(frozen=True, slots=True)
class Form:
    """One version of the form."""

    version: int
    texts: tuple[FormText, ...]
    published_at: datetime


class Practice(Aggregate):
    """A practice as consent knows it."""

    class Opened(Aggregate.Created):
        practice_id: UUID
        time_zone: str
        adolescent_age: int
        adult_age: int
        opened_at: datetime

    class FormPublished(Aggregate.Event):
        practice_id: UUID
        form_version: int
        texts: tuple[FormText, ...]
        published_at: datetime

    @staticmethod
    def create_id(practice_id: UUID) -> UUID:
        return practice_stream(practice_id)

    @event(Opened)
    def __init__(
        self, practice_id: UUID, time_zone: str, adolescent_age: int, adult_age: int, opened_at: datetime
    ) -> None:
        self.practice_id = practice_id
        self.time_zone = time_zone
        self.adolescent_age = adolescent_age
        self.adult_age = adult_age
        self.forms: list[Form] = []

    @property
    def subject_id(self) -> UUID:
        return SERVICE_SUBJECT

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    def publish_form(self, texts: tuple[FormText, ...], at: datetime) -> None:
        """A new version, in force from now on."""
        version = len(self.forms) + 1
        self._form_published(practice_id=self.practice_id, form_version=version, texts=texts, published_at=at)

    @event(FormPublished)
    def _form_published(
        self, practice_id: UUID, form_version: int, texts: tuple[FormText, ...], published_at: datetime
    ) -> None:
        self.forms.append(Form(form_version, texts, published_at))

    def form(self, version: int = 0) -> Form:
        """That version, 0 for the one in force; NotFound where there is none."""
        wanted = version or len(self.forms)
        if not 1 <= wanted <= len(self.forms):
            raise NotFound
        return self.forms[wanted - 1]

    def require_in_force(self, version: int) -> None:
        if version != len(self.forms):
            raise FormNotInForce(f"expected version {len(self.forms)} of the form, the one in force")

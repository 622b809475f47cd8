"""Portal consent forms: every version of each practice, as it is shown and signed."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.consent.domain.practice import FormText, Language, Practice
from shared.envelope import Recorded
from shared.reading import ReadModel, Rows

LANGUAGES: tuple[Language, ...] = ("en", "es")


@dataclass(frozen=True, slots=True)
class FormRow:
    form_version: int
    texts: tuple[FormText, ...]
    published_at: datetime


async def add_form(recorded: Recorded[Practice.FormPublished], rows: Rows) -> None:
    event = recorded.event
    texts = {text.language: text.text for text in event.texts}
    await rows.upsert(
        "forms",
        {"practice_id": event.practice_id, "form_version": event.form_version},
        {**{language: texts.get(language) for language in LANGUAGES}, "published_at": event.published_at},
    )


async def form_of(rows: Rows, practice_id: UUID, form_version: int) -> FormRow | None:
    """That version, 0 for the one in force."""
    found = await rows.fetch_one(
        """
        SELECT form_version, en, es, published_at FROM forms
        WHERE practice_id = $1 AND ($2 = 0 OR form_version = $2) ORDER BY form_version DESC LIMIT 1
        """,
        practice_id, form_version,
    )  # fmt: skip
    if found is None:
        return None
    texts = tuple(FormText(language, found[language]) for language in LANGUAGES if found[language] is not None)
    return FormRow(found["form_version"], texts, found["published_at"])


FORMS = ReadModel(
    name="forms",
    source="consent",
    tables=(
        """
        CREATE TABLE forms (
            practice_id  uuid        NOT NULL,
            form_version integer     NOT NULL,
            en           text,
            es           text,
            published_at timestamptz NOT NULL,
            PRIMARY KEY (practice_id, form_version)
        )
        """,
    ),
    apply={Practice.FormPublished: add_form},
)

"""The practice and its portal consent form: opened, and published in versions."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.consent.domain.first_form import FIRST_FORM
from services.consent.domain.identifiers import practice_stream
from services.consent.domain.practice import FormText, Practice
from shared.envelope import Position
from shared.handling import Streams, Work


@dataclass(frozen=True, slots=True)
class OpenPractice:
    """As identity told; ``opened_at`` is when it recorded it."""

    practice_id: UUID
    time_zone: str
    adolescent_age: int
    adult_age: int
    opened_at: datetime


async def open_practice(command: OpenPractice, work: Work) -> Position:
    """Begins the practice with the first version of its form; one that is known already changes nothing."""

    async def decision(streams: Streams) -> None:
        if await streams.find(Practice, practice_stream(command.practice_id)) is None:
            practice = Practice(
                practice_id=command.practice_id,
                time_zone=command.time_zone,
                adolescent_age=command.adolescent_age,
                adult_age=command.adult_age,
                opened_at=command.opened_at,
            )
            practice.publish_form(FIRST_FORM, work.now)
            streams.add(practice)

    return await work.decide(decision)


@dataclass(frozen=True, slots=True)
class PublishForm:
    practice_id: UUID
    texts: tuple[FormText, ...]


@dataclass(frozen=True, slots=True)
class FormPublished:
    """The answer; on a repeat the version that was published then."""

    version: int
    position: Position


async def publish_form(command: PublishForm, work: Work) -> FormPublished:
    def publish(practice: Practice) -> None:
        practice.publish_form(command.texts, work.now)

    position = await work.change(Practice, practice_stream(command.practice_id), publish)
    return FormPublished(await _version_at(work, command.practice_id, position), position)


async def _version_at(work: Work, practice_id: UUID, position: Position) -> int:
    """The form's version that was published at that position, the same for a repeat of the command."""
    for recorded in await work.store.stream(practice_stream(practice_id)):
        if recorded.position == position.number and isinstance(recorded.event, Practice.FormPublished):
            return recorded.event.form_version
    raise LookupError("expected the published form at the command's position")

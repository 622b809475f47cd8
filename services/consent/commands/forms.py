"""The practice and its portal consent form: opened, and published in versions."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.consent.commands.deciding import decide_access
from services.consent.domain.access import Access
from services.consent.domain.dossier import read_dossier
from services.consent.domain.first_form import FIRST_FORM
from services.consent.domain.identifiers import access_stream, practice_stream, record_stream
from services.consent.domain.practice import FormText, Practice
from services.consent.domain.record import PatientRecord
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


@dataclass(frozen=True, slots=True)
class DecideForForm:
    """One patient of the practice whose form has a new version, published then."""

    patient_id: UUID
    published_at: datetime


async def decide_for_form(command: DecideForForm, work: Work) -> Position:
    """The decisions that a publication brings, as of its instant; nothing where one was taken since (R2).

    They are told even where the windows are the same, so that nobody asks consent about this patient any longer.
    """

    async def decision(streams: Streams) -> None:
        record = await streams.find(PatientRecord, record_stream(command.patient_id))
        if record is None:
            return
        taken = [await streams.find(Access, access_stream(a, command.patient_id)) for a in record.accounts]
        if all(access is None or access.decided_at <= command.published_at for access in taken):
            dossier = await read_dossier(streams, record)
            await decide_access(dossier, streams, command.published_at, even_if_same=True)

    return await work.decide(decision, queue={record_stream(command.patient_id)})

"""Joined records (R44): joining interrupts every access that goes on, until the practice has verified it again."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.consent.domain.facts import Span


@dataclass(frozen=True, slots=True)
class Interruption:
    """Two records were joined; ``because`` is identity's event."""

    at: datetime
    because: str


@dataclass(frozen=True, slots=True)
class Verified:
    """Whose access was verified again, by which document, and who did."""

    account_id: UUID
    person_id: UUID
    document: str
    verified_by: UUID


@dataclass(frozen=True, slots=True)
class Verification:
    """That account, joined as that person, goes on from ``at``."""

    account_id: UUID
    person_id: UUID
    at: datetime
    because: str


@dataclass(frozen=True, slots=True)
class Stretches:
    """An enrolment cut at what interrupts it: when it counts, and when it waits to be verified again."""

    counting: tuple[Span, ...]
    waiting: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Enrolment:
    """An account joined to the record as a person (the patient for self), while ``span`` holds."""

    account_id: UUID
    person_id: UUID
    span: Span

    def stretches(self, interruptions: Iterable[Interruption], verifications: Iterable[Verification]) -> Stretches:
        """When it counts, and when it waits to be verified again; all in the order in which they happened."""
        pair = (self.account_id, self.person_id)
        verified = [one for one in verifications if (one.account_id, one.person_id) == pair]
        return _cut(self.span, interruptions, verified)


def _cut(enrolment: Span, interruptions: Iterable[Interruption], verified: Sequence[Verification]) -> Stretches:
    counting: list[Span] = []
    waiting: list[Span] = []
    since, because = enrolment.since, enrolment.because
    for interruption in interruptions:
        if interruption.at < since or (enrolment.until is not None and enrolment.until <= interruption.at):
            continue
        if since < interruption.at:
            counting.append(Span(since, interruption.at, because))
        again = next((one for one in verified if one.at >= interruption.at), None)
        if again is None or (enrolment.until is not None and enrolment.until <= again.at):
            waiting.append(Span(interruption.at, enrolment.until, interruption.because))
            return Stretches(tuple(counting), tuple(waiting))
        waiting.append(Span(interruption.at, again.at, interruption.because))
        since, because = again.at, again.because
    counting.append(Span(since, enrolment.until, because))
    return Stretches(tuple(counting), tuple(waiting))

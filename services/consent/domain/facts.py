"""What the rules of access rest on, each fact with the instants between which it holds and the event it comes from."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from services.consent.domain.calendar import end_of_day

Scope = Literal["messages", "results", "documents", "appointments", "refills", "billing"]
Kind = Literal["minor", "adult_authorization", "personal_representative", "executor"]
ActingAs = Literal["self", "representative", "executor", "emergency"]

ALL_SCOPES: frozenset[Scope] = frozenset({"messages", "results", "documents", "appointments", "refills", "billing"})
TEEN_SCOPES: frozenset[Scope] = frozenset({"appointments", "billing"})
"""R18: what representatives see between the two birthdays."""
EXECUTOR_SCOPES: frozenset[Scope] = frozenset({"results", "documents", "billing"})
"""R20: an executor reads and pays; messages and appointments are for the living."""
EMERGENCY_SCOPES: frozenset[Scope] = frozenset({"results", "documents"})
"""R43: in an emergency other staff see what clinical staff see: the record."""
PREPARATION = timedelta(days=90)
"""R19: how long before the adult's birthday (b) may be prepared."""
GRACE = timedelta(days=30)
"""R2: how long those whom the patient let in go on once the form has a new version."""


@dataclass(frozen=True, slots=True)
class Span:
    """Something that holds while ``since`` ≤ t < ``until`` (None: without end), because of an event."""

    since: datetime
    until: datetime | None
    because: str

    def holds(self, at: datetime) -> bool:
        return self.since <= at and (self.until is None or at < self.until)


@dataclass(frozen=True, slots=True)
class Signing(Span):
    """A signature under one version of the form, from its signing until it was withdrawn."""

    form_version: int = 1


@dataclass(frozen=True, slots=True)
class BirthDate:
    """The birth date as known from ``since`` until the next correction."""

    since: datetime
    day: date
    because: str


@dataclass(frozen=True, slots=True)
class Document:
    """A verified document; ``expires_on`` is the last day on which it counts, local."""

    verified_at: datetime
    expires_on: date | None
    revoked_at: datetime | None
    because: str

    def counts(self, zone: ZoneInfo, at: datetime) -> bool:
        """Verified, not revoked, and within its last day."""
        revoked = self.revoked_at is not None and self.revoked_at <= at
        expired = self.expires_on is not None and end_of_day(self.expires_on, zone) <= at
        return self.verified_at <= at and not revoked and not expired


@dataclass(frozen=True, slots=True)
class Grant:
    """An authorization; ``until`` is the form's last day, local. It begins with the last signature it needs."""

    person_id: UUID
    kind: Kind
    scopes: frozenset[Scope]
    signed_at: tuple[datetime, ...]
    """Empty while a signature is missing."""
    until: date | None
    ended_at: datetime | None
    documents: tuple[Document, ...]
    because: str


@dataclass(frozen=True, slots=True)
class Person:
    """One person as whom the account is or was joined to the record; the patient for self."""

    person_id: UUID
    enrolments: tuple[Span, ...]
    signatures: tuple[Signing, ...]
    """Portal consents of this person for this record."""
    grants: tuple[Grant, ...] = ()
    suspensions: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class Emergency:
    """Emergency access that the account declared as that member of staff."""

    staff_id: UUID
    span: Span


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything about one (account, patient) that decides what the account may see."""

    patient_id: UUID
    time_zone: str
    adolescent_age: int
    adult_age: int
    birth_dates: tuple[BirthDate, ...]
    deaths: tuple[Span, ...]
    patient_signatures: tuple[Signing, ...]
    people: tuple[Person, ...]
    forms: tuple[datetime, ...] = ()
    """When each version of the practice's form was published, the first version first."""
    emergencies: tuple[Emergency, ...] = ()
    emancipations: tuple[Span, ...] = ()
    """Proven, until found to be recorded by mistake: an adult at once, in every rule (R18)."""
    waiting: tuple[Span, ...] = ()
    """When an enrolment that goes on is left out, since it waits to be verified again (R44)."""


def holding(spans: Iterable[Span], at: datetime) -> Span | None:
    """The first of the spans that holds."""
    return next((span for span in spans if span.holds(at)), None)

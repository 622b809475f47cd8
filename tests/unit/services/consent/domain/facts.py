"""Facts to begin tests of the rules with: a patient born on a day, people, grants."""

from dataclasses import replace
from datetime import UTC, date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from services.consent.domain.calendar import start_of_age
from services.consent.domain.facts import ALL_SCOPES, BirthDate, Document, Facts, Grant, Kind, Person, Signing, Span
from services.consent.domain.windows import windows

PATIENT, PARENT = UUID(int=1), UUID(int=2)
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
BIRTH = date(2014, 6, 15)


def span(since: datetime = LONG_AGO, until: datetime | None = None, because: str = "") -> Span:
    return Span(since, until, because)


def signing(since: datetime = LONG_AGO, until: datetime | None = None, version: int = 1) -> Signing:
    """A signature under that version of the form."""
    return Signing(since, until, f"consent:version-{version}", version)


def document(
    since: datetime = LONG_AGO, expires_on: date | None = None, revoked_at: datetime | None = None
) -> Document:
    return Document(since, expires_on, revoked_at, "consent:document")


def grant(kind: Kind = "minor", signed_at: datetime = LONG_AGO, until: date | None = None) -> Grant:
    """Signed by all at once, with a document that never expires."""
    return Grant(PARENT, kind, ALL_SCOPES, (signed_at,), until, None, (document(),), "consent:grant")


def myself(*signed: Signing, enrolled: tuple[Span, ...] = (Span(LONG_AGO, None, "identity:self"),)) -> Person:
    return Person(PATIENT, enrolled, signed)


def parent(*grants: Grant, signed: tuple[Signing, ...] = (Signing(LONG_AGO, None, "consent:signed"),)) -> Person:
    return Person(PARENT, (Span(LONG_AGO, None, "identity:parent"),), signed, grants)


def facts(*people: Person, birth: date = BIRTH, zone: str = "America/New_York", own: tuple[Signing, ...] = ()) -> Facts:
    known = (BirthDate(LONG_AGO, birth, "identity:born"),)
    return Facts(PATIENT, zone, 12, 18, known, (), own, people)


def age(years: int, birth: date = BIRTH, zone: str = "America/New_York") -> datetime:
    """The instant of that birthday."""
    return start_of_age(birth, years, ZoneInfo(zone))


def dead(of: Facts, since: datetime, until: datetime | None = None) -> Facts:
    return replace(of, deaths=(Span(since, until, "identity:death"),))


def open_at(of: Facts, at: datetime) -> set[str]:
    """All scopes open at that instant."""
    return {scope for window in windows(of) if window.holds(at) for scope in window.scopes}


def rules_at(of: Facts, at: datetime) -> set[str]:
    return {window.rule for window in windows(of) if window.holds(at)}

"""Who may see what, from when to when: R2, R7, R17 to R20, R42, R43 over the facts of one account and patient.

Between two neighbouring instants at which any fact or birthday begins or ends nothing changes: so the rules are
asked once at the start of each such stretch, and equal answers of neighbours are one window.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from services.consent.domain.calendar import end_of_day, start_of_age
from services.consent.domain.facts import (
    ALL_SCOPES,
    EMERGENCY_SCOPES,
    EXECUTOR_SCOPES,
    GRACE,
    PREPARATION,
    TEEN_SCOPES,
    ActingAs,
    BirthDate,
    Document,
    Emergency,
    Facts,
    Grant,
    Person,
    Scope,
    Signing,
    Span,
    holding,
)


@dataclass(frozen=True, slots=True)
class Window:
    """From ``since`` ≤ t < ``until`` the account may see ``scopes``, by ``rule``, because of these events."""

    acting_as: ActingAs
    person_id: UUID
    scopes: tuple[Scope, ...]
    since: datetime
    until: datetime | None
    rule: str
    because: tuple[str, ...]

    def holds(self, at: datetime) -> bool:
        return self.since <= at and not self.is_over(at)

    def is_over(self, at: datetime) -> bool:
        return self.until is not None and self.until <= at


@dataclass(frozen=True, slots=True)
class Opening:
    """What is open during one stretch."""

    acting_as: ActingAs
    person_id: UUID
    scopes: tuple[Scope, ...]
    rule: str
    because: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Ages:
    """The instants at which the patient reaches the ages, by one birth date; ``stops_at`` is where ageing ends."""

    adolescent: datetime
    adult: datetime
    because: str

    @property
    def preparation(self) -> datetime:
        return self.adult - PREPARATION


def windows(facts: Facts, after: datetime | None = None) -> list[Window]:
    """All windows, sorted by their start; with ``after``, those that hold then or later."""
    found: dict[Opening, list[tuple[datetime, datetime | None]]] = {}
    instants = boundaries(facts)
    for since, until in zip(instants, [*instants[1:], None], strict=True):
        for opening in openings(facts, since):
            stretches = found.setdefault(opening, [])
            if stretches and stretches[-1][1] == since:
                stretches[-1] = (stretches[-1][0], until)
            else:
                stretches.append((since, until))
    made = [
        Window(o.acting_as, o.person_id, o.scopes, since, until, o.rule, o.because)
        for o, stretches in found.items()
        for since, until in stretches
        if after is None or until is None or until > after
    ]
    return sorted(made, key=lambda window: (window.since, window.rule, str(window.person_id), window.because))


def boundaries(facts: Facts) -> list[datetime]:
    """Every instant at which an answer may change, in order."""
    return sorted(set(_boundaries(facts)))


def _boundaries(facts: Facts) -> Iterator[datetime]:
    zone = ZoneInfo(facts.time_zone)
    for birth in facts.birth_dates:
        ages = (start_of_age(birth.day, age, zone) for age in (facts.adolescent_age, facts.adult_age))
        yield from (birth.since, *ages)
    yield from _ends(facts.emancipations)
    yield from _ends(facts.deaths)
    yield from _ends(facts.patient_signatures)
    yield from _ends(emergency.span for emergency in facts.emergencies)
    for published in facts.forms:
        yield from (published, published + GRACE)
    for person in facts.people:
        for spans in (person.enrolments, person.signatures, person.suspensions):
            yield from _ends(spans)
        for grant in person.grants:
            yield from grant.signed_at
            yield from (at for at in (grant.ended_at,) if at is not None)
            yield from (end_of_day(day, zone) for day in (grant.until,) if day is not None)
            for document in grant.documents:
                yield document.verified_at
                yield from (at for at in (document.revoked_at,) if at is not None)
                yield from (end_of_day(day, zone) for day in (document.expires_on,) if day is not None)


def _ends(spans: Iterable[Span]) -> Iterator[datetime]:
    for span in spans:
        yield span.since
        if span.until is not None:
            yield span.until


def ages_by(facts: Facts, birth: BirthDate, at: datetime) -> Ages:
    """The instants of both birthdays in the practice's zone; emancipation that holds makes an adult earlier (R18)."""
    zone = ZoneInfo(facts.time_zone)
    adolescent = start_of_age(birth.day, facts.adolescent_age, zone)
    adult = start_of_age(birth.day, facts.adult_age, zone)
    freed = holding(facts.emancipations, at)
    if freed is None or freed.since >= adult:
        return Ages(adolescent, adult, birth.because)
    return Ages(min(adolescent, freed.since), freed.since, freed.because)


def openings(facts: Facts, at: datetime) -> list[Opening]:
    """What is open at that instant; an emergency opens to staff whatever else stands on the record."""
    found = [_in_emergency(one) for one in facts.emergencies if one.span.holds(at)]
    birth = birth_date_at(facts, at)
    if birth is None:
        return found
    ages = ages_by(facts, birth, at)
    death = holding(facts.deaths, at)
    for person in facts.people:
        enrolment = holding(person.enrolments, at)
        if enrolment is None:
            continue
        if person.person_id == facts.patient_id:
            found += [] if death else _as_self(facts, person, enrolment, ages, at)
        elif holding(person.suspensions, at) is None:
            for grant in person.grants:
                found += _as_representative(facts, _Reach(person, enrolment, grant, ages, death), at)
    return found


def birth_date_at(facts: Facts, at: datetime) -> BirthDate | None:
    """The birth date as known at that instant: a correction acts from its recording (R18)."""
    return next((birth for birth in reversed(facts.birth_dates) if birth.since <= at), None)


def _in_emergency(emergency: Emergency) -> Opening:
    """R43: reads for treatment, which policies of other roles do not give."""
    because = (emergency.span.because,)
    return Opening("emergency", emergency.staff_id, _ordered(EMERGENCY_SCOPES), "R43", because)


def _as_self(facts: Facts, person: Person, enrolment: Span, ages: Ages, at: datetime) -> list[Opening]:
    """R42: none under 12, all scopes from then on. R2: at 18 what was signed before ends."""
    if at < ages.adolescent:
        return []
    since = ages.adult if at >= ages.adult else ages.adolescent
    signature = _signature(facts, person.signatures, since, at)
    if signature is None:
        return []
    because = (ages.because, enrolment.because, signature.because)
    rule = "R12" if at >= ages.adult else "R42"
    return [Opening("self", facts.patient_id, _ordered(ALL_SCOPES), rule, because)]


@dataclass(frozen=True, slots=True)
class _Reach:
    """One grant of one person, with what else bears on it."""

    person: Person
    enrolment: Span
    grant: Grant
    ages: Ages
    death: Span | None


def _as_representative(facts: Facts, reach: _Reach, at: datetime) -> list[Opening]:
    if not _in_force(facts, reach.grant, at):
        return []
    match reach.grant.kind:
        case "minor":
            return _for_a_child(facts, reach, at)
        case "adult_authorization":
            return _by_the_patient(facts, reach, at)
        case "personal_representative":
            return _for_an_adult(facts, reach, at)
        case "executor":
            return _as_executor(facts, reach, at)


def _in_force(facts: Facts, grant: Grant, at: datetime) -> bool:
    """Signed by all, not ended, and not past the form's last day (R20)."""
    if not grant.signed_at or at < max(grant.signed_at):
        return False
    if grant.ended_at is not None and grant.ended_at <= at:
        return False
    return grant.until is None or at < end_of_day(grant.until, ZoneInfo(facts.time_zone))


def _for_a_child(facts: Facts, reach: _Reach, at: datetime) -> list[Opening]:
    """R17 until the 12th birthday, R18 until the 18th."""
    if reach.death or at >= reach.ages.adult:
        return []
    signature = _signature(facts, reach.person.signatures, None, at)
    document = _document(facts, reach.grant, at)
    if at < reach.ages.adolescent:
        return _opening(reach, signature, document, reach.grant.scopes, "R17")
    return _opening(reach, signature, document, reach.grant.scopes & TEEN_SCOPES, "R18")


def _by_the_patient(facts: Facts, reach: _Reach, at: datetime) -> list[Opening]:
    """R19 (a): signed by both as of the 18th birthday; carried by the patient's own consent as well (R2).

    Of the patient's an earlier version goes on carrying it for 30 days from the publication of the next.
    """
    if reach.death or at < reach.ages.adult or min(reach.grant.signed_at) < reach.ages.adult:
        return []
    patients = _signature(facts, facts.patient_signatures, reach.ages.adult, at, GRACE)
    signature = _signature(facts, reach.person.signatures, reach.ages.adult, at)
    if patients is None or signature is None:
        return []
    because = (reach.ages.because, reach.grant.because, patients.because, signature.because, reach.enrolment.because)
    return [_made(reach, reach.grant.scopes, "R19a", because)]


def _for_an_adult(facts: Facts, reach: _Reach, at: datetime) -> list[Opening]:
    """R19 (b): from the 18th birthday, prepared in the 90 days before."""
    if reach.death or at < reach.ages.adult or min(reach.grant.signed_at) < reach.ages.preparation:
        return []
    signature = _signature(facts, reach.person.signatures, reach.ages.preparation, at)
    return _opening(reach, signature, _document(facts, reach.grant, at), reach.grant.scopes, "R19b")


def _as_executor(facts: Facts, reach: _Reach, at: datetime) -> list[Opening]:
    """R20: after death only; what was documented in life opens nothing before, and ageing has stopped."""
    if reach.death is None:
        return []
    adult = reach.death.since >= reach.ages.adult
    signature = _signature(facts, reach.person.signatures, reach.ages.adult if adult else None, at)
    scopes = reach.grant.scopes & EXECUTOR_SCOPES
    return _opening(reach, signature, _document(facts, reach.grant, at), scopes, "R20")


def _opening(
    reach: _Reach, signature: Span | None, document: Document | None, scopes: frozenset[Scope], rule: str
) -> list[Opening]:
    """Open where the own consent and a verified document are there (R2, R7)."""
    if signature is None or document is None or not scopes:
        return []
    because = (
        reach.ages.because,
        *((reach.death.because,) if reach.death else ()),
        reach.grant.because,
        document.because,
        signature.because,
        reach.enrolment.because,
    )
    return [_made(reach, scopes, rule, because)]


def _made(reach: _Reach, scopes: frozenset[Scope], rule: str, because: tuple[str, ...]) -> Opening:
    acting_as: ActingAs = "executor" if reach.grant.kind == "executor" else "representative"
    return Opening(acting_as, reach.person.person_id, _ordered(scopes), rule, because)


def _signature(
    facts: Facts,
    signatures: tuple[Signing, ...],
    signed_since: datetime | None,
    at: datetime,
    grace: timedelta = timedelta(0),
) -> Span | None:
    """The first signature that holds, was not given before ``signed_since``, and counts by its version (R2)."""
    counting = (
        signing
        for signing in signatures
        if (signed_since is None or signing.since >= signed_since) and is_current(facts, signing, at, grace)
    )
    return holding(counting, at)


def is_current(facts: Facts, signing: Signing, at: datetime, grace: timedelta = timedelta(0)) -> bool:
    """Whether no later version was published by then; ``grace``: or it was, but not that long ago (R2)."""
    superseded_at = next(iter(facts.forms[signing.form_version :]), None)
    return superseded_at is None or at < superseded_at + grace


def _document(facts: Facts, grant: Grant, at: datetime) -> Document | None:
    """The first document that is verified, not expired and not revoked at that instant (R7)."""
    zone = ZoneInfo(facts.time_zone)
    return next((document for document in grant.documents if document.counts(zone, at)), None)


def _ordered(scopes: frozenset[Scope]) -> tuple[Scope, ...]:
    return tuple(sorted(scopes))

"""The windows against a naive model that asks the rules anew at each instant, by local dates, without any window."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import TypeVar
from zoneinfo import ZoneInfo

from hypothesis import given as over
from hypothesis import settings
from hypothesis import strategies as some

from services.consent.domain.facts import (
    ALL_SCOPES,
    EXECUTOR_SCOPES,
    TEEN_SCOPES,
    BirthDate,
    Document,
    Emergency,
    Facts,
    Grant,
    Person,
    Scope,
    Signing,
    Span,
)
from services.consent.domain.windows import boundaries, windows
from tests.unit.services.consent.domain.facts import LONG_AGO, PARENT, PATIENT, age

T = TypeVar("T")

LONG = settings.get_profile("properties").max_examples
EXAMPLES = LONG if settings().max_examples == LONG else 2000
"""``make properties`` runs the long profile."""

ZONES = ("UTC", "America/New_York", "Africa/Cairo", "America/Sao_Paulo", "Asia/Beirut", "Pacific/Auckland")
BORN = some.one_of(
    some.dates(date(1995, 1, 1), date(2018, 12, 31)),
    some.sampled_from([date(2000, 2, 29), date(2008, 2, 29), date(2012, 2, 29), date(2006, 10, 15), date(2012, 4, 26)]),
)


def may_see(facts: Facts, at: datetime) -> set[Scope]:
    """The rules, read off the paper: what may the account see at this instant?"""
    today = at.astimezone(ZoneInfo(facts.time_zone)).date()
    seen: set[Scope] = set()
    if any(has(emergency.span, at) for emergency in facts.emergencies):
        seen |= {"results", "documents"}
    known = [birth for birth in facts.birth_dates if birth.since <= at]
    if not known:
        return seen
    years = years_at(facts, at, at)
    is_dead = any(has(death, at) for death in facts.deaths)
    for person in facts.people:
        if not any(has(span, at) for span in person.enrolments):
            continue
        if person.person_id == facts.patient_id:
            floor = 18 if years >= 18 else 12
            given = signed(facts, person.signatures, at, lambda t: years_at(facts, t, at) >= floor)  # noqa: B023
            if given and not is_dead and years >= 12:
                seen |= ALL_SCOPES
            continue
        if any(has(span, at) for span in person.suspensions):
            continue
        for grant in person.grants:
            if counts(grant, at, today):
                seen |= through(facts, person, grant, at)
    return seen


def through(facts: Facts, person: Person, grant: Grant, at: datetime) -> frozenset[Scope]:
    today = at.astimezone(ZoneInfo(facts.time_zone)).date()
    years = years_at(facts, at, at)
    deaths = [death for death in facts.deaths if has(death, at)]
    papers = any(good(paper, at, today) for paper in grant.documents)
    born = [birth for birth in facts.birth_dates if birth.since <= at][-1].day
    adult = min([age(18, born, facts.time_zone), *(free.since for free in facts.emancipations if has(free, at))])
    match grant.kind:
        case "minor" if not deaths and years < 18 and papers and signed(facts, person.signatures, at):
            return grant.scopes if years < 12 else grant.scopes & TEEN_SCOPES
        case "adult_authorization" if not deaths and years >= 18:
            by_both = all(years_at(facts, t, at) >= 18 for t in grant.signed_at)
            carried = signed(facts, facts.patient_signatures, at, lambda t: years_at(facts, t, at) >= 18, days=30)
            own = signed(facts, person.signatures, at, lambda t: years_at(facts, t, at) >= 18)
            return grant.scopes if by_both and carried and own else frozenset()
        case "personal_representative" if not deaths and years >= 18 and papers:
            in_time = all(t >= adult - timedelta(days=90) for t in grant.signed_at)
            own = signed(facts, person.signatures, at, lambda t: t >= adult - timedelta(days=90))
            return grant.scopes if in_time and own else frozenset()
        case "executor" if deaths and papers:
            grown = years_at(facts, deaths[0].since, at) >= 18
            own = signed(facts, person.signatures, at, lambda t: not grown or years_at(facts, t, at) >= 18)
            return grant.scopes & EXECUTOR_SCOPES if own else frozenset()
    return frozenset()


def age_on(born: date, day: date) -> int:
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def years_at(facts: Facts, then: datetime, at: datetime) -> int:
    """How old the patient was then, as known at ``at``; whoever is emancipated counts as 18 from then on (R18)."""
    if any(has(freed, at) and freed.since <= then for freed in facts.emancipations):
        return 99
    born = [birth for birth in facts.birth_dates if birth.since <= at][-1].day
    return age_on(born, then.astimezone(ZoneInfo(facts.time_zone)).date())


def has(span: Span, at: datetime) -> bool:
    return span.since <= at and (span.until is None or at < span.until)


def signed(
    facts: Facts,
    signings: tuple[Signing, ...],
    at: datetime,
    fits: Callable[[datetime], bool] = lambda at: True,
    days: int = 0,
) -> bool:
    """Signed and not withdrawn, when it fits, and no newer form has been out for that many days (R2)."""
    return any(
        has(signing, at)
        and fits(signing.since)
        and not any(
            version > signing.form_version and at - published >= timedelta(days)
            for version, published in enumerate(facts.forms, start=1)
        )
        for signing in signings
    )


def counts(grant: Grant, at: datetime, today: date) -> bool:
    if not grant.signed_at or any(at < t for t in grant.signed_at):
        return False
    if grant.ended_at is not None and at >= grant.ended_at:
        return False
    return grant.until is None or today <= grant.until


def good(paper: Document, at: datetime, today: date) -> bool:
    if at < paper.verified_at or (paper.revoked_at is not None and at >= paper.revoked_at):
        return False
    return paper.expires_on is None or today <= paper.expires_on


def mostly(usual: some.SearchStrategy[T], else_: some.SearchStrategy[T]) -> some.SearchStrategy[T]:
    """Three times out of four the usual thing, so that most examples open something."""
    return some.integers(0, 3).flatmap(lambda number: else_ if number == 3 else usual)


@some.composite
def spans(draw: some.DrawFn, instant: some.SearchStrategy[datetime], least: int) -> tuple[Span, ...]:
    """One to two spans that do not overlap, the last one perhaps without end; or none where ``least`` is 0."""
    edges = sorted(set(draw(some.lists(instant, min_size=least, max_size=4))))
    pairs = zip(edges[::2], [*edges[1::2], None], strict=False)
    return tuple(Span(since, until, f"{since}") for since, until in pairs)


@some.composite
def any_facts(draw: some.DrawFn) -> Facts:
    """A patient of any birth date in any zone, with every kind of fact around the two birthdays."""
    born, zone = draw(BORN), draw(some.sampled_from(ZONES))
    anchors = [age(years, born, zone) for years in (11, 12, 13, 17, 18, 19)]
    shift = some.sampled_from([0, 1, -1, 3600, 86_400, -86_400, 86_400 * 90, -86_400 * 90])
    instant = some.builds(lambda at, by: at + timedelta(seconds=by), some.sampled_from(anchors), shift)
    day = instant.map(lambda at: at.astimezone(ZoneInfo(zone)).date())
    early = mostly(some.sampled_from([anchors[0], anchors[4]]), instant)
    always = some.just((Span(LONG_AGO, None, "always"),))
    held = mostly(some.builds(lambda at: (Span(at, None, "early"),), early), spans(instant, 1))

    papers = some.builds(Document, early, mostly(some.none(), day), mostly(some.none(), instant), some.uuids().map(str))
    grants = some.builds(
        Grant,
        person_id=some.just(PARENT),
        kind=some.sampled_from(["minor", "adult_authorization", "personal_representative", "executor"]),
        scopes=some.sets(some.sampled_from(sorted(ALL_SCOPES)), min_size=1).map(frozenset),
        signed_at=mostly(early.map(lambda at: (at, at)), some.lists(instant, max_size=2).map(tuple)),
        until=mostly(some.none(), day),
        ended_at=mostly(some.none(), instant),
        documents=mostly(papers.map(lambda paper: (paper,)), some.lists(papers, max_size=2).map(tuple)),
        because=some.uuids().map(str),
    )
    forms = [LONG_AGO, *sorted(set(draw(mostly(some.just([]), some.lists(instant, max_size=2)))))]

    def under_a_form(spans: tuple[Span, ...]) -> tuple[Signing, ...]:
        """Each signed the version in force at its time."""
        return tuple(
            Signing(s.since, s.until, s.because, sum(published <= s.since for published in forms)) for s in spans
        )

    own = under_a_form(draw(held))
    people = [
        Person(
            PARENT,
            draw(mostly(always, held)),
            under_a_form(draw(held)),
            tuple(draw(some.lists(grants, min_size=1, max_size=3))),
            draw(mostly(some.just(()), spans(instant, 0))),
        )
    ]
    if draw(some.booleans()):
        people.append(Person(PATIENT, draw(mostly(always, held)), own))
    births = [BirthDate(LONG_AGO, born, "born")]
    if draw(mostly(some.just(False), some.just(True))):
        births.append(BirthDate(draw(instant), draw(BORN), "corrected"))
    deaths = draw(some.just(()) | held)
    declared = draw(mostly(some.just(()), spans(instant, 0)))
    emergencies = tuple(Emergency(PARENT, span) for span in declared)
    freed = draw(mostly(some.just(()), spans(instant, 0)))
    return Facts(PATIENT, zone, 12, 18, tuple(births), deaths, own, tuple(people), tuple(forms), emergencies, freed)


@settings(max_examples=EXAMPLES, deadline=None)
@over(any_facts())
def test_at_every_instant_around_every_boundary_windows_and_rules_agree(facts: Facts) -> None:
    decided = windows(facts)
    for boundary in boundaries(facts):
        for at in (boundary - timedelta(seconds=1), boundary, boundary + timedelta(seconds=1)):
            seen = {scope for window in decided if window.holds(at) for scope in window.scopes}
            assert seen == may_see(facts, at)


@settings(max_examples=100, deadline=None)
@over(any_facts())
def test_windows_are_sorted_not_empty_and_never_touch_an_equal_neighbour(facts: Facts) -> None:
    decided = windows(facts)
    assert decided == sorted(decided, key=lambda window: window.since)
    assert all(window.scopes and (window.until is None or window.since < window.until) for window in decided)
    ends = {(w.until, w.rule, w.scopes, w.because, w.person_id) for w in decided}
    assert not any((w.since, w.rule, w.scopes, w.because, w.person_id) in ends for w in decided)

"""What stands between an account and a record that it may not see: one word each."""

from datetime import datetime
from zoneinfo import ZoneInfo

from services.consent.domain.facts import Facts, Grant, Person, holding
from services.consent.domain.windows import ages_by, birth_date_at, windows


def missing(facts: Facts, at: datetime) -> list[str]:
    """Sorted words; none where something is open."""
    if any(window.holds(at) for window in windows(facts)):
        return []
    birth = birth_date_at(facts, at)
    joined = [person for person in facts.people if holding(person.enrolments, at) is not None]
    if birth is None or not joined:
        return ["enrolment"]
    ages = ages_by(facts, birth)
    is_dead = holding(facts.deaths, at) is not None
    found: set[str] = set()
    for person in joined:
        if person.person_id != facts.patient_id:
            found |= _for_a_representative(person, ZoneInfo(facts.time_zone), is_dead, at)
        elif is_dead:
            found.add("life")
        elif at < ages.adolescent:
            found.add("age")
        else:
            found.add("consent")
    return sorted(found)


def _for_a_representative(person: Person, zone: ZoneInfo, is_dead: bool, at: datetime) -> set[str]:
    found = set()
    if holding(person.suspensions, at) is not None:
        found.add("suspension")
    if holding(person.signatures, at) is None:
        found.add("consent")
    open_grants = [grant for grant in person.grants if grant.signed_at and not _is_over(grant, at)]
    if not open_grants:
        found.add("authorization")
    elif not any((grant.kind == "executor") == is_dead for grant in open_grants):
        found.add("death" if not is_dead else "life")
    elif all(grant.kind != "adult_authorization" and not _documented(grant, zone, at) for grant in open_grants):
        found.add("documents")
    return found or {"age"}


def _is_over(grant: Grant, at: datetime) -> bool:
    return grant.ended_at is not None and grant.ended_at <= at


def _documented(grant: Grant, zone: ZoneInfo, at: datetime) -> bool:
    return any(document.counts(zone, at) for document in grant.documents)

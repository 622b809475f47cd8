"""What stands between an account and a record that it may not see: one word each."""

from datetime import datetime
from zoneinfo import ZoneInfo

from services.consent.domain.facts import Facts, Grant, Person, holding
from services.consent.domain.windows import ages_by, birth_date_at, is_current, windows


def missing(facts: Facts, at: datetime) -> list[str]:
    """Sorted words; none where something is open."""
    if any(window.holds(at) for window in windows(facts)):
        return []
    birth = birth_date_at(facts, at)
    joined = [person for person in facts.people if holding(person.enrolments, at) is not None]
    if birth is None or not joined:
        return ["verification" if holding(facts.waiting, at) is not None else "enrolment"]
    ages = ages_by(facts, birth, at)
    is_dead = holding(facts.deaths, at) is not None
    found: set[str] = set()
    for person in joined:
        if person.person_id != facts.patient_id:
            found |= _for_a_representative(facts, person, is_dead, at)
        elif is_dead:
            found.add("life")
        elif at < ages.adolescent:
            found.add("age")
        else:
            found.add(_unsigned(person, at))
    return sorted(found)


def _unsigned(person: Person, at: datetime) -> str:
    """``form``: a signature holds that does not count any longer: a new version, or the 18th birthday (R2)."""
    return "consent" if holding(person.signatures, at) is None else "form"


def _for_a_representative(facts: Facts, person: Person, is_dead: bool, at: datetime) -> set[str]:
    zone = ZoneInfo(facts.time_zone)
    found = set()
    if holding(person.suspensions, at) is not None:
        found.add("suspension")
    if not any(signing.holds(at) and is_current(facts, signing, at) for signing in person.signatures):
        found.add(_unsigned(person, at))
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

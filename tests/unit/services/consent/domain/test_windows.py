"""The rules of access at their boundaries, one second before, at, and after."""

from dataclasses import replace
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest

from services.consent.domain.calendar import end_of_day
from services.consent.domain.facts import ALL_SCOPES, GRACE, PREPARATION, TEEN_SCOPES, BirthDate
from services.consent.domain.windows import windows
from tests.unit.services.consent.domain.facts import (
    BIRTH,
    LONG_AGO,
    PARENT,
    age,
    dead,
    document,
    facts,
    grant,
    myself,
    open_at,
    parent,
    rules_at,
    signing,
    span,
)

SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)
ALL: set[str] = set(ALL_SCOPES)
TEEN: set[str] = set(TEEN_SCOPES)
NOTHING: set[str] = set()
ZONES = ("America/New_York", "UTC", "Africa/Cairo", "America/Sao_Paulo")


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("birth", [BIRTH, date(2012, 2, 29), date(2014, 12, 31)])
def test_r17_r18_a_parent_sees_all_until_12_and_appointments_and_bills_until_18(zone: str, birth: date) -> None:
    known = facts(parent(grant()), birth=birth, zone=zone)
    twelve, eighteen = age(12, birth, zone), age(18, birth, zone)
    assert open_at(known, twelve - SECOND) == ALL
    assert open_at(known, twelve) == TEEN
    assert open_at(known, twelve + SECOND) == TEEN
    assert open_at(known, eighteen - SECOND) == TEEN
    assert open_at(known, eighteen) == NOTHING
    assert open_at(known, eighteen + SECOND) == NOTHING


def test_r18_a_birthday_at_a_midnight_that_does_not_exist() -> None:
    known = facts(parent(grant()), birth=date(2012, 4, 26), zone="Africa/Cairo")
    twelve = age(12, date(2012, 4, 26), "Africa/Cairo")
    assert twelve.astimezone(ZoneInfo("Africa/Cairo")).hour == 1
    assert (open_at(known, twelve - SECOND), open_at(known, twelve)) == (ALL, TEEN)


def test_r20_a_grant_of_fewer_scopes_gives_no_more_in_either_stage() -> None:
    few = replace(grant(), scopes=frozenset({"results", "billing"}))
    known = facts(parent(few))
    assert open_at(known, age(12) - SECOND) == {"results", "billing"}
    assert open_at(known, age(12)) == {"billing"}
    assert open_at(facts(parent(replace(few, scopes=frozenset({"results"})))), age(12)) == NOTHING


def test_r42_no_own_access_under_12_and_all_scopes_from_then_on() -> None:
    known = facts(myself(signing(age(12))))
    assert open_at(known, age(12) - SECOND) == NOTHING
    assert open_at(known, age(12)) == ALL


def test_r2_a_consent_signed_before_12_opens_nothing() -> None:
    assert open_at(facts(myself(signing(age(12) - SECOND))), age(12)) == NOTHING


def test_r2_an_own_consent_given_before_18_ends_at_18_and_one_given_then_counts() -> None:
    teen = facts(myself(signing(age(15))))
    assert (open_at(teen, age(18) - SECOND), open_at(teen, age(18))) == (ALL, NOTHING)
    adult = facts(myself(signing(age(15)), signing(age(18) + DAY)))
    assert (open_at(adult, age(18)), open_at(adult, age(18) + DAY)) == (NOTHING, ALL)
    assert rules_at(adult, age(18) + DAY) == {"R12"}


def test_r2_withdrawn_at_an_instant_it_is_closed_at_that_instant() -> None:
    known = facts(myself(signing(age(15), age(16))))
    assert (open_at(known, age(16) - SECOND), open_at(known, age(16))) == (ALL, NOTHING)


def test_r2_a_new_version_closes_the_own_access_from_its_publication_until_it_is_signed() -> None:
    known = replace(facts(myself(signing(age(13)), signing(age(15) + DAY, version=2))), forms=(LONG_AGO, age(15)))
    assert [open_at(known, age(15) + by) for by in (-SECOND, timedelta(0), DAY - SECOND, DAY)] == [
        ALL, NOTHING, NOTHING, ALL,
    ]  # fmt: skip


def test_r2_a_new_version_closes_a_representatives_access_in_every_stage_until_the_representative_signs() -> None:
    known = replace(facts(parent(grant())), forms=(LONG_AGO, age(11), age(13)))
    assert [open_at(known, age(11) + by) for by in (-SECOND, timedelta(0))] == [ALL, NOTHING]
    both = (signing(), signing(age(11) + DAY, version=2))
    known = replace(facts(parent(grant(), signed=both)), forms=(LONG_AGO, age(11), age(13)))
    assert [open_at(known, at) for at in (age(11), age(11) + DAY, age(13) - SECOND, age(13))] == [
        NOTHING, ALL, TEEN, NOTHING,
    ]  # fmt: skip


def test_r2_those_the_patient_let_in_go_on_for_30_days_from_the_publication() -> None:
    published = age(19)
    person = parent(grant("adult_authorization", age(18)), signed=(signing(age(18)), signing(published, version=2)))
    known = replace(facts(person, own=(signing(age(18)),)), forms=(LONG_AGO, published))
    assert [open_at(known, published + by) for by in (-SECOND, timedelta(0), GRACE - SECOND, GRACE)] == [
        ALL, ALL, ALL, NOTHING,
    ]  # fmt: skip
    late = replace(known, patient_signatures=(signing(age(18)), signing(published + GRACE + DAY, version=2)))
    assert [open_at(late, published + GRACE + by) for by in (-SECOND, timedelta(0), DAY)] == [ALL, NOTHING, ALL]


def test_r2_a_third_version_does_not_lengthen_the_30_days_that_the_second_left() -> None:
    published = age(19)
    person = parent(
        grant("adult_authorization", age(18)),
        signed=(signing(age(18)), signing(published + 10 * DAY, version=3)),
    )
    known = replace(facts(person, own=(signing(age(18)),)), forms=(LONG_AGO, published, published + 10 * DAY))
    assert [open_at(known, published + GRACE + by) for by in (-SECOND, timedelta(0))] == [ALL, NOTHING]


def test_r2_withdrawn_within_the_30_days_those_let_in_are_out_at_once() -> None:
    published, withdrawn = age(19), age(19) + DAY
    person = parent(grant("adult_authorization", age(18)), signed=(signing(age(18)), signing(published, version=2)))
    known = replace(facts(person, own=(signing(age(18), withdrawn),)), forms=(LONG_AGO, published))
    assert [open_at(known, withdrawn + by) for by in (-SECOND, timedelta(0))] == [ALL, NOTHING]


def test_r7_no_document_an_expired_one_and_a_revoked_one_stop_access() -> None:
    at = age(10)
    day = at.astimezone(ZoneInfo("America/New_York")).date()
    none = facts(parent(replace(grant(), documents=())))
    expiring = facts(parent(replace(grant(), documents=(document(expires_on=day),))))
    revoked = facts(parent(replace(grant(), documents=(document(revoked_at=at),))))
    midnight = end_of_day(day, ZoneInfo("America/New_York"))
    assert open_at(none, at) == NOTHING
    assert (open_at(expiring, midnight - SECOND), open_at(expiring, midnight)) == (ALL, NOTHING)
    assert (open_at(revoked, at - SECOND), open_at(revoked, at)) == (ALL, NOTHING)


def test_r7_a_newly_verified_document_resumes_the_grant() -> None:
    documents = (document(revoked_at=age(10)), document(since=age(11)))
    known = facts(parent(replace(grant(), documents=documents)))
    assert [open_at(known, at) for at in (age(10), age(11) - SECOND, age(11))] == [NOTHING, NOTHING, ALL]


def test_r19a_opens_only_when_signed_by_both_on_or_after_the_18th_birthday() -> None:
    own = (signing(age(18)),)
    signed = parent(grant("adult_authorization", age(18)), signed=(signing(age(18)),))
    early = replace(grant("adult_authorization", age(18)), signed_at=(age(18) - SECOND, age(18)))
    draft = replace(grant("adult_authorization"), signed_at=())
    assert open_at(facts(signed, own=own), age(18)) == ALL
    assert rules_at(facts(signed, own=own), age(18)) == {"R19a"}
    assert open_at(facts(replace(signed, grants=(early,)), own=own), age(19)) == NOTHING
    assert open_at(facts(replace(signed, grants=(draft,)), own=own), age(19)) == NOTHING


def test_r2_r19a_rests_on_the_patients_own_consent_and_needs_no_documents() -> None:
    given = replace(grant("adult_authorization", age(18)), documents=())
    person = parent(given, signed=(signing(age(18)),))
    known = facts(person, own=(signing(age(18), age(20)),))
    assert (open_at(known, age(20) - SECOND), open_at(known, age(20))) == (ALL, NOTHING)


def test_r20_the_last_day_counts_in_full_in_local_time() -> None:
    last = date(2033, 3, 13)
    person = parent(grant("adult_authorization", age(18), last), signed=(signing(age(18)),))
    known = facts(person, own=(signing(age(18)),))
    over = end_of_day(last, ZoneInfo("America/New_York"))
    assert (open_at(known, over - SECOND), open_at(known, over)) == (ALL, NOTHING)


def test_r19b_prepared_in_the_90_days_before_begins_on_the_birthday() -> None:
    prepared_at = age(18) - PREPARATION
    person = parent(grant("personal_representative", prepared_at), signed=(signing(prepared_at),))
    assert (open_at(facts(person), age(18) - SECOND), open_at(facts(person), age(18))) == (NOTHING, ALL)
    earlier = parent(grant("personal_representative", prepared_at - SECOND), signed=(signing(prepared_at),))
    assert open_at(facts(earlier), age(18)) == NOTHING


def test_r2_the_parents_old_consent_does_not_prepare_b() -> None:
    person = parent(grant("personal_representative", age(18) - DAY), signed=(signing(age(9)),))
    assert open_at(facts(person), age(18)) == NOTHING


def test_r19_nothing_rolls_over_from_minor_to_adult() -> None:
    assert open_at(facts(parent(grant(), signed=(signing(age(18)),))), age(18)) == NOTHING


def test_r20_suspension_holds_whatever_is_granted_until_lifted() -> None:
    person = replace(parent(grant()), suspensions=(span(age(9), age(10)),))
    known = facts(person)
    expected = [ALL, NOTHING, NOTHING, ALL]
    assert [open_at(known, at) for at in (age(9) - SECOND, age(9), age(10) - SECOND, age(10))] == expected


def test_r20_death_ends_the_patients_access_and_grants_and_a_mistake_gives_the_patient_back() -> None:
    known = dead(facts(myself(signing(age(18))), parent(grant())), age(20), age(21))
    expected = [ALL, NOTHING, NOTHING, ALL]
    assert [open_at(known, at) for at in (age(20) - SECOND, age(20), age(21) - SECOND, age(21))] == expected
    child = dead(facts(parent(grant())), age(9))
    assert (open_at(child, age(9) - SECOND), open_at(child, age(9))) == (ALL, NOTHING)


def test_r20_an_executor_reads_and_pays_after_death_and_nothing_before() -> None:
    person = parent(grant("executor", until=date(2040, 1, 1)), signed=(signing(age(19)),))
    known = dead(facts(person), age(20))
    assert open_at(known, age(20) - SECOND) == NOTHING
    assert open_at(known, age(20)) == {"results", "documents", "billing"}
    assert {window.acting_as for window in windows(known)} == {"executor"}
    unsigned = dead(facts(replace(person, signatures=())), age(20))
    assert open_at(unsigned, age(20)) == NOTHING


def test_r20_death_stops_ageing_for_the_executor_of_a_teen() -> None:
    person = parent(grant("executor", until=date(2040, 1, 1)), signed=(signing(age(16)),))
    known = dead(facts(person), age(17))
    assert open_at(known, age(18) + DAY) == {"results", "documents", "billing"}


def test_an_account_that_left_sees_nothing_and_one_that_came_back_only_from_then_on() -> None:
    person = replace(parent(grant()), enrolments=(span(age(5), age(6)), span(age(7))))
    known = facts(person)
    moments = (age(5) - SECOND, age(5), age(6) - SECOND, age(6), age(7) - SECOND, age(7))
    assert [bool(open_at(known, at)) for at in moments] == [False, True, True, False, False, True]


def test_r18_a_corrected_birth_date_acts_from_its_recording() -> None:
    corrected = BirthDate(age(11), BIRTH - timedelta(days=730), "identity:corrected")
    known = facts(parent(grant()))
    known = replace(known, birth_dates=(*known.birth_dates, corrected))
    assert (open_at(known, age(11) - SECOND), open_at(known, age(11))) == (ALL, TEEN)


def test_r20_grants_to_one_account_add_up() -> None:
    results = replace(grant(), scopes=frozenset({"results"}), because="consent:one")
    billing = replace(grant(), scopes=frozenset({"billing"}), because="consent:two")
    assert open_at(facts(parent(results, billing)), age(9)) == {"results", "billing"}


def test_windows_are_half_open_sorted_and_merged_and_name_rule_and_events() -> None:
    first, second = windows(facts(parent(grant())))
    assert (first.since, first.until, second.since, second.until) == (LONG_AGO, age(12), age(12), age(18))
    assert (first.rule, second.rule) == ("R17", "R18")
    assert first.person_id == PARENT
    assert first.because == ("identity:born", "consent:grant", "consent:document", "consent:signed", "identity:parent")


def test_what_is_over_is_left_out_on_request() -> None:
    known = facts(parent(grant()))
    assert [window.rule for window in windows(known, after=age(12))] == ["R18"]
    assert windows(known, after=age(18)) == []


def test_an_account_without_a_person_on_the_record_sees_nothing() -> None:
    assert windows(facts()) == []
    assert windows(replace(facts(parent(grant())), birth_dates=())) == []

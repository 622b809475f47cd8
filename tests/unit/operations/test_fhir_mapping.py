"""What a FHIR bundle becomes: what comes in, what is counted as skipped, and what breaks a file."""

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from operations.fhir.mapping import BrokenFile, Mapped, read_bundle

CORPUS = Path(__file__).parents[4] / "shared/data/fhir"
PATIENT = {"resourceType": "Patient", "id": "p", "name": [{"family": "Example"}], "birthDate": "2000-02-29"}


def read(*resources: Mapping[str, Any]) -> Mapped:
    entries = [{"fullUrl": f"urn:uuid:{one['id']}", "resource": one} for one in resources]
    return read_bundle(json.dumps({"resourceType": "Bundle", "entry": entries}).encode())


def observation(name: str, **more: Any) -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "id": name,
        "status": "final",
        "code": {"text": name},
        "subject": {"reference": "urn:uuid:p"},
        "effectiveDateTime": "2020-05-01T10:00:00+02:00",
        "valueQuantity": {"value": 1.50, "unit": "mg"},
        **more,
    }


def test_a_report_is_one_result_with_its_observations() -> None:
    report = {
        "resourceType": "DiagnosticReport",
        "id": "r",
        "category": [{"coding": [{"code": "LAB"}]}],
        "code": {"text": "Panel"},
        "subject": {"reference": "urn:uuid:p"},
        "effectiveDateTime": "2020-05-01",
        "result": [{"reference": "urn:uuid:b"}, {"reference": "urn:uuid:a"}],
    }
    (result,) = read(PATIENT, report, observation("a"), observation("b")).results
    assert (result.title, result.category, result.effective_at) == (
        "Panel",
        "laboratory",
        datetime(2020, 5, 1, tzinfo=UTC),
    )
    assert [(value.name, value.value, value.unit) for value in result.values] == [
        ("b", "1.5", "mg"),
        ("a", "1.5", "mg"),
    ]


def test_loose_observations_are_one_result_an_encounter_and_category() -> None:
    vital = {"category": [{"coding": [{"code": "vital-signs"}]}]}
    mapped = read(
        PATIENT,
        observation("a", encounter={"reference": "urn:uuid:e1"}, **vital),
        observation("b", encounter={"reference": "urn:uuid:e1"}, **vital),
        observation("c", encounter={"reference": "urn:uuid:e1"}),
        observation("d", encounter={"reference": "urn:uuid:e2"}, **vital),
    )
    assert sorted((one.resource_id, len(one.values)) for one in mapped.results) == [
        ("e1/other", 1),
        ("e1/vital-signs", 2),
        ("e2/vital-signs", 1),
    ]


def test_components_are_values_of_their_own() -> None:
    pressure = observation("bp", component=[{"code": {"text": "systolic"}, "valueQuantity": {"value": 120}}])
    del pressure["valueQuantity"]
    (result,) = read(PATIENT, pressure).results
    assert [(value.name, value.value) for value in result.values] == [("systolic", "120")]


def test_what_says_nothing_is_counted_and_left_out() -> None:
    mapped = read(PATIENT, observation("a", status="entered-in-error"), {"resourceType": "Goal", "id": "g"})
    assert mapped.results == []
    assert mapped.skipped["Observation entered-in-error"] == 1
    assert mapped.skipped["Goal"] == 1


def test_what_is_about_nobody_here_is_counted_and_left_out() -> None:
    mapped = read(PATIENT, observation("a", subject={"reference": "urn:uuid:someone-else"}))
    assert (mapped.results, mapped.skipped["Observation of no patient here"]) == ([], 1)


def test_a_claim_is_exact_to_the_cent_and_one_without_a_sound_amount_is_left_out() -> None:
    def claim(name: str, value: float, currency: str = "USD") -> dict[str, Any]:
        total = {"value": value, "currency": currency}
        period = {"start": "2019-12-31T23:59:59-05:00"}
        return {
            "resourceType": "Claim",
            "id": name,
            "patient": {"reference": "urn:uuid:p"},
            "billablePeriod": period,
            "total": total,
        }

    mapped = read(PATIENT, claim("a", 129.16), claim("b", 0), claim("c", 1.005), claim("d", 5, "EUR"))
    assert [(one.amount_cents, one.serviced_on) for one in mapped.charges] == [(12916, date(2019, 12, 31))]
    assert mapped.skipped["Claim without an amount in USD and a date"] == 3


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (b"{", "JSON"),
        (b"\xff\xfe", "JSON"),
        (b"[]", "Bundle"),
        (b'{"resourceType": "Patient"}', "resourceType"),
        (b'{"resourceType": "Bundle", "entry": [{"resource": {"resourceType": 5}}]}', "entry 0"),
        (b'{"resourceType": "Bundle", "entry": [{"resource": {"resourceType": "Patient", "id": "p"}}]}', "entry 0"),
    ],
)
def test_a_broken_file_is_named_by_entry_and_path(text: bytes, named: str) -> None:
    with pytest.raises(BrokenFile, match=named):
        read_bundle(text)


def test_an_error_repeats_no_value_of_the_file() -> None:
    canary = "canary-7c1f"
    patient = {**PATIENT, "birthDate": canary, "name": [{"family": canary}]}
    with pytest.raises(BrokenFile) as caught:
        read(patient)
    assert canary not in str(caught.value)
    assert "birthDate" in str(caught.value)


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the FHIR corpus is not beside this checkout: nothing was checked")
def test_all_of_the_corpus_is_taken_in_or_counted() -> None:
    files = sorted(CORPUS.glob("*.json"))
    for path in files:
        kinds: dict[str, int] = {}
        for entry in json.loads(path.read_bytes())["entry"]:
            kind = entry["resource"]["resourceType"]
            kinds[kind] = kinds.get(kind, 0) + 1
        mapped = read_bundle(path.read_bytes())
        assert len(mapped.patients) == kinds["Patient"]
        assert len(mapped.providers) == kinds["Practitioner"]
        assert len(mapped.charges) == kinds.get("Claim", 0)
        taken = {
            kind: sum(entry.kind == kind for entry in mapped.entries)
            for kind in ("medication", "allergy", "immunization", "problem")
        }
        assert taken == {
            "medication": kinds.get("MedicationRequest", 0),
            "allergy": kinds.get("AllergyIntolerance", 0),
            "immunization": kinds.get("Immunization", 0),
            "problem": kinds.get("Condition", 0),
        }
        for kind in ("ExplanationOfBenefit", "Procedure", "Encounter", "Organization"):
            assert mapped.skipped[kind] == kinds.get(kind, 0)
    assert len(files) == 36

"""Synthetic FHIR R4 bundles for demonstration: seeded, the same at every run, no file needed."""

import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import carebundle

REFERENCE_DATE = date(2026, 1, 1)
RANGES = {
    "2951-2": (135, 145),
    "2823-3": (3.5, 5.1),
    "2345-7": (70, 99),
    "17861-6": (8.6, 10.2),
    "2160-0": (0.6, 1.3),
    "718-7": (12.0, 16.0),
    "6690-2": (4.0, 11.0),
    "777-3": (150, 400),
    "2093-3": (None, 199),
    "2085-9": (40, None),
    "13457-7": (None, 99),
    "2571-8": (None, 149),
    "4548-4": (4.0, 5.6),
}
"""Common adult reference ranges by LOINC code, in the units that the generator uses."""
PRACTITIONER_NPI = "1000000038"


@dataclass(frozen=True, slots=True)
class Sample:
    """One generated patient: what the generator makes of the seed."""

    seed: int
    profile: str
    sex: str
    given: str
    family: str
    birth_date: date


def _sample(seed: int, profile: str, sex: str) -> Sample:
    patient = next(
        entry["resource"]
        for entry in _raw(seed, profile, sex)["entry"]
        if entry["resource"]["resourceType"] == "Patient"
    )
    name = patient["name"][0]
    return Sample(seed, profile, sex, " ".join(name["given"]), name["family"], date.fromisoformat(patient["birthDate"]))


def _raw(seed: int, profile: str, sex: str) -> dict[str, Any]:
    bundle = carebundle.generate_bundle(
        profile=profile, seed=seed, sex=sex, age_range=(30, 75), reference_date=REFERENCE_DATE
    )
    made: dict[str, Any] = json.loads(carebundle.to_json(bundle))
    return made


def bundle_of(sample: Sample) -> dict[str, Any]:
    """The generator's bundle with what it leaves out: an NPI, reference ranges, two claims."""
    made = _raw(sample.seed, sample.profile, sample.sex)
    entries = made["entry"]
    patient = next(one["fullUrl"] for one in entries if one["resource"]["resourceType"] == "Patient")
    for entry in entries:
        resource = entry["resource"]
        if resource["resourceType"] == "Practitioner":
            resource["identifier"] = [{"system": "http://hl7.org/fhir/sid/us-npi", "value": PRACTITIONER_NPI}]
        if resource["resourceType"] == "Observation" and "valueQuantity" in resource:
            code = resource["code"]["coding"][0]["code"]
            if code in RANGES:
                bounds = zip(("low", "high"), RANGES[code], strict=True)
                resource["referenceRange"] = [{end: {"value": value} for end, value in bounds if value is not None}]
    for number, (words, value) in enumerate((("Office visit", 145.00), ("Laboratory panel", 62.50))):
        entries.append(
            {
                "fullUrl": f"urn:uuid:claim-{sample.seed}-{number}",
                "resource": {
                    "resourceType": "Claim",
                    "id": f"claim-{sample.seed}-{number}",
                    "status": "active",
                    "type": {"coding": [{"code": "professional"}]},
                    "patient": {"reference": patient},
                    "billablePeriod": {"start": "2025-12-30T10:00:00Z"},
                    "item": [{"sequence": 1, "productOrService": {"text": words}}],
                    "total": {"value": value, "currency": "USD"},
                },
            }
        )
    return made


PROFILES = ("type2_diabetes", "hypertension", "ckd_stage3", "anaemia", "healthy")
SAMPLES = tuple(_sample(seed, PROFILES[seed % len(PROFILES)], "FM"[seed % 2]) for seed in range(1, 11))
PRIMARY = next(sample for sample in SAMPLES if sample.profile == "type2_diabetes")
"""The patient whom the demo follows."""


def sample_bundles(folder: Path, samples: tuple[Sample, ...] = SAMPLES) -> list[Path]:
    """Writes one file a patient; their paths."""
    paths = []
    for sample in samples:
        path = folder / f"sample-{sample.seed:02d}.json"
        path.write_text(json.dumps(bundle_of(sample)), encoding="utf-8")
        paths.append(path)
    return paths

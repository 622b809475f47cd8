"""All Synthea bundles beside the checkout come into one practice: what came in is what the files say, counted apart."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import pytest
import pytest_asyncio

from operations.importing import Import, Summary
from operations.outside import eventually
from operations.settings import ROOT
from operations.stack import Stack
from shared.rpc.client import ApiChannel
from tests.e2e.practices import House

FOLDER = ROOT.parent / "shared/data/fhir"
pytestmark = [
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.timeout(600),
    pytest.mark.skipif(not FOLDER.is_dir(), reason=f"no bundles in {FOLDER}: the whole corpus is NOT imported here"),
]

NPI = "http://hl7.org/fhir/sid/us-npi"
ENTRIES = {
    "MedicationRequest": "medication",
    "AllergyIntolerance": "allergy",
    "Immunization": "immunization",
    "Condition": "problem",
}
WORDS = {
    "MedicationRequest": "medicationCodeableConcept",
    "AllergyIntolerance": "code",
    "Immunization": "vaccineCode",
    "Condition": "code",
}
VALUES = ("valueQuantity", "valueCodeableConcept", "valueString", "valueInteger", "valueBoolean")


@dataclass
class Expected:
    """Read off the files with nothing but ``json``."""

    counts: Counter[str] = field(default_factory=Counter)
    npis: set[str] = field(default_factory=set)
    dead: int = 0
    cents: int = 0
    charged: set[str] = field(default_factory=set)


def resources(path: Path) -> Iterator[dict[str, Any]]:
    for entry in json.loads(path.read_text(encoding="utf-8"))["entry"]:
        yield entry["resource"]


def has_value(observation: dict[str, Any]) -> bool:
    return any(name in one for one in (observation, *observation.get("component", [])) for name in VALUES)


def category_of(observation: dict[str, Any]) -> str:
    return str(observation.get("category", [{"coding": [{"code": "other"}]}])[0]["coding"][0]["code"])


def count_file(path: Path, expected: Expected) -> None:
    found = list(resources(path))
    by_url = {f"urn:uuid:{one['id']}": one for one in found}
    reported: set[str] = set()
    loose: dict[tuple[str, str], bool] = {}
    for one in found:
        kind = one["resourceType"]
        if kind == "Patient":
            expected.counts["patient"] += 1
            expected.dead += "deceasedDateTime" in one or one.get("deceasedBoolean", False)
        elif kind == "Practitioner":
            expected.npis |= {name["value"] for name in one["identifier"] if name["system"] == NPI}
        elif kind in ENTRIES:
            words = one.get(WORDS[kind]) or by_url[one["medicationReference"]["reference"]]["code"]
            expected.counts[ENTRIES[kind]] += bool(words.get("text") or words["coding"])
        elif kind == "Claim" and one["total"]["value"] > 0:
            expected.counts["charge"] += 1
            expected.cents += round(one["total"]["value"] * 100)
            expected.charged.add(one["patient"]["reference"])
        elif kind == "DiagnosticReport":
            members = [member["reference"] for member in one.get("result", [])]
            reported.update(members)
            expected.counts["result"] += any(has_value(by_url[member]) for member in members if member in by_url)
    for one in found:
        if one["resourceType"] == "Observation" and f"urn:uuid:{one['id']}" not in reported:
            group = one.get("encounter", {"reference": one["id"]})["reference"], category_of(one)
            loose[group] = loose.get(group, False) or has_value(one)
    expected.counts["result"] += sum(loose.values())


def expected_of(paths: list[Path]) -> Expected:
    expected = Expected()
    for path in paths:
        count_file(path, expected)
    expected.counts["statement"] = len(expected.charged)
    return expected


def bundles() -> list[Path]:
    return sorted(FOLDER.glob("*.json"))


@dataclass
class Taken:
    """The corpus as it was taken in, once, with broken files in between, and then once more."""

    house: House
    expected: Expected
    first: Summary
    again: Summary
    mailed: int
    broken: list[str]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def taken(channels: ApiChannel, house: House, tmp_path_factory: pytest.TempPathFactory) -> Taken:
    folder = tmp_path_factory.mktemp("broken")
    paths = bundles()
    broken = broken_files(folder, paths[0])
    for role in ("front_desk", "provider", "billing"):
        await house.staff(role)
    mailed = await house.mails()
    told: list[str] = []
    mixed = [*paths[:3], broken[0], *paths[3:20], *broken[1:], *paths[20:]]
    first = await Import(channels, UUID(house.practice_id), told.append).files(mixed)
    assert told == [path.name for path in mixed], "each file is told of when it is done"
    again = await Import(channels, UUID(house.practice_id), lambda _: None).files(paths)
    return Taken(house, expected_of(paths), first, again, mailed, [path.name for path in broken])


def broken_files(folder: Path, sound: Path) -> list[Path]:
    """Cut off, not a bundle, one value of another type, no JSON at all."""
    text = sound.read_text(encoding="utf-8")
    odd = json.loads(text)
    number = next(n for n, entry in enumerate(odd["entry"]) if entry["resource"]["resourceType"] == "Observation")
    odd["entry"][number]["resource"]["code"] = "Canary-Value"
    made = {"cut.json": text[:5000], "list.json": "[1, 2]", "odd.json": json.dumps(odd), "none.json": "\x00\x01"}
    for name, content in made.items():
        (folder / name).write_text(content, encoding="utf-8")
    return [folder / name for name in made]


async def test_what_came_in_is_what_the_files_hold(taken: Taken) -> None:
    found = {kind: outcomes["new"] + outcomes["registered"] for kind, outcomes in taken.first.outcomes.items()}
    assert found == {**taken.expected.counts, "provider": len(taken.expected.npis)}
    repeated = {kind: outcomes["unchanged"] for kind, outcomes in taken.first.outcomes.items() if kind != "provider"}
    assert set(repeated.values()) == {0}, "only a provider stands in more than one file"
    assert not taken.first.changed


async def test_a_broken_file_is_named_with_its_place_and_without_its_values(taken: Taken) -> None:
    assert sorted(taken.first.broken) == sorted(taken.broken)
    assert "entry" in taken.first.broken["odd.json"]
    assert "code" in taken.first.broken["odd.json"]
    assert "Canary" not in str(taken.first.broken)


async def test_importing_again_changes_nothing(taken: Taken) -> None:
    assert {outcome for outcomes in taken.again.outcomes.values() for outcome in outcomes} == {"unchanged"}
    assert not taken.again.broken
    assert not taken.again.changed
    first = {kind: sum(outcomes.values()) for kind, outcomes in taken.first.outcomes.items()}
    assert {kind: sum(outcomes.values()) for kind, outcomes in taken.again.outcomes.items()} == first
    assert taken.again.skipped == taken.first.skipped


async def test_r35_an_import_mailed_nobody(taken: Taken) -> None:
    assert await taken.house.mails() == taken.mailed > 0


async def everybody(taken: Taken) -> list[dict[str, Any]]:
    """The practice's patients, found by the letters that their names begin with."""
    desk = await taken.house.staff("front_desk")
    found = {}
    for path in bundles():
        patient = next(one for one in resources(path) if one["resourceType"] == "Patient")
        answer = await desk.post(taken.house.of("patients/find"), {"name": patient["name"][0]["family"]})
        found.update({one["patient_id"]: one for one in answer["patients"]})
    return list(found.values())


async def test_the_desk_finds_everybody_and_the_dead_are_recorded_dead(taken: Taken) -> None:
    async def complete() -> list[dict[str, Any]] | None:
        found = await everybody(taken)
        return found if len(found) == taken.expected.counts["patient"] else None

    found = await eventually("all patients at the desk", complete, 60)
    assert sum(one["deceased"] for one in found) == taken.expected.dead > 0
    assert not any(one["enrolled"] for one in found)


async def test_r14_every_result_waits_and_every_balance_is_what_the_claims_sum_up_to(
    portal_stack: Stack, taken: Taken
) -> None:
    """Counted in the services' own read models, apart from what the import said of itself."""
    environment, practice = portal_stack.environment(), UUID(taken.house.practice_id)

    async def ask(service: str, sql: str) -> asyncpg.Record:
        connection = await asyncpg.connect(environment[f"PORTAL_{service.upper()}_DATABASE_URL"])
        try:
            (row,) = await connection.fetch(sql, practice)
            return row
        finally:
            await connection.close()

    async def settled() -> bool | None:
        row = await ask("documents", "SELECT count(*) AS number FROM live.results WHERE practice_id = $1")
        return row["number"] == taken.expected.counts["result"] or None

    await eventually("all results in the read model", settled, 60)
    row = await ask(
        "documents", "SELECT count(*) AS number FROM live.results WHERE practice_id = $1 AND state <> 'waiting'"
    )
    assert row["number"] == 0, "R14"

    async def charged() -> bool | None:
        row = await ask(
            "billing",
            "SELECT count(*) AS number, sum(amount_cents) AS cents FROM live.charges WHERE practice_id = $1",
        )
        return (row["number"], row["cents"]) == (taken.expected.counts["charge"], taken.expected.cents) or None

    await eventually("all charges in the read model", charged, 60)


async def test_a_patient_of_the_corpus_reads_as_the_file_says(taken: Taken) -> None:
    """One bundle, followed to the page: entries by kind, the balance, the statement over all charges."""
    path = min(bundles(), key=lambda one: one.stat().st_size)
    expected = expected_of([path])
    patient = next(one for one in resources(path) if one["resourceType"] == "Patient")
    desk, provider = await taken.house.staff("front_desk"), await taken.house.staff("provider")
    billing = await taken.house.staff("billing")
    name = patient["name"][0]
    (found,) = (await desk.post(taken.house.of("patients/find"), {"name": f"{name['given'][0]} {name['family']}"}))[
        "patients"
    ]
    of = f"/v1/patients/{found['patient_id']}"
    for kind in ENTRIES.values():
        number, page = 0, ""
        while True:
            listed = await provider.get(f"{of}/record-entries?kind={kind}&page_size=200&page_token={page}")
            number, page = number + len(listed["entries"]), listed["next_page_token"]
            if not page:
                break
        assert number == expected.counts[kind], kind
    balance = await billing.get(f"{of}/balance")
    assert int(balance["balance_cents"]) == expected.cents
    (statement,) = (await billing.get(f"{of}/statements"))["statements"]
    assert (int(statement["amount_cents"]), statement["state"]) == (expected.cents, "open")

"""What operators run beside a living portal: `portal inspect`, `portal export` and `portal replay`, as processes."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from operations.demo.world import Patient
from operations.outside import Portal, eventually
from operations.replaying import replay
from operations.settings import ROOT
from operations.stack import Stack
from shared.service import SERVICES
from tests.e2e.practices import House

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def patient(portal: Portal, house: House) -> Patient:
    """Enrolled, with a released result of which they have been mailed."""
    found = await house.enrolled()
    await house.result_of(found)

    async def told() -> bool | None:
        return len(await portal.mails(found.email)) >= 2 or None  # the invitation, and that a document is there

    await eventually("the mail that a document is there", told, 60)
    return found


async def command(stack: Stack, *words: str) -> tuple[int, str]:
    """``portal`` as an operator runs it where the environment names the services: exit code and all that it says."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "operations.main", *words,
        cwd=ROOT, env=stack.environment() | {"COLUMNS": "400"},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    said, _ = await process.communicate()
    return int(process.returncode or 0), said.decode()


async def test_inspect_shows_who_recorded_what_and_no_contents(portal_stack: Stack, patient: Patient) -> None:
    code, said = await command(portal_stack, "inspect", "identity", patient.patient_id)
    assert code == 0, said
    assert "PatientRegistered" in said
    assert "origin desk" in said
    assert patient.family not in said
    assert patient.email not in said
    code, said = await command(portal_stack, "inspect", "identity", "billing:1")
    assert (code, "expected the id of a stream" in said) == (1, True)


async def test_export_writes_each_patients_public_events_in_order_and_overwrites_nothing(
    portal_stack: Stack, patient: Patient, tmp_path: Path
) -> None:
    file = tmp_path / "documents.jsonl"
    code, said = await command(portal_stack, "export", "documents", "--to", str(file))
    assert code == 0, said
    lines: list[dict[str, Any]] = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    assert f"{len(lines)} events" in said
    own = [line for line in lines if line["key"] == patient.patient_id]
    received, released = (
        next(at for at, line in enumerate(own) if kind in line["ce_type"])
        for kind in ("ResultReceived", "ResultReleased")
    )
    assert received < released
    positions = [int(line["ce_id"].partition(":")[2]) for line in own]
    assert positions == sorted(positions)
    assert patient.family not in file.read_text(encoding="utf-8")
    before = file.read_bytes()
    code, said = await command(portal_stack, "export", "documents", "--to", str(file))
    assert (code, "not there yet" in said) == (2, True)
    assert file.read_bytes() == before


async def test_r16_a_full_replay_of_every_service_sends_no_mail_and_gives_identical_read_models(
    portal_stack: Stack, portal: Portal, patient: Patient
) -> None:
    before = [mail["id"] if "id" in mail else mail["subject"] for mail in await portal.mails(patient.email)]
    for service in SERVICES:
        report = await replay(portal_stack.environment(), service, [], verify=True)
        assert report, f"{service} has read models"
        assert [one.read_model for one in report if not one.equal] == [], service
    after = [mail["id"] if "id" in mail else mail["subject"] for mail in await portal.mails(patient.email)]
    assert after == before

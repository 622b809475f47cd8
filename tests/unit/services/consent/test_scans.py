"""Papers and their scans (R6, R7, R21): nothing on paper is recorded without a scan of this patient's."""

from collections.abc import Awaitable, Callable
from datetime import date
from uuid import UUID

import pytest

from services.consent.commands.authorizations import RecordDocument, record_document
from services.consent.commands.birthdays import RecordEmancipation, record_emancipation
from services.consent.commands.consents import SignConsent, sign_consent
from services.consent.commands.releases import RequestRelease, request_release
from services.consent.commands.scans import KeepScan, keep_scan
from services.consent.domain.record import Proof
from services.consent.domain.release import ReleaseForm
from services.consent.domain.scan import Scan, ScannedFile
from services.consent.published import PUBLISHED
from shared.errors import InvalidField
from tests.unit.services.consent.practice import BORN_TEEN, DESK, PARENT, PATIENT, PRACTICE, SCAN, ConsentPractice

OTHER_PATIENT, OTHERS_SCAN, NO_SCAN = UUID(int=99), UUID(int=100), UUID(int=101)
Act = Callable[[UUID], Awaitable[object]]


@pytest.fixture
async def here() -> ConsentPractice:
    practice = await ConsentPractice().opened()
    await practice.registered(BORN_TEEN)
    await practice.scanned(OTHERS_SCAN, OTHER_PATIENT)
    return practice


async def a_signature(here: ConsentPractice) -> Act:
    return lambda scan: here.do(sign_consent, SignConsent(PATIENT, PATIENT, 1, "paper", scan, DESK))


async def a_document(here: ConsentPractice) -> Act:
    authorization_id = await here.granted()
    return lambda scan: here.do(
        record_document, RecordDocument(PATIENT, authorization_id, "birth_certificate", scan, DESK)
    )


async def a_release(here: ConsentPractice) -> Act:
    form = ReleaseForm("imaging of 2019", "Elm Street Practice", "Dr. Roe", "second opinion", date(2027, 1, 31))
    return lambda scan: here.do(request_release, RequestRelease(PATIENT, form, "paper", scan, DESK))


async def a_proof(here: ConsentPractice) -> Act:
    return lambda scan: here.do(record_emancipation, RecordEmancipation(PATIENT, Proof("court_decree", scan, DESK)))


@pytest.mark.parametrize(
    "paper",
    [
        pytest.param(a_signature, id="r6 a consent form"),
        pytest.param(a_document, id="r7 a representative's document"),
        pytest.param(a_release, id="r21 an authorization for release"),
        pytest.param(a_proof, id="r18 a proof of emancipation"),
    ],
)
async def test_r6_r7_r21_a_paper_is_recorded_with_its_own_patients_scan_only(
    here: ConsentPractice, paper: Callable[[ConsentPractice], Awaitable[Act]]
) -> None:
    record = await paper(here)
    for scan in (NO_SCAN, OTHERS_SCAN, PATIENT, PARENT):
        with pytest.raises(InvalidField) as refused:
            await record(scan)
        assert refused.value.field == "scan_id"
    await record(SCAN)


async def test_r6_a_scan_is_kept_once_however_often_it_is_sent_and_told_to_nobody(here: ConsentPractice) -> None:
    command = KeepScan(PRACTICE, PATIENT, ScannedFile("image/png", 99, 1, "f" * 64, UUID(int=5)), DESK)
    kept = {(await here.do(keep_scan, command, key=UUID(int=7))).id for _ in range(2)}
    assert len(kept) == 1
    found = await here.store.find(Scan, Scan.create_id(kept.pop()))
    assert found is not None
    assert found.file == command.file
    assert Scan.Kept not in PUBLISHED

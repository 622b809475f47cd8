"""R6, R7, R21, R30: scans of papers over the process, from the desk's upload to the look at it."""

from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import grpc
import pytest

from shared.access.windows import StaffMembership
from shared.contracts.consent.v1 import api_pb2
from shared.contracts.identity.v1 import events as told
from shared.errors import NotAllowed, NotFound, Refused, TooLarge
from shared.rpc.certificates import Certificates
from tests.integration.services.consent.conftest import (
    BORN,
    DESK,
    OTHER_PRACTICE,
    PATIENT,
    PATIENTS_ACCOUNT,
    PRACTICE,
    STRANGER,
    House,
)
from tests.unit.shared.uploads.files import an_image, opened
from tests.waiting import until

FOREIGN, NURSE = UUID(int=0xB9), UUID(int=0xC9)
MOST = 10 * 1024 * 1024
HIDDEN = b"taken at home"


async def look(house: House, scan_id: str, account: UUID = DESK, patient: UUID = PATIENT) -> Any:
    request = api_pb2.DownloadScanRequest(patient_id=str(patient), scan_id=scan_id)
    return await house.ask("DownloadScan", request, account)


async def sign(house: House, scan_id: str) -> Any:
    request = api_pb2.SignConsentRequest(patient_id=str(PATIENT), form_version=1, method="paper", scan_id=scan_id)
    return await house.command("SignConsent", request)


async def test_r6_a_paper_form_is_recorded_with_its_scan_which_the_desk_alone_looks_at(
    house: House, tmp_path: Path
) -> None:
    await house.open_practice()
    await house.register()
    scan_id = await house.scan(content=an_image("JPEG", (40, 20), hiding=HIDDEN))
    signed = await sign(house, scan_id)
    consents = api_pb2.ListConsentsRequest(patient_id=str(PATIENT))
    (consent,) = (await house.ask("ListConsents", consents, after=signed.position)).consents
    assert (consent.method, consent.scan_id) == ("paper", scan_id)
    seen = await look(house, scan_id)
    assert (seen.content_type, opened(seen.data).size) == ("image/jpeg", (20, 40))
    assert HIDDEN not in seen.data
    assert await house.looks("DownloadScan") == [(DESK, (UUID(scan_id),))]
    await house.enrol()
    await house.tell(told.PatientRegistered(practice_id=OTHER_PRACTICE, patient_id=FOREIGN, birth_date=BORN))
    for account, patient in ((PATIENTS_ACCOUNT, PATIENT), (STRANGER, PATIENT), (STRANGER, FOREIGN)):
        with pytest.raises(NotFound):
            await look(house, scan_id, account, patient)
    for wrong in (str(uuid4()), str(PATIENT), consent.consent_id):
        with pytest.raises(NotFound):
            await look(house, wrong)
    (stored,) = [path for path in (tmp_path / "blobs").rglob("*") if path.is_file()]
    assert seen.data not in stored.read_bytes()
    await house.ground.keys.erase(PATIENT)
    with pytest.raises(NotFound):
        await look(house, scan_id)


async def test_r30_scans_are_limited_refused_by_their_bytes_and_leave_as_attachments(house: House) -> None:
    house.identity.staff[NURSE] = [StaffMembership(PRACTICE, UUID(int=0xE9), frozenset({"clinical"}))]
    house.identity.changed.append(str(NURSE))
    await house.open_practice()
    await house.register()
    unfit: list[dict[str, Any]] = [
        {"content": b"I, the undersigned"},
        {"content": b"MZ\x90\x00"},
        {"content": b"%PDF-1.7 and then nothing"},
        {"content_type": "application/pdf"},
    ]
    for given in unfit:
        with pytest.raises(Refused) as refused:
            await house.scan(**given)
        assert refused.value.slug in {"file_type_refused", "file_unreadable"}
    with pytest.raises(TooLarge):
        await house.scan(content=b"%PDF-" + b"x" * (MOST - 4))
    with pytest.raises(Refused):
        await house.scan(content=b"%PDF-" + b"x" * (MOST - 5))
    for account in (PATIENTS_ACCOUNT, STRANGER):
        with pytest.raises(NotFound):
            await house.scan(account=account)

    async def nurse_is_known() -> bool:
        """Within its lease the service hears of the new member of staff."""
        try:
            await house.scan(account=NURSE)
        except NotAllowed:
            return True
        except NotFound:
            return False
        raise AssertionError

    await until(nurse_is_known, seconds=30)
    key = str(uuid4())
    assert len({await house.scan(key=key) for _ in range(2)}) == 1
    scan_id = await house.scan()
    target = house.settings.addresses("consent").api
    credentials = Certificates(house.certificates, "gateway").channel()
    options = [("grpc.ssl_target_name_override", "consent")]
    raw: Any = grpc.aio.secure_channel(target, credentials, options=options)
    request = api_pb2.DownloadScanRequest(patient_id=str(PATIENT), scan_id=scan_id)
    async with raw:
        call = raw.unary_unary("/portal.consent.v1.ConsentApi/DownloadScan")(
            request.SerializeToString(), metadata=house.headers(DESK), timeout=5
        )
        headers = dict(await call.initial_metadata())
        await call
    assert (headers["content-disposition"], headers["x-content-type-options"]) == ("attachment", "nosniff")
    assert headers["cache-control"] == "no-store"
    assert headers["content-security-policy"].startswith("sandbox")

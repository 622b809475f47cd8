"""R4: files brought for messages, over the process: taken like staff's uploads, known to their uploader alone."""

from typing import Any
from uuid import uuid4

import pytest
from google.api.httpbody_pb2 import HttpBody
from google.type.date_pb2 import Date

from shared.contracts.documents.v1 import api_pb2, peers_pb2
from shared.errors import InvalidField, NotAllowed, NotFound, Throttled, TooLarge
from tests.integration.services.documents import people
from tests.integration.services.documents.conftest import House
from tests.integration.services.documents.test_results import refused
from tests.integration.services.documents.test_uploads import ACTIVE, PNG, TEXT, a_pdf, make_active


async def bring(house: House, data: bytes = PNG, account: Any = people.PATIENTS_ACCOUNT, **changes: Any) -> str:
    given = {"patient_id": str(people.PATIENT), "name": "knee.png", **changes}
    request = api_pb2.UploadAttachmentRequest(file=HttpBody(data=data), **given)
    return str((await house.command("UploadAttachment", request, account)).attachment_id)


async def known(house: House, account: Any, *ids: str, patient: Any = people.PATIENT) -> list[str]:
    request = peers_pb2.AttachmentsOfRequest(patient_id=str(patient), attachment_ids=ids)
    answer = await house.peers("messaging").AttachmentsOf(request, metadata=house.headers(account), timeout=30)
    return [one.attachment_id for one in answer.attachments]


async def content(house: House, account: Any, attachment_id: str, patient: Any = people.PATIENT) -> bytes:
    request = peers_pb2.AttachmentContentRequest(patient_id=str(patient), attachment_id=attachment_id)
    answer = await house.peers("messaging").AttachmentContent(request, metadata=house.headers(account), timeout=30)
    return bytes(answer.data)


async def test_r4_a_file_is_its_uploaders_to_send_and_no_one_elses(house: House) -> None:
    house.let_in(people.REPRESENTATIVE, acting_as="representative", scopes=("messages",))
    mine, nurses = await bring(house), await bring(house, TEXT, people.NURSE, name="plan.txt")
    theirs = await bring(house, account=people.SECOND_ACCOUNT, patient_id=str(people.SECOND_PATIENT))
    asked = (mine, nurses, theirs, str(uuid4()), str(people.PATIENT))
    assert await known(house, people.PATIENTS_ACCOUNT, *asked) == [mine]
    assert await known(house, people.NURSE, *asked) == [nurses]
    assert await known(house, people.REPRESENTATIVE, *asked) == []
    assert await content(house, people.PATIENTS_ACCOUNT, nurses) == TEXT
    for account, patient in ((people.TEENS_PARENT, people.PATIENT), (people.PATIENTS_ACCOUNT, people.SECOND_PATIENT)):
        with pytest.raises(NotFound):
            await known(house, account, mine, patient=patient)
        with pytest.raises(NotFound):
            await content(house, account, mine, patient)
    with pytest.raises(NotFound):
        await content(house, people.PATIENTS_ACCOUNT, theirs)
    with pytest.raises(InvalidField):
        await known(house, people.PATIENTS_ACCOUNT, *(str(uuid4()) for _ in range(6)))
    for account, error in ((people.TEENS_PARENT, NotFound), (people.STRANGER, NotFound), (people.ADMIN, NotAllowed)):
        with pytest.raises(error):
            await bring(house, account=account)
    with pytest.raises(NotAllowed):
        await house.peers("web").AttachmentContent(
            peers_pb2.AttachmentContentRequest(patient_id=str(people.PATIENT), attachment_id=mine),
            metadata=house.headers(people.PATIENTS_ACCOUNT),
        )


async def test_r4_ten_megabytes_are_taken_one_byte_more_is_not_and_nothing_but_known_types(house: House) -> None:
    most = 10 * 1024 * 1024
    whole = b"a" * most
    assert await content(house, people.PATIENTS_ACCOUNT, await bring(house, whole)) == whole
    with pytest.raises(TooLarge):
        await bring(house, whole + b"a")
    for data in (b"MZ\x00\x01", b"<svg/>\x00", b"", b"\xff\xd8\xff truncated"):
        await refused("file_type_refused", bring(house, data))
    for name in ("", "two\nlines", "x" * 201, "bell\x07"):
        with pytest.raises(InvalidField):
            await bring(house, name=name)
    kept = await content(house, people.PATIENTS_ACCOUNT, await bring(house, a_pdf(change=make_active)))
    assert kept.startswith(b"%PDF-")
    assert not [word for word in ACTIVE if word in kept]


async def test_r4_one_account_brings_and_transmits_no_more_than_its_share_and_another_is_not_held_up(
    house: House,
) -> None:
    full = [(f"attachments:{people.PATIENTS_ACCOUNT}", 100), (f"transmissions:{people.PATIENTS_ACCOUNT}", 20)]
    sql = "INSERT INTO account_tries (bucket, since, count) VALUES ($1, now(), $2)"
    for bucket, most in full:
        await house.pool.execute(sql, bucket, most - 1)
    await bring(house)
    with pytest.raises(Throttled):
        await bring(house)
    await bring(house, TEXT, people.NURSE, name="plan.txt")
    day = Date(year=2026, month=3, day=1)
    request = api_pb2.TransmitRecordRequest(
        patient_id=str(people.PATIENT), since=day, until=day, email="aunt@example.org"
    )
    await house.command("TransmitRecord", request, people.PATIENTS_ACCOUNT)
    with pytest.raises(Throttled):
        await house.command("TransmitRecord", request, people.PATIENTS_ACCOUNT)
    await house.pool.execute("UPDATE account_tries SET since = since - interval '1 hour'")
    await bring(house)
    with pytest.raises(Throttled):
        await house.command("TransmitRecord", request, people.PATIENTS_ACCOUNT)

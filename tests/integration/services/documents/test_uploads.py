"""R14, R30: uploaded documents over the process, from the bytes that staff send to those that patients get."""

from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import uuid4

import grpc
import pikepdf
import pytest
import typst
from google.api.httpbody_pb2 import HttpBody
from pypdf import PdfReader

from shared.contracts.documents.v1 import api_pb2
from shared.errors import InvalidField, NotAllowed, NotFound, TooLarge
from tests.integration.services.documents.conftest import House
from tests.integration.services.documents.people import (
    ADMIN,
    DESK,
    DOCTOR,
    DOCTOR_OUTSIDE,
    NURSE,
    PATIENT,
    PATIENTS_ACCOUNT,
    PRACTICE,
    REPRESENTATIVE,
    SECOND_ACCOUNT,
    SECOND_PATIENT,
    STRANGER,
    TEENS_PARENT,
)
from tests.integration.services.documents.test_results import refused
from tests.unit.shared.uploads.files import an_image
from tests.waiting import until

TEXT = b"Dear Ada,\nyour referral is on its way. <script>alert(1)</script>"
PNG = an_image()
ACTIVE = (b"JavaScript", b"/JS", b"/Launch", b"/URI", b"/OpenAction", b"/AA", b"/EmbeddedFile", b"/AcroForm", b"/XFA")


def a_pdf(pages: int = 1, change: Callable[[pikepdf.Pdf], None] = lambda document: None, **saving: Any) -> bytes:
    with pikepdf.new() as document:
        for _ in range(pages):
            document.add_blank_page()
        change(document)
        made = BytesIO()
        document.save(made, **saving)
    return made.getvalue()


def make_active(document: pikepdf.Pdf) -> None:
    """Everything that could run, call out or carry something."""
    script = pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS="app.alert(1)")
    link = pikepdf.Dictionary(
        Type=pikepdf.Name.Annot,
        Subtype=pikepdf.Name.Link,
        Rect=[0, 0, 100, 100],
        A=document.make_indirect(pikepdf.Dictionary(S=pikepdf.Name.URI, URI="https://evil.example")),
        AA=pikepdf.Dictionary(E=script),
    )
    media = pikepdf.Dictionary(Type=pikepdf.Name.Annot, Subtype=pikepdf.Name.RichMedia, Rect=[0, 0, 9, 9])
    launch = pikepdf.Dictionary(S=pikepdf.Name.Launch, F="cmd.exe")
    document.Root.OpenAction = script
    document.Root.AA = pikepdf.Dictionary(WC=script)
    document.Root.AcroForm = pikepdf.Dictionary(Fields=[], XFA="<xdp/>")
    document.attachments["evil.exe"] = b"MZ evil"
    document.pages[0].obj.Annots = pikepdf.Array([document.make_indirect(link), media])
    document.pages[0].obj.AA = pikepdf.Dictionary(O=launch)


async def upload(
    house: House, data: bytes = TEXT, content_type: str = "text/plain", account: Any = NURSE, **changes: Any
) -> str:
    given = {"patient_id": str(PATIENT), "title": "Referral", "kind": "letter", **changes}
    request = api_pb2.UploadDocumentRequest(file=HttpBody(content_type=content_type, data=data), **given)
    return str((await house.command("UploadDocument", request, account)).document_id)


async def release(house: House, document_id: str, account: Any = DOCTOR) -> None:
    request = api_pb2.ReleaseDocumentRequest(patient_id=str(PATIENT), document_id=document_id)
    await house.command("ReleaseDocument", request, account)


async def listed(house: House, account: Any = PATIENTS_ACCOUNT) -> list[Any]:
    answer = await house.ask("ListDocuments", api_pb2.ListDocumentsRequest(patient_id=str(PATIENT)), account)
    return list(answer.documents)


async def get(house: House, document_id: str, account: Any = PATIENTS_ACCOUNT, patient: Any = PATIENT) -> Any:
    request = api_pb2.GetDocumentRequest(patient_id=str(patient), document_id=document_id)
    return await house.ask("GetDocument", request, account)


async def download(house: House, document_id: str, account: Any = PATIENTS_ACCOUNT) -> Any:
    request = api_pb2.DownloadDocumentRequest(patient_id=str(PATIENT), document_id=document_id)
    return await house.ask("DownloadDocument", request, account)


async def test_r14_a_document_is_visible_from_a_providers_release_and_not_before(house: House) -> None:
    document_id = await upload(house)
    for account in (PATIENTS_ACCOUNT, REPRESENTATIVE):
        assert await listed(house, account) == []
        for ask in (get, download):
            with pytest.raises(NotFound):
                await ask(house, document_id, account)
    for account, error in ((TEENS_PARENT, NotFound), (STRANGER, NotFound), (DESK, NotAllowed), (ADMIN, NotAllowed)):
        with pytest.raises(error):
            await get(house, document_id, account)
    queue = api_pb2.ListPendingDocumentsRequest(practice_id=str(PRACTICE))
    assert [row.document_id for row in (await house.ask("ListPendingDocuments", queue)).documents] == [document_id]
    await refused("provider_not_taking_part", release(house, document_id, DOCTOR_OUTSIDE))
    with pytest.raises(NotAllowed):
        await release(house, document_id, NURSE)
    await release(house, document_id)
    assert [row.document_id for row in await listed(house)] == [document_id]
    assert (await get(house, document_id)).text == TEXT.decode()
    assert (await download(house, document_id)).data == TEXT
    assert list((await house.ask("ListPendingDocuments", queue)).documents) == []
    with pytest.raises(NotFound):
        await get(house, document_id, SECOND_ACCOUNT, SECOND_PATIENT)


async def test_r14_a_retracted_document_shows_why_and_a_misfiled_one_nothing(house: House) -> None:
    retracted, misfiled, never_seen = [await upload(house, title=f"Letter {number}") for number in range(3)]
    for document_id in (retracted, misfiled):
        await release(house, document_id)
    request = api_pb2.RetractDocumentRequest(patient_id=str(PATIENT), document_id=retracted, reason="Superseded")
    await house.command("RetractDocument", request)
    for document_id in (misfiled, never_seen):
        wrong = api_pb2.WithdrawDocumentRequest(patient_id=str(PATIENT), document_id=document_id)
        await house.command("WithdrawDocument", wrong)
    assert (await get(house, retracted)).retraction_reason == "Superseded"
    assert {row.document_id for row in await listed(house)} == {retracted, misfiled}
    hidden = await get(house, misfiled)
    assert (hidden.document.state, hidden.document.misfiled, hidden.text) == ("retracted", True, "")
    assert "Letter" not in str(hidden)
    for document_id in (retracted, misfiled, never_seen):
        with pytest.raises(NotFound):
            await download(house, document_id)


async def test_r14_a_document_approved_while_the_patient_waits_becomes_visible_afterwards(house: House) -> None:
    ask = api_pb2.AskToWaitRequest(patient_id=str(PATIENT))
    await house.command("AskToWait", ask, PATIENTS_ACCOUNT)
    document_id = await upload(house)
    await release(house, document_id)
    assert await listed(house) == []
    await house.command("EndWait", api_pb2.EndWaitRequest(patient_id=str(PATIENT)), PATIENTS_ACCOUNT)
    await until(lambda: is_listed(house))


async def is_listed(house: House) -> bool:
    return bool(await listed(house))


async def test_r30_a_pdf_is_rewritten_without_what_could_run(house: House) -> None:
    given = a_pdf(2, make_active)
    document_id = await upload(house, given, "application/pdf")
    kept = (await download(house, document_id, NURSE)).data
    assert kept != given
    whole = a_pdf_in_clear(kept)
    assert [word for word in ACTIVE if word in whole] == []
    assert b"evil" not in whole
    assert len(PdfReader(BytesIO(kept)).pages) == 2
    assert (await get(house, document_id, NURSE)).document.pages == 2


async def test_r30_a_pdf_opens_as_text_for_those_who_may_open_it(house: House) -> None:
    document_id = await upload(house, bytes(typst.compile(b"Rest.\n#pagebreak()\nDrink.")), "application/pdf")
    assert (await get(house, document_id, NURSE)).text == "Rest.\fDrink."
    await release(house, document_id)
    assert (await get(house, document_id)).text == "Rest.\fDrink."
    request = api_pb2.RetractDocumentRequest(patient_id=str(PATIENT), document_id=document_id, reason="Superseded")
    await house.command("RetractDocument", request)
    assert (await get(house, document_id)).text == ""


def a_pdf_in_clear(given: bytes) -> bytes:
    """The same with nothing compressed, so that nothing hides."""
    made = BytesIO()
    with pikepdf.open(BytesIO(given)) as document:
        document.save(
            made,
            object_stream_mode=pikepdf.ObjectStreamMode.disable,
            stream_decode_level=pikepdf.StreamDecodeLevel.all,
            compress_streams=False,
        )
    return made.getvalue()


@pytest.mark.parametrize(
    ("slug", "data", "content_type"),
    [
        ("file_type_refused", b"MZ\x90\x00\x03", "application/octet-stream"),
        ("file_type_refused", b"", "text/plain"),
        ("file_type_refused", TEXT, "application/pdf"),
        ("file_type_refused", TEXT, "text/html"),
        ("file_type_refused", PNG + b"<script>", "image/png"),
        ("file_type_refused", b"\xff\xfe\x00t", "text/plain"),
        ("file_unreadable", b"%PDF-1.7 and then nothing", "application/pdf"),
    ],
)
async def test_r30_what_is_not_what_it_says_is_refused(house: House, slug: str, data: bytes, content_type: str) -> None:
    await refused(slug, upload(house, data, content_type))


async def test_r30_pages_bytes_and_locks_are_limited(house: House) -> None:
    locked = a_pdf(encryption=pikepdf.Encryption(owner="a", user="b"))
    for unreadable in (locked, a_pdf(501)):
        await refused("file_unreadable", upload(house, unreadable, "application/pdf"))
    await upload(house, a_pdf(500), "application/pdf")
    await upload(house, b"x" * 10 * 1024 * 1024)
    with pytest.raises(TooLarge):
        await upload(house, b"x" * (10 * 1024 * 1024 + 1))
    unfit: list[dict[str, Any]] = [{"kind": "novel"}, {"title": ""}]
    for changes in unfit:
        with pytest.raises(InvalidField):
            await upload(house, **changes)
    for account, error in ((DESK, NotAllowed), (PATIENTS_ACCOUNT, NotFound), (STRANGER, NotFound)):
        with pytest.raises(error):
            await upload(house, account=account)


async def test_files_lie_sealed_under_their_patient_and_die_with_the_key(house: House, tmp_path: Path) -> None:
    document_id = await upload(house)
    await release(house, document_id)
    stored = [path for path in (tmp_path / "blobs").rglob("*") if path.is_file()]
    assert len(stored) == 1
    assert b"referral" not in stored[0].read_bytes()
    await house.ground.keys.erase(PATIENT)
    with pytest.raises(NotFound):
        await download(house, document_id)


async def test_a_repeated_upload_is_one_document(house: House) -> None:
    request = api_pb2.UploadDocumentRequest(
        patient_id=str(PATIENT), title="Twice", kind="note", file=HttpBody(content_type="text/plain", data=TEXT)
    )
    key = str(uuid4())
    answers = {(await house.command("UploadDocument", request, NURSE, key)).document_id for _ in range(2)}
    assert len(answers) == 1
    assert len(await listed(house, NURSE)) == 1


async def test_r30_files_leave_as_attachments_that_no_browser_runs(house: House) -> None:
    document_id = await upload(house)
    await release(house, document_id)
    request = api_pb2.DownloadDocumentRequest(patient_id=str(PATIENT), document_id=document_id)
    target = house.settings.addresses("documents").api
    raw: Any = grpc.aio.secure_channel(
        target, house.credentials(), options=[("grpc.ssl_target_name_override", "documents")]
    )
    async with raw:
        call = raw.unary_unary("/portal.documents.v1.DocumentsApi/DownloadDocument")(
            request.SerializeToString(), metadata=house.headers(PATIENTS_ACCOUNT), timeout=5
        )
        headers = dict(await call.initial_metadata())
        await call
    assert headers["content-disposition"] == "attachment"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"
    assert headers["content-security-policy"].startswith("sandbox")

"""R30: what is taken of an upload, and what is left of it when the confined child has made it anew."""

from io import BytesIO

import pytest
import typst
from PIL import Image

from shared.errors import FileTypeRefused, FileUnreadable
from shared.uploads import accepting
from shared.uploads.accepting import JPEG, PDF, PNG, SCANS, TEXT, accept, text_of
from tests.unit.shared.uploads.files import an_image, opened

TITLED = '#set document(title: "Letter")\n#set text(lang: "en")\n'
SECRET = b"taken at home <script>alert(1)</script>"


@pytest.mark.parametrize(("format_", "content_type"), [("PNG", PNG), ("JPEG", JPEG)])
async def test_r30_an_image_is_painted_anew_upright_and_nothing_else_comes_along(
    format_: str, content_type: str
) -> None:
    given = an_image(format_, (40, 20), hiding=SECRET)
    assert b"taken at home" in given
    kept = await accept(given, content_type)
    image = opened(kept.content)
    assert (kept.content_type, image.format, image.size) == (content_type, format_, (20, 40))
    assert b"taken at home" not in kept.content
    assert not dict(image.getexif())


async def test_r30_what_hides_inside_an_image_behind_its_end_is_gone() -> None:
    given = an_image() + b"<script>alert(1)</script>" + an_image()[-8:]
    kept = await accept(given, PNG)
    assert b"script" not in kept.content
    assert opened(kept.content).size == (4, 2)


@pytest.mark.parametrize(
    "given",
    [
        pytest.param(b"\x89PNG\r\n\x1a\n" + b"\x00" * 20 + b"IEND\xaeB`\x82", id="no image between begin and end"),
        pytest.param(b"\xff\xd8\xff" + b"\x00" * 20 + b"\xff\xd9", id="no picture between begin and end"),
        pytest.param(an_image()[:40] + an_image()[-8:], id="cut off"),
    ],
)
async def test_r30_what_only_looks_like_an_image_is_refused(given: bytes) -> None:
    with pytest.raises(FileUnreadable):
        await accept(given, "")


async def test_r30_a_bomb_of_pixels_is_refused_and_the_largest_page_is_taken() -> None:
    def blank(width: int, height: int) -> bytes:
        made = BytesIO()
        Image.new("1", (width, height)).save(made, "PNG")
        return made.getvalue()

    assert len(blank(10_000, 6_000)) < 100_000
    await accept(blank(10_000, 6_000), PNG)
    with pytest.raises(FileUnreadable):
        await accept(blank(10_000, 6_001), PNG)


def a_pdf(*lines: str) -> bytes:
    """A tagged one with its metadata, as programs write them; a page a line."""
    return bytes(typst.compile("\n#pagebreak()\n".join(lines).encode(), pdf_standards="ua-1"))


async def test_r30_a_pdf_with_metadata_is_taken_and_stays_tagged() -> None:
    kept = await accept(a_pdf(TITLED + "= Referral"), "application/pdf")
    assert (kept.content_type, kept.pages) == (PDF, 1)
    assert b"/StructTreeRoot" in kept.content
    assert b"pdfuaid" in kept.content


async def test_r30_the_text_of_a_pdf_is_read_page_by_page_and_a_picture_has_none() -> None:
    kept = await accept(a_pdf(TITLED + "= Referral", r"Knee \<script\>alert(1)\</script\>"), "")
    assert await text_of(kept.content, PDF) == ["Referral", "Knee <script>alert(1)</script>"]
    assert await text_of(b"as it is", TEXT) == ["as it is"]
    blank = await accept(a_pdf(TITLED), "")
    assert not any(await text_of(blank.content, PDF))
    assert await text_of(b"%PDF-1.7 and then nothing", PDF) == ()


async def test_r30_a_pdf_that_is_read_too_slowly_has_no_text_and_leaves_no_child(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kept = await accept(a_pdf(TITLED + "= Referral"), "")
    monkeypatch.setattr(accepting, "TEXT_SECONDS", 0.01)
    assert await text_of(kept.content, PDF) == ()
    monkeypatch.undo()
    assert await text_of(kept.content, PDF) == ["Referral"]


async def test_r6_a_scan_is_a_pdf_or_an_image_and_no_text() -> None:
    await accept(an_image("JPEG"), "", SCANS)
    with pytest.raises(FileTypeRefused):
        await accept(b"I, the undersigned", "text/plain", SCANS)

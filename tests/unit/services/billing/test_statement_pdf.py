"""R33, R30: the statement's PDF is tagged, in the reader's language, and says what its reader may see."""

from dataclasses import replace
from datetime import UTC, date, datetime
from io import BytesIO
from typing import cast
from uuid import UUID

from pypdf import PdfReader
from pypdf.generic import DictionaryObject

from services.billing.projections.charges import ChargeRow
from services.billing.projections.statements import StatementRow
from services.billing.statement_pdf import statement_pdf

PRACTICE, PATIENT = UUID(int=2), UUID(int=3)
ROW = StatementRow(
    statement_id=UUID(int=1),
    practice_id=PRACTICE,
    patient_id=PATIENT,
    number="20260308-ABCDEFGHIJKL",
    posted_at=datetime(2026, 3, 8, 7, 0, tzinfo=UTC),
    due_on=date(2026, 4, 7),
    amount_cents=10_000,
    adjusted_cents=0,
    due_cents=10_000,
    refunding_cents=0,
    currency="USD",
    confidential=False,
    withdrawn=False,
    hidden=False,
    position=1,
)
LINE = ChargeRow(
    charge_id=UUID(int=4),
    patient_id=PATIENT,
    practice_id=PRACTICE,
    serviced_on=date(2026, 3, 1),
    category="laboratory",
    description='#panic("read as code") *Biopsy*',
    amount_cents=10_000,
    adjusted_cents=0,
    currency="USD",
    confidential=False,
    statement_id=UUID(int=1),
    position=1,
)


async def read(
    row: StatementRow = ROW, language: str = "en", *, with_descriptions: bool = True
) -> tuple[PdfReader, str]:
    names = {PRACTICE: "Elm Street Practice", PATIENT: "Ada Example"}
    made = await statement_pdf(row, [LINE], names, with_descriptions=with_descriptions, language=language)
    reader = PdfReader(BytesIO(made))
    return reader, " ".join(reader.pages[0].extract_text().split())


async def test_r33_the_statement_is_a_tagged_pdf_in_the_readers_language() -> None:
    reader, text = await read(language="es")
    root = reader.root_object
    assert bool(cast("DictionaryObject", root["/MarkInfo"])["/Marked"])
    assert ("/StructTreeRoot" in root, str(root["/Lang"])) == (True, "es")
    assert "Por pagar" in text
    assert "20260308-ABCDEFGHIJKL" in text


async def test_r18_the_pdf_names_the_procedure_to_those_who_may_see_it_only() -> None:
    assert "Biopsy" in (await read())[1]
    assert "Biopsy" not in (await read(with_descriptions=False))[1]


async def test_r33_the_pdf_says_what_was_taken_off_and_that_it_was_withdrawn() -> None:
    row = replace(ROW, adjusted_cents=2_500, due_cents=7_500)
    text = (await read(row))[1]
    assert "25.00 USD" in text
    assert "75.00 USD" in text
    assert "not to be paid" in (await read(replace(ROW, withdrawn=True, due_cents=0)))[1]

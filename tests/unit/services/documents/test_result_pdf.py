"""R30: the PDF is tagged, and what comes from outside stays text in it."""

from datetime import UTC, datetime
from io import BytesIO
from typing import cast
from uuid import UUID

import pytest
from pypdf import PdfReader
from pypdf.generic import DictionaryObject

from services.documents.domain.results import Value
from services.documents.projections.results import ResultRow
from services.documents.result_pdf import reference_range, result_pdf

AT = datetime(2026, 3, 8, 7, 0, tzinfo=UTC)
PRACTICE, PATIENT = UUID(int=2), UUID(int=3)
HOSTILE = '#panic("read as code") *bold* $x$ [link] \\ "quote" <label>'


def row(title: str, name: str) -> ResultRow:
    value = Value(name, "190", "mg/dL", "", "200")
    return ResultRow(UUID(int=1), PRACTICE, PATIENT, None, "released", AT, AT, AT, None, title, "laboratory", (value,))


async def read(title: str, name: str, language: str = "en") -> PdfReader:
    made = await result_pdf(row(title, name), {PRACTICE: "Elm Street Practice", PATIENT: "Ada Example"}, language)
    return PdfReader(BytesIO(made))


async def test_r30_a_result_pdf_is_tagged_and_names_its_language_and_title() -> None:
    reader = await read("Lipid panel", "Cholesterol", "es")
    root = reader.root_object
    assert bool(cast("DictionaryObject", root["/MarkInfo"])["/Marked"])
    assert "/StructTreeRoot" in root
    assert str(root["/Lang"]) == "es"
    assert "Rango de referencia" in " ".join(reader.pages[0].extract_text().split())


async def test_r30_markup_from_outside_is_shown_as_text() -> None:
    reader = await read(HOSTILE, HOSTILE)
    text = reader.pages[0].extract_text()
    assert 'panic("read as code")' in text.replace("“", '"').replace("”", '"')


@pytest.mark.parametrize(
    ("low", "high", "expected"), [("3", "5", "3 - 5"), ("3", "", "≥ 3"), ("", "5", "≤ 5"), ("", "", "")]
)
def test_a_reference_range_is_shown_by_what_is_known_of_it(low: str, high: str, expected: str) -> None:
    assert reference_range(low, high) == expected

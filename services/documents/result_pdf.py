"""A released result as a tagged PDF, in the reader's language."""

from collections.abc import Mapping
from pathlib import Path
from uuid import UUID

from services.documents.domain.flags import flag
from services.documents.projections.results import ResultRow
from shared.pdf import tagged_pdf

TEMPLATE = Path(__file__).parent / "templates/result.typ"

WORDS = {
    "en": {
        "patient": "Patient",
        "practice": "Practice",
        "measured": "Measured",
        "released": "Released",
        "columns": ["Value", "Result", "Unit", "Reference range", "Flag"],
        "low": "low",
        "high": "high",
        "normal": "normal",
        "note": "Ask your practice through the portal if you have a question. In an emergency call 911.",
    },
    "es": {
        "patient": "Paciente",
        "practice": "Consultorio",
        "measured": "Medido",
        "released": "Publicado",
        "columns": ["Valor", "Resultado", "Unidad", "Rango de referencia", "Indicador"],
        "low": "bajo",
        "high": "alto",
        "normal": "normal",
        "note": "Pregunte a su consultorio por el portal si tiene dudas. En una emergencia llame al 911.",
    },
}
"""Every text of the page, by language (R41)."""


async def result_pdf(row: ResultRow, names: Mapping[UUID, str], language: str = "en") -> bytes:
    """PDF/UA-1 of one released result; ``names`` are those of practice and patient, dates are UTC days."""
    words = WORDS[language]
    practice = names.get(row.practice_id, "")
    facts = [
        {"name": words["patient"], "value": names.get(row.patient_id, "")},
        {"name": words["practice"], "value": practice},
        {"name": words["measured"], "value": row.effective_at.date().isoformat()},
    ]
    if row.released_at is not None:
        facts.append({"name": words["released"], "value": row.released_at.date().isoformat()})
    return await tagged_pdf(
        TEMPLATE,
        {
            "title": row.title,
            "practice": practice,
            "language": language,
            "facts": facts,
            "columns": words["columns"],
            "values": [
                {
                    "name": value.name,
                    "value": value.value,
                    "unit": value.unit,
                    "range": reference_range(value.reference_low, value.reference_high),
                    "flag": words.get(flag(value), ""),
                }
                for value in row.values
            ],
            "note": words["note"],
        },
    )


def reference_range(low: str, high: str) -> str:
    """``low - high``, ``≥ low``, ``≤ high`` or nothing."""
    if low and high:
        return f"{low} - {high}"
    if low:
        return f"≥ {low}"
    return f"≤ {high}" if high else ""

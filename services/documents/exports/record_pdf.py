"""An extract as a tagged PDF, in the reader's language; files are listed in it, and downloaded by themselves."""

from collections.abc import Mapping
from pathlib import Path
from uuid import UUID

from services.documents.exports.extract import Extract
from services.documents.result_pdf import reference_range
from shared.pdf import tagged_pdf

TEMPLATE = Path(__file__).parents[1] / "templates/record.typ"

WORDS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "title": "Health record",
        "patient": "Patient",
        "practice": "Practice",
        "range": "From, until",
        "nothing": "Nothing in this range.",
        "results": "Results",
        "record": "Medications, allergies, immunizations, problems",
        "documents": "Documents",
        "day": "Day",
        "name": "Name",
        "value": "Result",
        "unit": "Unit",
        "reference": "Reference range",
        "kind": "Kind",
        "status": "Status",
        "pages": "Pages",
        "medication": "medication",
        "allergy": "allergy",
        "immunization": "immunization",
        "problem": "problem",
    },
    "es": {
        "title": "Historia clínica",
        "patient": "Paciente",
        "practice": "Consultorio",
        "range": "Desde, hasta",
        "nothing": "Nada en este período.",
        "results": "Resultados",
        "record": "Medicamentos, alergias, vacunas, problemas",
        "documents": "Documentos",
        "day": "Día",
        "name": "Nombre",
        "value": "Resultado",
        "unit": "Unidad",
        "reference": "Rango de referencia",
        "kind": "Tipo",
        "status": "Estado",
        "pages": "Páginas",
        "medication": "medicamento",
        "allergy": "alergia",
        "immunization": "vacuna",
        "problem": "problema",
    },
}
"""Every text of the page, by language (R41)."""


async def record_pdf(found: Extract, names: Mapping[UUID, str], language: str) -> bytes:
    """PDF/UA-1 of the extract; ``names`` are those of practice and patient, days are the practice's."""
    words, zone = WORDS[language], found.span.zone
    practice = names.get(found.practice_id, "")
    results = [
        [
            row.effective_at.astimezone(zone).date().isoformat(),
            f"{row.title}: {value.name}",
            value.value,
            value.unit,
            reference_range(value.reference_low, value.reference_high),
        ]
        for row in found.results
        for value in row.values
    ]
    entries = [
        ["" if row.since is None else row.since.isoformat(), words[row.kind], row.title, row.status]
        for row in found.entries
    ]
    documents = [
        [row.received_at.astimezone(zone).date().isoformat(), row.title, str(row.pages)] for row in found.documents
    ]
    sections = [
        section(words, "results", ("day", "name", "value", "unit", "reference"), results),
        section(words, "record", ("day", "kind", "name", "status"), entries),
        section(words, "documents", ("day", "name", "pages"), documents),
    ]
    facts = [
        {"name": words["patient"], "value": names.get(found.patient_id, "")},
        {"name": words["practice"], "value": practice},
        {"name": words["range"], "value": f"{found.span.first.isoformat()}, {found.span.last.isoformat()}"},
    ]
    data: dict[str, object] = {
        "title": words["title"],
        "practice": practice,
        "language": language,
        "facts": facts,
        "sections": sections,
        "nothing": words["nothing"],
    }
    return await tagged_pdf(TEMPLATE, data)


def section(words: Mapping[str, str], title: str, columns: tuple[str, ...], rows: list[list[str]]) -> dict[str, object]:
    return {"title": words[title], "columns": [words[name] for name in columns], "rows": rows}

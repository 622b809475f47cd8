"""A statement as a tagged PDF, in the reader's language."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from uuid import UUID

from services.billing.projections.charges import ChargeRow
from services.billing.projections.statements import StatementRow
from shared.money import Money
from shared.pdf import tagged_pdf

TEMPLATE = Path(__file__).parent / "templates/statement.typ"

WORDS = {
    "en": {
        "title": "Statement",
        "patient": "Patient",
        "practice": "Practice",
        "posted": "Posted",
        "due_on": "Due on",
        "amount": "Total",
        "adjusted": "Taken off since",
        "due": "Left to pay",
        "withdrawn": "Withdrawn: not to be paid",
        "columns": ["Date", "Category", "Description", "Amount"],
        "note": "Pay through the portal, with or without an account. Call your practice if you have a question.",
        "visit": "visit",
        "procedure": "procedure",
        "laboratory": "laboratory",
        "pharmacy": "pharmacy",
        "other": "other",
    },
    "es": {
        "title": "Estado de cuenta",
        "patient": "Paciente",
        "practice": "Consultorio",
        "posted": "Emitido",
        "due_on": "Vence el",
        "amount": "Total",
        "adjusted": "Rebajado desde entonces",
        "due": "Por pagar",
        "withdrawn": "Retirado: no hay que pagarlo",
        "columns": ["Fecha", "Categoría", "Descripción", "Importe"],
        "note": "Pague por el portal, con o sin cuenta. Llame a su consultorio si tiene dudas.",
        "visit": "consulta",
        "procedure": "procedimiento",
        "laboratory": "laboratorio",
        "pharmacy": "farmacia",
        "other": "otro",
    },
}
"""Every text of the page, by language (R41)."""


async def statement_pdf(
    row: StatementRow,
    lines: Sequence[ChargeRow],
    names: Mapping[UUID, str],
    *,
    with_descriptions: bool,
    language: str = "en",
) -> bytes:
    """PDF/UA-1 of one statement; representatives get it without procedures (R18)."""
    words = WORDS[language]
    practice = names.get(row.practice_id, "")
    title = f"{words['title']} {row.number}" + (f" ({words['withdrawn']})" if row.withdrawn else "")
    facts = {
        "patient": names.get(row.patient_id, ""),
        "practice": practice,
        "posted": row.posted_at.date().isoformat(),
        "due_on": row.due_on.isoformat(),
        "amount": str(Money(row.amount_cents, row.currency)),
        "due": str(Money(max(row.due_cents, 0), row.currency)),
    }
    if row.adjusted_cents:
        facts["adjusted"] = str(Money(row.adjusted_cents, row.currency))
    return await tagged_pdf(
        TEMPLATE,
        {
            "title": title,
            "practice": practice,
            "language": language,
            "facts": [{"name": words[name], "value": value} for name, value in facts.items()],
            "columns": words["columns"],
            "lines": [
                {
                    "day": line.serviced_on.isoformat(),
                    "category": words[line.category],
                    "description": line.description if with_descriptions else "",
                    "amount": str(Money(line.amount_cents, line.currency)),
                }
                for line in lines
            ],
            "note": words["note"],
        },
    )

"""An extract as a FHIR R4 Bundle: plain JSON, every text from outside a string, no narrative, nothing to be fetched."""

import base64
from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import TypeAlias
from uuid import UUID

import orjson

from services.documents.domain.results import Value
from services.documents.exports.extract import Extract
from services.documents.projections.documents import DocumentRow
from services.documents.projections.record_entries import EntryRow
from services.documents.projections.results import ResultRow
from shared.ids import natural_id

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json]"
Resource: TypeAlias = "dict[str, Json]"

LOINC = "http://loinc.org"
UCUM = "http://unitsofmeasure.org"
CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category"
CLINICAL = "http://terminology.hl7.org/CodeSystem/condition-clinical"
ALLERGY_CLINICAL = "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical"

MEDICATION_STATES = frozenset(
    {"active", "completed", "entered-in-error", "intended", "stopped", "on-hold", "unknown", "not-taken"}
)
CONDITION_STATES = frozenset({"active", "recurrence", "relapse", "inactive", "remission", "resolved"})
ALLERGY_STATES = frozenset({"active", "inactive", "resolved"})
IMMUNIZATION_STATES = frozenset({"completed", "entered-in-error", "not-done"})


def bundle(found: Extract, patient_name: str, contents: Mapping[UUID, bytes], at: datetime) -> bytes:
    """A Bundle of type ``collection``. ``contents``: document → its bytes, which stand in it as base64."""
    resources = [
        patient(found.patient_id, patient_name),
        *(resource for row in found.results for resource in report(row, found.patient_id)),
        *(entry(row, found.patient_id) for row in found.entries),
        *(document(row, found.patient_id, contents[row.document_id]) for row in found.documents),
    ]
    made: Resource = {
        "resourceType": "Bundle",
        "type": "collection",
        "timestamp": at.isoformat(),
        "entry": [{"fullUrl": f"urn:uuid:{resource['id']}", "resource": resource} for resource in resources],
    }
    return orjson.dumps(made)


def patient(patient_id: UUID, name: str) -> Resource:
    return {"resourceType": "Patient", "id": str(patient_id), "name": [{"text": name or "unknown"}]}


def report(row: ResultRow, patient_id: UUID) -> Iterator[Resource]:
    """A DiagnosticReport and its Observations, all of the one patient, also where the record was joined (R44)."""
    ids = [str(natural_id(row.result_id, "observation", place)) for place in range(len(row.values))]
    made: Resource = {
        "resourceType": "DiagnosticReport",
        "id": str(row.result_id),
        "status": "corrected" if row.corrects_id is not None else "final",
        "code": {"text": row.title},
        "subject": reference(patient_id),
        "effectiveDateTime": row.effective_at.isoformat(),
        "result": [{"reference": f"urn:uuid:{each}"} for each in ids],
    }
    if row.released_at is not None:
        made["issued"] = row.released_at.isoformat()
    yield made
    for each, value in zip(ids, row.values, strict=True):
        yield observation(each, value, row, patient_id)


def observation(id_: str, value: Value, row: ResultRow, patient_id: UUID) -> Resource:
    code: Resource = {"text": value.name}
    if value.code:
        code["coding"] = [{"system": LOINC, "code": value.code, "display": value.name}]
    made: Resource = {
        "resourceType": "Observation",
        "id": id_,
        "status": "final",
        "category": [{"coding": [{"system": CATEGORY, "code": row.category}]}],
        "code": code,
        "subject": reference(patient_id),
        "effectiveDateTime": row.effective_at.isoformat(),
    }
    measured = number(value.value)
    if measured is None:
        made["valueString"] = value.value
    else:
        made["valueQuantity"] = quantity(measured, value.unit)
    low, high = number(value.reference_low), number(value.reference_high)
    bounds: Resource = {}
    if low is not None:
        bounds["low"] = quantity(low, value.unit)
    if high is not None:
        bounds["high"] = quantity(high, value.unit)
    if bounds:
        made["referenceRange"] = [bounds]
    return made


def quantity(value: float, unit: str) -> Resource:
    made: Resource = {"value": value}
    if unit:
        made |= {"unit": unit, "system": UCUM, "code": unit}
    return made


def number(text: str) -> float | None:
    """The number that the text is, None for words and what JSON cannot say."""
    try:
        exact = Decimal(text)
    except InvalidOperation:
        return None
    return float(exact) if exact.is_finite() and abs(exact) < Decimal("1e300") else None


def entry(row: EntryRow, patient_id: UUID) -> Resource:
    """One line of the record as the resource of its kind."""
    about: Resource = {"text": row.title}
    subject, since = reference(patient_id), row.since.isoformat() if row.since is not None else ""
    made: Resource
    if row.kind == "medication":
        made = {"resourceType": "MedicationStatement", "status": known(row.status, MEDICATION_STATES, "unknown")}
        made |= {"medicationCodeableConcept": about, "subject": subject} | on("effectiveDateTime", since)
    elif row.kind == "allergy":
        made = {"resourceType": "AllergyIntolerance", "code": about, "patient": subject}
        made |= clinical_status(row.status, ALLERGY_STATES, ALLERGY_CLINICAL) | on("onsetDateTime", since)
    elif row.kind == "immunization":
        made = {"resourceType": "Immunization", "status": known(row.status, IMMUNIZATION_STATES, "completed")}
        made |= {"vaccineCode": about, "patient": subject}
        made |= on("occurrenceDateTime", since) if since else on("occurrenceString", "unknown")
    else:
        made = {"resourceType": "Condition", "code": about, "subject": subject}
        made |= clinical_status(row.status, CONDITION_STATES, CLINICAL) | on("onsetDateTime", since)
    return {"id": str(row.entry_id), **made}


def on(field: str, when: str) -> Resource:
    """The field, or nothing where it is not known when."""
    return {field: when} if when else {}


def known(status: str, states: frozenset[str], otherwise: str) -> str:
    return status if status in states else otherwise


def clinical_status(status: str, states: frozenset[str], system: str) -> Resource:
    return {"clinicalStatus": {"coding": [{"system": system, "code": status}]}} if status in states else {}


def document(row: DocumentRow, patient_id: UUID, content: bytes) -> Resource:
    return {
        "resourceType": "DocumentReference",
        "id": str(row.document_id),
        "status": "current",
        "subject": reference(patient_id),
        "date": row.received_at.isoformat(),
        "description": row.title,
        "content": [
            {
                "attachment": {
                    "contentType": row.content_type,
                    "title": row.title,
                    "data": base64.b64encode(content).decode(),
                }
            }
        ],
    }


def reference(patient_id: UUID) -> dict[str, Json]:
    return {"reference": f"urn:uuid:{patient_id}"}

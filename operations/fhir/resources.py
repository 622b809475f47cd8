"""As much of FHIR R4 as the import reads. Unknown elements are ignored; a wrong one is an error that names its path."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field


def _instant(value: object) -> object:
    """FHIR's dateTime may stop at the year, the month or the day; the rest is taken as its first instant, in UTC."""
    if not isinstance(value, str):
        return value
    if len(value) <= 10:
        return datetime.fromisoformat(_whole_day(value)).replace(tzinfo=UTC)
    return value


def _day(value: object) -> object:
    return _whole_day(value[:10]) if isinstance(value, str) else value


def _whole_day(text: str) -> str:
    return text + "-01-01"[len(text) - 4 :] if len(text) in {4, 7} else text


Instant = Annotated[datetime, BeforeValidator(_instant)]
Day = Annotated[date, BeforeValidator(_day)]


class Element(BaseModel):
    """What all elements share."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class Coding(Element):
    system: str = ""
    code: str = ""
    display: str = ""


class Concept(Element):
    """CodeableConcept: ``text`` first, else the display of the first coding that has one."""

    coding: list[Coding] = []
    text: str = ""

    def words(self) -> str:
        return self.text or next((coding.display for coding in self.coding if coding.display), "")

    def code_of(self, system: str) -> str:
        return next((coding.code for coding in self.coding if coding.system == system), "")

    def codes(self) -> set[str]:
        return {coding.code for coding in self.coding}


class Reference(Element):
    reference: str = ""


class Quantity(Element):
    value: Decimal | None = None
    unit: str = ""
    code: str = ""


class Period(Element):
    start: Instant | None = None


class ReferenceRange(Element):
    low: Quantity | None = None
    high: Quantity | None = None


class Measured(Element):
    """What Observation and its components have in common."""

    code: Concept
    value_quantity: Quantity | None = Field(None, alias="valueQuantity")
    value_concept: Concept | None = Field(None, alias="valueCodeableConcept")
    value_string: str | None = Field(None, alias="valueString")
    value_boolean: bool | None = Field(None, alias="valueBoolean")
    value_integer: int | None = Field(None, alias="valueInteger")
    reference_range: list[ReferenceRange] = Field([], alias="referenceRange")


class Resource(Element):
    """``id`` may be absent in a bundle; then the entry's full URL names the resource."""

    resource_type: str = Field(alias="resourceType")
    id: str = ""


class Observation(Resource, Measured):
    status: str = "final"
    category: list[Concept] = []
    subject: Reference = Reference()
    encounter: Reference = Reference()
    effective: Instant | None = Field(None, alias="effectiveDateTime")
    effective_period: Period = Field(Period(), alias="effectivePeriod")
    issued: Instant | None = None
    performer: list[Reference] = []
    component: list[Measured] = []


class DiagnosticReport(Resource):
    status: str = "final"
    category: list[Concept] = []
    code: Concept
    subject: Reference = Reference()
    encounter: Reference = Reference()
    effective: Instant | None = Field(None, alias="effectiveDateTime")
    effective_period: Period = Field(Period(), alias="effectivePeriod")
    issued: Instant | None = None
    performer: list[Reference] = []
    result: list[Reference] = []


class HumanName(Element):
    family: str = ""
    given: list[str] = []
    suffix: list[str] = []
    use: str = ""


class ContactPoint(Element):
    system: str = ""
    value: str = ""


class Address(Element):
    line: list[str] = []
    city: str = ""
    state: str = ""
    postal_code: str = Field("", alias="postalCode")


class Identifier(Element):
    system: str = ""
    value: str = ""


class Communication(Element):
    language: Concept = Concept()


class Patient(Resource):
    name: list[HumanName] = Field(min_length=1)
    birth_date: Day = Field(alias="birthDate")
    telecom: list[ContactPoint] = []
    address: list[Address] = []
    communication: list[Communication] = []
    deceased_at: Instant | None = Field(None, alias="deceasedDateTime")
    deceased: bool = Field(False, alias="deceasedBoolean")


class Practitioner(Resource):
    identifier: list[Identifier] = []
    name: list[HumanName] = Field(min_length=1)


class Participant(Element):
    individual: Reference = Reference()


class Encounter(Resource):
    participant: list[Participant] = []


class MedicationRequest(Resource):
    status: str = ""
    medication: Concept = Field(Concept(), alias="medicationCodeableConcept")
    subject: Reference = Reference()
    authored_on: Day | None = Field(None, alias="authoredOn")


class AllergyIntolerance(Resource):
    clinical_status: Concept = Field(Concept(), alias="clinicalStatus")
    code: Concept
    patient: Reference = Reference()
    recorded_date: Day | None = Field(None, alias="recordedDate")


class Immunization(Resource):
    status: str = ""
    vaccine_code: Concept = Field(alias="vaccineCode")
    patient: Reference = Reference()
    occurrence: Day | None = Field(None, alias="occurrenceDateTime")


class Condition(Resource):
    clinical_status: Concept = Field(Concept(), alias="clinicalStatus")
    code: Concept
    subject: Reference = Reference()
    onset: Day | None = Field(None, alias="onsetDateTime")


class Total(Element):
    value: Decimal
    currency: str = "USD"


class ClaimItem(Element):
    product_or_service: Concept = Field(Concept(), alias="productOrService")


class Claim(Resource):
    type: Concept = Concept()
    patient: Reference = Reference()
    billable_period: Period = Field(Period(), alias="billablePeriod")
    created: Instant | None = None
    item: list[ClaimItem] = []
    total: Total


class Entry(Element):
    full_url: str = Field("", alias="fullUrl")
    resource: dict[str, Any]


class Bundle(Element):
    resource_type: Literal["Bundle"] = Field(alias="resourceType")
    entry: list[Entry] = []


READ: dict[str, type[Resource]] = {
    "Patient": Patient,
    "Practitioner": Practitioner,
    "Encounter": Encounter,
    "Observation": Observation,
    "DiagnosticReport": DiagnosticReport,
    "MedicationRequest": MedicationRequest,
    "AllergyIntolerance": AllergyIntolerance,
    "Immunization": Immunization,
    "Condition": Condition,
    "Claim": Claim,
}
"""The resource types that the import reads; all others are counted as skipped."""

"""A FHIR R4 bundle as what the portal takes in. Narratives are left out, no URL is followed, the rest is counted."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TypeVar

import orjson
from pydantic import ValidationError

from operations.fhir.resources import (
    READ,
    AllergyIntolerance,
    Bundle,
    Claim,
    Concept,
    Condition,
    DiagnosticReport,
    Encounter,
    Immunization,
    Measured,
    MedicationRequest,
    Observation,
    Patient,
    Practitioner,
    Quantity,
    Reference,
    Resource,
)

R = TypeVar("R", bound=Resource)

LOINC = "http://loinc.org"
NPI = "http://hl7.org/fhir/sid/us-npi"
CATEGORIES = {
    "LAB": "laboratory",
    "RAD": "imaging",
    "laboratory": "laboratory",
    "vital-signs": "vital-signs",
    "imaging": "imaging",
    "survey": "survey",
    "social-history": "social-history",
    "procedure": "procedure",
    "exam": "exam",
}
TITLES = {
    "laboratory": "Laboratory values",
    "vital-signs": "Vital signs",
    "imaging": "Imaging",
    "survey": "Survey",
    "social-history": "Social history",
    "procedure": "Procedure",
    "exam": "Examination",
    "other": "Measurements",
}
"""What a result of loose observations is called."""
CHARGES = {"pharmacy": "pharmacy", "institutional": "visit", "professional": "visit"}
UNUSABLE = frozenset({"entered-in-error", "cancelled", "registered"})
"""States in which a report or observation says nothing (yet)."""
MOST_VALUES = 200


class BrokenFile(Exception):
    """A file that cannot be taken in. Names the entry and the path, never a value."""

    def __init__(self, reason: str, entry: int | None = None) -> None:
        self.reason, self.entry = reason, entry
        super().__init__(reason if entry is None else f"entry {entry}: {reason}")


@dataclass(frozen=True, slots=True)
class Value:
    name: str
    value: str
    unit: str
    reference_low: str
    reference_high: str
    code: str


@dataclass(frozen=True, slots=True)
class Result:
    resource_id: str
    patient: str
    title: str
    category: str
    effective_at: datetime
    values: tuple[Value, ...]
    provider: str
    """The NPI of whoever ordered it, '' where unknown."""


@dataclass(frozen=True, slots=True)
class Entry:
    resource_id: str
    patient: str
    kind: str
    title: str
    status: str
    since: date | None


@dataclass(frozen=True, slots=True)
class Charge:
    resource_id: str
    patient: str
    serviced_on: date
    category: str
    description: str
    amount_cents: int
    currency: str


@dataclass(frozen=True, slots=True)
class Provider:
    npi: str
    given: str
    family: str
    credentials: str


@dataclass(slots=True)
class Mapped:
    """What one bundle brings. ``patient`` in the rest is the id of one of ``patients``."""

    patients: dict[str, Patient] = field(default_factory=dict)
    providers: list[Provider] = field(default_factory=list)
    results: list[Result] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    charges: list[Charge] = field(default_factory=list)
    skipped: Counter[str] = field(default_factory=Counter)
    """Resource type, or type and reason, → how many were not taken in."""


def read_bundle(text: bytes) -> Mapped:
    """Maps a whole bundle, or raises BrokenFile: then nothing of the file is taken in."""
    try:
        raw = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise BrokenFile("expected JSON in UTF-8") from None
    try:
        bundle = Bundle.model_validate(raw)
    except ValidationError as error:
        raise BrokenFile(_first(error)) from None
    return _Mapping(bundle).mapped


class _Mapping:
    """One bundle being mapped: its resources by every name that a reference may use."""

    def __init__(self, bundle: Bundle) -> None:
        self.mapped = Mapped()
        self.by_reference: dict[str, Resource] = {}
        self.resources: list[Resource] = []
        for number, entry in enumerate(bundle.entry):
            self._read(number, entry.full_url, entry.resource)
        self._people()
        self._results()
        self._record()
        self._charges()

    def _read(self, number: int, full_url: str, raw: Mapping[str, object]) -> None:
        kind = raw.get("resourceType")
        if not isinstance(kind, str):
            raise BrokenFile("resourceType: expected a text", number)
        model = READ.get(kind)
        if model is None:
            self.mapped.skipped[kind] += 1
            return
        name = raw.get("id") or full_url.rpartition(":")[2].rpartition("/")[2]
        if not name:
            raise BrokenFile("id: expected an id, or a fullUrl of the entry", number)
        try:
            resource = model.model_validate({**raw, "id": name})
        except ValidationError as error:
            raise BrokenFile(_first(error), number) from None
        self.resources.append(resource)
        if kind == "Encounter":
            self.mapped.skipped[kind] += 1
        for reference in (full_url, f"urn:uuid:{name}", f"{kind}/{name}"):
            self.by_reference[reference] = resource

    def _of(self, kind: type[R]) -> Iterable[R]:
        return (resource for resource in self.resources if isinstance(resource, kind))

    def _people(self) -> None:
        for patient in self._of(Patient):
            self.mapped.patients[patient.id] = patient
        for practitioner in self._of(Practitioner):
            npi = _npi(practitioner)
            if not npi:
                self.mapped.skipped["Practitioner without NPI"] += 1
                continue
            name = practitioner.name[0]
            self.mapped.providers.append(Provider(npi, " ".join(name.given), name.family, " ".join(name.suffix)))

    def _patient_of(self, reference: Reference, resource: Resource) -> str | None:
        """The id of the patient a resource is about; counted as skipped where that is none of this bundle's."""
        found = self.by_reference.get(reference.reference)
        if isinstance(found, Patient):
            return found.id
        if not reference.reference and len(self.mapped.patients) == 1:
            return next(iter(self.mapped.patients))
        self.mapped.skipped[f"{resource.resource_type} of no patient here"] += 1
        return None

    def _provider_of(self, encounter: Reference, performers: Iterable[Reference]) -> str:
        visit = self.by_reference.get(encounter.reference)
        taking_part = [one.individual for one in visit.participant] if isinstance(visit, Encounter) else []
        for reference in (*performers, *taking_part):
            found = self.by_reference.get(reference.reference)
            if isinstance(found, Practitioner) and _npi(found):
                return _npi(found)
        return ""

    def _results(self) -> None:
        """One result a DiagnosticReport with its observations; the others, one an encounter and category."""
        reported: set[str] = set()
        for report in self._of(DiagnosticReport):
            found = [self.by_reference.get(reference.reference) for reference in report.result]
            observations = [one for one in found if isinstance(one, Observation)]
            reported.update(one.id for one in observations)
            if report.status in UNUSABLE:
                self.mapped.skipped[f"DiagnosticReport {report.status}"] += 1
                continue
            title = report.code.words() or TITLES[_category(report.category)]
            self._add_result(report, report.id, title, _category(report.category), observations)
        loose: dict[tuple[str, str], list[Observation]] = defaultdict(list)
        for observation in self._of(Observation):
            if observation.id not in reported:
                visit = observation.encounter.reference.rpartition(":")[2].rpartition("/")[2] or observation.id
                loose[visit, _category(observation.category)].append(observation)
        for (visit, category), observations in loose.items():
            self._add_result(observations[0], f"{visit}/{category}", TITLES[category], category, observations)

    def _add_result(
        self,
        about: DiagnosticReport | Observation,
        resource_id: str,
        title: str,
        category: str,
        observations: list[Observation],
    ) -> None:
        patient = self._patient_of(about.subject, about)
        values = tuple(value for observation in observations for value in self._values(observation))
        if patient is None:
            return
        if not values:
            self.mapped.skipped[f"{about.resource_type} without a value"] += 1
            return
        at = about.effective or about.effective_period.start or about.issued
        if at is None:
            self.mapped.skipped[f"{about.resource_type} without a date"] += 1
            return
        self.mapped.results.append(
            Result(
                resource_id=resource_id,
                patient=patient,
                title=title[:200],
                category=category,
                effective_at=at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC),
                values=values[:MOST_VALUES],
                provider=self._provider_of(about.encounter, about.performer),
            )
        )

    def _values(self, observation: Observation) -> Iterable[Value]:
        if observation.status in UNUSABLE:
            self.mapped.skipped[f"Observation {observation.status}"] += 1
            return
        found = [_value(one) for one in (observation, *observation.component)]
        kept = [value for value in found if value is not None]
        if not kept:
            self.mapped.skipped["Observation without a value"] += 1
        yield from kept

    def _record(self) -> None:
        for resource in self.resources:
            match resource:
                case MedicationRequest():
                    self._add_entry(
                        resource,
                        resource.subject,
                        "medication",
                        resource.medication,
                        resource.status,
                        resource.authored_on,
                    )
                case AllergyIntolerance():
                    status = "".join(sorted(resource.clinical_status.codes())[:1])
                    self._add_entry(
                        resource, resource.patient, "allergy", resource.code, status, resource.recorded_date
                    )
                case Immunization():
                    self._add_entry(
                        resource,
                        resource.patient,
                        "immunization",
                        resource.vaccine_code,
                        resource.status,
                        resource.occurrence,
                    )
                case Condition():
                    status = "".join(sorted(resource.clinical_status.codes())[:1])
                    self._add_entry(resource, resource.subject, "problem", resource.code, status, resource.onset)

    def _add_entry(
        self, resource: Resource, about: Reference, kind: str, what: Concept, status: str, since: date | None
    ) -> None:
        patient = self._patient_of(about, resource)
        if patient is None:
            return
        if not what.words():
            self.mapped.skipped[f"{resource.resource_type} without words"] += 1
            return
        self.mapped.entries.append(Entry(resource.id, patient, kind, what.words()[:500], status, since))

    def _charges(self) -> None:
        for claim in self._of(Claim):
            patient = self._patient_of(claim.patient, claim)
            at = claim.billable_period.start or claim.created
            if patient is None:
                continue
            cents = claim.total.value * 100
            if cents <= 0 or cents != cents.to_integral_value() or claim.total.currency != "USD" or at is None:
                self.mapped.skipped["Claim without an amount in USD and a date"] += 1
                continue
            words = next(
                (item.product_or_service.words() for item in claim.item if item.product_or_service.words()), ""
            )
            kind = next((CHARGES[code] for code in sorted(claim.type.codes()) if code in CHARGES), "other")
            self.mapped.charges.append(
                Charge(claim.id, patient, at.date(), kind, (words or "Service")[:500], int(cents), "USD")
            )


def _category(concepts: Iterable[Concept]) -> str:
    codes = {code for concept in concepts for code in concept.codes()}
    return next((CATEGORIES[code] for code in sorted(codes) if code in CATEGORIES), "other")


def _npi(practitioner: Practitioner) -> str:
    return next((one.value for one in practitioner.identifier if one.system == NPI), "")


def _value(measured: Measured) -> Value | None:
    """The value as text, in the unit given; None where there is none."""
    quantity = measured.value_quantity
    if quantity is not None and quantity.value is not None:
        text, unit = _number(quantity.value), quantity.unit or quantity.code
    elif measured.value_concept is not None and measured.value_concept.words():
        text, unit = measured.value_concept.words(), ""
    elif measured.value_string:
        text, unit = measured.value_string, ""
    elif measured.value_integer is not None:
        text, unit = str(measured.value_integer), ""
    elif measured.value_boolean is not None:
        text, unit = "yes" if measured.value_boolean else "no", ""
    else:
        return None
    bounds = measured.reference_range[0] if measured.reference_range else None
    return Value(
        name=(measured.code.words() or measured.code.code_of(LOINC) or "Value")[:200],
        value=text[:2000],
        unit=unit[:40],
        reference_low=_bound(bounds.low if bounds else None),
        reference_high=_bound(bounds.high if bounds else None),
        code=measured.code.code_of(LOINC)[:40],
    )


def _bound(quantity: Quantity | None) -> str:
    return "" if quantity is None or quantity.value is None else _number(quantity.value)


def _number(value: Decimal) -> str:
    """Plain decimal notation without trailing zeros."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _first(error: ValidationError) -> str:
    """Path and expectation of the first mistake; pydantic's own text may repeat the value, so it is not used."""
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    path = ".".join(str(part) for part in first["loc"]) or "Bundle"
    return f"{path}: expected another form ({first['type']})"

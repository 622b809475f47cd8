"""What the demo's steps share: the portal they walk through, and the people they have met."""

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from operations.outside import Person, Portal
from operations.stack import Stack
from shared.ids import uuid7
from shared.rpc.client import ApiChannel


class StepFailed(Exception):
    """A claim of a step did not hold."""


def expect(holds: object, claim: str) -> None:
    """Raises StepFailed with the claim unless it holds."""
    if not holds:
        raise StepFailed(f"does not hold: {claim}")


def password() -> str:
    """A password nobody else has, of more than 12 characters."""
    return f"demo {uuid7()}"


@dataclass(slots=True)
class Patient:
    """A patient of the demo, with the account if there is one."""

    patient_id: str
    family: str
    birth_date: date
    email: str
    person: Person | None = None
    consent_id: str = ""

    @property
    def account(self) -> Person:
        if self.person is None:
            raise StepFailed("does not hold: the patient has an account")
        return self.person

    def path(self, rest: str) -> str:
        return f"/v1/patients/{self.patient_id}/{rest}"


@dataclass(slots=True)
class World:
    """Filled in by the steps, in their order."""

    stack: Stack
    portal: Portal
    channels: ApiChannel
    practice_id: str = ""
    staff: dict[str, Person] = field(default_factory=dict)
    """Role → the member of staff who has it; ``provider`` is the first provider."""
    providers: dict[str, str] = field(default_factory=dict)
    """Family name → provider id."""
    patients: dict[str, Patient] = field(default_factory=dict)
    """Family name → patient."""
    parent: Person | None = None
    notes: dict[str, Any] = field(default_factory=dict)

    def patient(self, family: str) -> Patient:
        return self.patients[family]

    def of_practice(self, rest: str) -> str:
        return f"/v1/practices/{self.practice_id}/{rest}"

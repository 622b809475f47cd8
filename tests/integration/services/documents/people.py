"""Who appears in documents' tests, by id, and what arrives about them."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from shared.access.replicas import REPLICAS
from shared.contracts.documents.v1 import api_pb2, peers_pb2
from shared.ids import natural_id
from shared.reading import ReadModel
from shared.rpc.fields import instant_message

PRACTICE, OTHER_PRACTICE = UUID(int=0xA1), UUID(int=0xA2)
PATIENT, SECOND_PATIENT, OTHER_PATIENT = UUID(int=0xB1), UUID(int=0xB2), UUID(int=0xB3)
PATIENTS_ACCOUNT, SECOND_ACCOUNT, OTHER_ACCOUNT, REPRESENTATIVE, TEENS_PARENT = (
    UUID(int=number) for number in range(0xC1, 0xC6)
)
PROVIDER, SECOND_PROVIDER, PROVIDER_OUTSIDE, STRANGE_PROVIDER = (UUID(int=number) for number in range(0xD1, 0xD5))
DOCTOR, SECOND_DOCTOR, DOCTOR_OUTSIDE, NURSE, DESK, BILLER, SUPPORT, ADMIN, STRANGER = (
    UUID(int=number) for number in range(0xE1, 0xEA)
)
SCOPES = ("messages", "results", "documents", "appointments", "refills", "billing")


def staff_of(account: UUID) -> UUID:
    """The staff id of a member of staff's account."""
    return natural_id(account, "staff")


def practice_of(patient: UUID) -> UUID:
    return OTHER_PRACTICE if patient == OTHER_PATIENT else PRACTICE


NAMES = {
    PRACTICE: "Elm Street Practice",
    PATIENT: "Ada Example",
    PROVIDER: "Dr. Mira Okafor",
    staff_of(DOCTOR): "Mira Okafor",
    staff_of(NURSE): "Nia Roe",
}


def replicas() -> Sequence[ReadModel]:
    """What every service keeps of identity and consent."""
    return REPLICAS


def values(*given: tuple[str, str]) -> list[api_pb2.ResultValue]:
    return [
        api_pb2.ResultValue(name=name, value=value, unit="mg/dL", reference_low="70", reference_high="99")
        for name, value in given or (("Glucose", "90"),)
    ]


def filing(now: datetime, title: str = "Lipid panel", *, days_ago: float = 1, **changes: Any) -> Any:
    given = {
        "patient_id": str(PATIENT),
        "title": title,
        "category": "laboratory",
        "effective_at": instant_message(now - timedelta(days=days_ago)),
        "values": values(),
        **changes,
    }
    return api_pb2.FileResultRequest(**given)


def importing(now: datetime, resource_id: str, **changes: Any) -> Any:
    given = {
        "practice_id": str(PRACTICE),
        "patient_id": str(PATIENT),
        "resource_id": resource_id,
        "title": "Lipid panel",
        "category": "laboratory",
        "effective_at": instant_message(datetime(2026, 1, 5, 8, 0, tzinfo=now.tzinfo)),
        "values": values(),
        **changes,
    }
    return peers_pb2.ImportResultRequest(**given)

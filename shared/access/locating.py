"""The ready-made ways to find the practice and patient of a request that names them itself."""

from typing import Any

from shared.access.replicas import practice_of
from shared.errors import NotFound
from shared.reading import Rows
from shared.rpc.fields import uuid_field
from shared.rpc.policy import Located


async def practice_of_request(request: Any, rows: Rows) -> Located:
    """What concerns a whole practice: the one named in ``practice_id``."""
    return Located(practice_id=uuid_field(request.practice_id, "practice_id"))


async def patient_of_request(request: Any, rows: Rows) -> Located:
    """What concerns the patient named in ``patient_id``: the practice is the one whose record it is."""
    patient_id = uuid_field(request.patient_id, "patient_id")
    practice_id = await practice_of(rows, patient_id)
    if practice_id is None:
        raise NotFound
    return Located(practice_id, patient_id)

"""The ready-made ways to find the practice and patient of a request that names them itself."""

from typing import Any

from shared.errors import NotFound
from shared.reading import Rows
from shared.rpc.fields import uuid_field
from shared.rpc.policy import Located


async def practice_of_request(request: Any, rows: Rows) -> Located:
    """What concerns a whole practice: the one named in ``practice_id``."""
    return Located(practice_id=uuid_field(request.practice_id, "practice_id"))


async def patient_of_request(request: Any, rows: Rows) -> Located:
    """What concerns the patient named in ``patient_id``: the practice is the one whose record it is.

    A duplicate's id names the patient to whose record it was joined (R44).
    """
    named = uuid_field(request.patient_id, "patient_id")
    found = await rows.fetch_one(
        "SELECT practice_id, record_of(patient_id) AS patient_id FROM access_patients WHERE patient_id = $1", named
    )
    if found is None:
        raise NotFound
    return Located(found["practice_id"], found["patient_id"], found["patient_id"])

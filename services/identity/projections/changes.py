"""Where each patient's facts and each account's staff rows changed last: what the leases of peers rest on."""

from uuid import UUID

from services.identity.domain.enrolments import Enrolments
from services.identity.domain.patient import Erasure, Patient
from services.identity.domain.staff import StaffMember
from shared.bus.partitions import key_bytes, partition_of
from shared.envelope import Recorded
from shared.reading import Apply, ReadModel, Rows

FACTS, STAFF = "facts", "staff"

TABLES = (
    """CREATE TABLE changes (
        kind text NOT NULL,
        object_id uuid NOT NULL,
        partition integer NOT NULL,
        position bigint NOT NULL,
        PRIMARY KEY (kind, object_id, partition)
    )""",
    "CREATE INDEX changes_by_position ON changes (kind, partition, position)",
)


def patient_of(recorded: Recorded[object]) -> UUID:
    """The patient whom a fact is about."""
    event = recorded.event
    if isinstance(event, Enrolments.Joined | Enrolments.Left):
        return event.relation.patient_id
    if isinstance(event, Patient.Registered | Erasure.Erased):
        return event.patient_id
    return recorded.stream_id


FACT_EVENTS = (
    Patient.Registered,
    Patient.BirthDateCorrected,
    Patient.DeathRecorded,
    Patient.DeathCorrected,
    Patient.Superseded,
    Patient.Restored,
    Patient.Joined,
    Erasure.Erased,
    Enrolments.Joined,
    Enrolments.Left,
)
STAFF_EVENTS = (StaffMember.Joined, StaffMember.RolesChanged, StaffMember.Left)


def changed(recorded: Recorded[object]) -> tuple[str, UUID, int]:
    """Kind, whose (patient or account), and the partition of identity's topic that tells of it."""
    event = recorded.event
    if isinstance(event, STAFF_EVENTS):
        return STAFF, event.account_id, partition_of(key_bytes(recorded.stream_id))
    patient_id = patient_of(recorded)
    return FACTS, patient_id, partition_of(key_bytes(patient_id))


async def note(recorded: Recorded[object], rows: Rows) -> None:
    kind, object_id, partition = changed(recorded)
    key = {"kind": kind, "object_id": object_id, "partition": partition}
    await rows.upsert("changes", key, {"position": recorded.position})


_APPLY: dict[type, Apply] = dict.fromkeys((*FACT_EVENTS, *STAFF_EVENTS), note)

CHANGES = ReadModel("changes", "identity", TABLES, _APPLY)

"""Who is reached at which e-mail address, over all practices, by blind index: an address is never an identity (R12)."""

from collections.abc import Sequence
from uuid import UUID

from services.identity.domain.patient import Patient, Person
from services.identity.domain.staff import StaffMember
from services.identity.projections.patients import Blind
from shared.envelope import Recorded
from shared.reading import ReadModel, Row, Rows

TABLES = (
    """CREATE TABLE address_uses (
        holder_id uuid PRIMARY KEY,
        kind text NOT NULL,
        patient_id uuid NOT NULL,
        word uuid NOT NULL
    )""",
    "CREATE INDEX address_uses_of_word ON address_uses (word)",
)
PURPOSE = "address in use"


class Addresses:
    """Writes the read model; ``patient_id`` is nil for staff."""

    def __init__(self, blind: Blind) -> None:
        self._blind = blind

    async def register_patient(self, recorded: Recorded[Patient.Registered], rows: Rows) -> None:
        event = recorded.event
        await self._use(rows, "patient", event.patient_id, event.patient_id, event.contact.email)

    async def record_patient(self, recorded: Recorded[Patient.ContactRecorded], rows: Rows) -> None:
        holder_id = recorded.stream_id
        await self._use(rows, "patient", holder_id, holder_id, recorded.event.contact.email)

    async def register_person(self, recorded: Recorded[Person.Registered], rows: Rows) -> None:
        event = recorded.event
        await self._use(rows, "person", event.person_id, event.patient_id, event.contact.email)

    async def record_person(self, recorded: Recorded[Person.ContactRecorded], rows: Rows) -> None:
        event = recorded.event
        await self._use(rows, "person", recorded.stream_id, event.patient_id, event.contact.email)

    async def invite_staff(self, recorded: Recorded[StaffMember.Invited], rows: Rows) -> None:
        event = recorded.event
        await self._use(rows, "staff", event.staff_id, UUID(int=0), event.invitee.email)

    async def move_staff(self, recorded: Recorded[StaffMember.AddressChanged], rows: Rows) -> None:
        await self._use(rows, "staff", recorded.stream_id, UUID(int=0), recorded.event.email)

    async def _use(self, rows: Rows, kind: str, holder_id: UUID, patient_id: UUID, email: str) -> None:
        key = {"holder_id": holder_id}
        if email:
            word = self._blind(PURPOSE, email)
            await rows.upsert("address_uses", key, {"kind": kind, "patient_id": patient_id, "word": word})
        else:
            await rows.delete("address_uses", key)

    def read_model(self) -> ReadModel:
        return ReadModel(
            "addresses",
            "identity",
            TABLES,
            {
                Patient.Registered: self.register_patient,
                Patient.ContactRecorded: self.record_patient,
                Person.Registered: self.register_person,
                Person.ContactRecorded: self.record_person,
                StaffMember.Invited: self.invite_staff,
                StaffMember.AddressChanged: self.move_staff,
            },
        )


async def uses(rows: Rows, word: UUID, most: int) -> Sequence[Row]:
    return await rows.fetch(
        "SELECT kind, holder_id, patient_id FROM address_uses WHERE word = $1 ORDER BY holder_id LIMIT $2", word, most
    )

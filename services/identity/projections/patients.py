"""The patients' directory of each practice, found by blind indexes of words, addresses and numbers."""

import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from services.identity.domain.patient import Patient
from services.identity.domain.values import Contact, PersonIdentity, PersonName
from shared.envelope import Recorded
from shared.reading import ReadModel, Row, Rows

Blind = Callable[[str, str], UUID]
"""``EventStore.blind``: purpose, normalised value."""

LEAST_LETTERS = 3
"""Search begins with that many letters of a word."""

TABLES = (
    """CREATE TABLE patients (
        patient_id uuid PRIMARY KEY,
        practice_id uuid NOT NULL,
        birth_date date NOT NULL,
        deceased boolean NOT NULL,
        reachable boolean NOT NULL,
        subject_id uuid NOT NULL,
        sealed bytea NOT NULL
    )""",
    "CREATE INDEX patients_of_practice ON patients (practice_id, birth_date)",
    """CREATE TABLE patient_words (
        patient_id uuid NOT NULL,
        kind text NOT NULL,
        word uuid NOT NULL,
        PRIMARY KEY (word, patient_id, kind)
    )""",
    "CREATE INDEX patient_words_of_patient ON patient_words (patient_id, kind)",
)


def words_of(text: str) -> list[str]:
    """Words without accents, case and signs, in order."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))
    return "".join(c if c.isalnum() else " " for c in plain).split()


def beginnings(name: PersonName) -> set[str]:
    """Every beginning of each word from three letters on; a shorter word as it is."""
    found = set()
    for word in words_of(str(name)):
        found |= {word[:length] for length in range(min(LEAST_LETTERS, len(word)), len(word) + 1)}
    return found


def digits_of(phone: str) -> str:
    """A number's digits without the country code of the United States."""
    digits = "".join(c for c in phone if c.isascii() and c.isdigit())
    return digits[1:] if len(digits) == 11 and digits.startswith("1") else digits


class Directory:
    """Writes the read model; the blind index is the store's, hence the same in every replay."""

    def __init__(self, blind: Blind) -> None:
        self._blind = blind

    async def register(self, recorded: Recorded[Patient.Registered], rows: Rows) -> None:
        event = recorded.event
        name = event.identity.name
        await rows.upsert(
            "patients",
            {"patient_id": event.patient_id},
            {
                "practice_id": event.practice_id,
                "birth_date": event.identity.birth_date,
                "deceased": False,
                "reachable": bool(event.contact.email),
            },
            subject_id=event.patient_id,
            personal={"given": name.given, "family": name.family},
        )
        await self._index(rows, event.patient_id, "name", beginnings(name))
        await self._index_contact(rows, event.patient_id, event.contact)

    async def correct_name(self, recorded: Recorded[Patient.NameCorrected], rows: Rows) -> None:
        name = recorded.event.name
        known = await rows.fetch_one(
            "SELECT practice_id, birth_date, deceased, reachable FROM patients WHERE patient_id = $1",
            recorded.stream_id,
        )
        if known is not None:
            await rows.upsert(
                "patients",
                {"patient_id": recorded.stream_id},
                known,
                subject_id=recorded.stream_id,
                personal={"given": name.given, "family": name.family},
            )
            await self._index(rows, recorded.stream_id, "name", beginnings(name))

    async def correct_birth_date(self, recorded: Recorded[Patient.BirthDateCorrected], rows: Rows) -> None:
        await rows.update("patients", {"patient_id": recorded.stream_id}, {"birth_date": recorded.event.birth_date})

    async def record_contact(self, recorded: Recorded[Patient.ContactRecorded], rows: Rows) -> None:
        contact = recorded.event.contact
        await rows.update("patients", {"patient_id": recorded.stream_id}, {"reachable": bool(contact.email)})
        await self._index_contact(rows, recorded.stream_id, contact)

    async def record_death(self, recorded: Recorded[Patient.DeathRecorded], rows: Rows) -> None:
        await rows.update("patients", {"patient_id": recorded.stream_id}, {"deceased": True})

    async def correct_death(self, recorded: Recorded[Patient.DeathCorrected], rows: Rows) -> None:
        await rows.update("patients", {"patient_id": recorded.stream_id}, {"deceased": False})

    async def _index_contact(self, rows: Rows, patient_id: UUID, contact: Contact) -> None:
        await self._index(rows, patient_id, "email", [contact.email] if contact.email else [])
        phone = digits_of(contact.phone)
        await self._index(rows, patient_id, "phone", [phone] if phone else [])

    async def _index(self, rows: Rows, patient_id: UUID, kind: str, words: Iterable[str]) -> None:
        await rows.delete("patient_words", {"patient_id": patient_id, "kind": kind})
        for word in sorted(words):
            key = {"word": self._blind(f"patient {kind}", word), "patient_id": patient_id, "kind": kind}
            await rows.upsert("patient_words", key, {})

    def read_model(self) -> ReadModel:
        return ReadModel(
            "patients",
            "identity",
            TABLES,
            {
                Patient.Registered: self.register,
                Patient.NameCorrected: self.correct_name,
                Patient.BirthDateCorrected: self.correct_birth_date,
                Patient.ContactRecorded: self.record_contact,
                Patient.DeathRecorded: self.record_death,
                Patient.DeathCorrected: self.correct_death,
            },
        )


@dataclass(frozen=True, slots=True)
class Sought:
    """What is looked for in one practice; all that is given must match."""

    practice_id: UUID
    words: Sequence[str] = ()
    birth_date: date | None = None
    email: str = ""
    phone: str = ""

    def blind(self, blind: Blind) -> list[UUID]:
        """The blind indexes that a patient must have, all of them."""
        sought = [blind("patient name", word) for word in self.words]
        sought += [blind("patient email", self.email)] if self.email else []
        return sought + ([blind("patient phone", self.phone)] if self.phone else [])


ENTRY = """
SELECT patient_id, birth_date, deceased, subject_id, sealed,
       EXISTS (SELECT FROM enrolments e WHERE e.patient_id = patients.patient_id AND e.person_id = e.patient_id
               AND e.account_id IS NOT NULL) AS enrolled
FROM patients
"""


async def find(rows: Rows, sought: Sought, blind: Blind, after: UUID, size: int) -> Sequence[Row]:
    """Up to ``size`` patients of the practice that match everything, beyond ``after``, by id; no joined duplicates."""
    return await rows.fetch(
        ENTRY  # noqa: S608  # a constant
        + """
        WHERE practice_id = $1 AND patient_id > $2 AND ($3::date IS NULL OR birth_date = $3)
          AND (SELECT count(DISTINCT word) FROM patient_words w
               WHERE w.patient_id = patients.patient_id AND w.word = ANY($4)) = cardinality($4)
          AND NOT EXISTS (SELECT FROM joined_records j WHERE j.duplicate_id = patients.patient_id)
        ORDER BY patient_id LIMIT $5
        """,
        sought.practice_id, after, sought.birth_date, sorted(set(sought.blind(blind))), size,
    )  # fmt: skip


async def alike(
    rows: Rows, practice_id: UUID, identity: PersonIdentity, contact: Contact, blind: Blind
) -> Sequence[Row]:
    """Possible duplicates (R44): the same birth date and a word of the name, or the same e-mail address.

    Whoever looks like a record that was joined looks like the one it was joined to.
    """
    words = [blind("patient name", word) for word in words_of(str(identity.name))]
    email = [blind("patient email", contact.email)] if contact.email else []
    return await rows.fetch(
        ENTRY  # noqa: S608  # a constant
        + """
        WHERE practice_id = $1 AND (
            (birth_date = $2 AND EXISTS (SELECT FROM patient_words w WHERE w.patient_id = patients.patient_id
                                         AND w.kind = 'name' AND w.word = ANY($3)))
            OR EXISTS (SELECT FROM patient_words w WHERE w.patient_id = patients.patient_id
                       AND w.kind = 'email' AND w.word = ANY($4)))
          AND NOT EXISTS (SELECT FROM joined_records j WHERE j.duplicate_id = patients.patient_id)
        ORDER BY patient_id LIMIT 20
        """,
        practice_id, identity.birth_date, words, email,
    )  # fmt: skip

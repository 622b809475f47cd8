"""Everything that decides who may see one patient's record, read together; and what ends what."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol, TypeVar
from uuid import UUID

from services.consent.domain.authorization import Authorization, EndReason
from services.consent.domain.consent import PortalConsent
from services.consent.domain.emergency import EmergencyAccess
from services.consent.domain.errors import RepresentativeNotVerified
from services.consent.domain.facts import Facts, Person, Signing
from services.consent.domain.identifiers import consent_id, pair_stream, practice_stream
from services.consent.domain.practice import Practice
from services.consent.domain.record import PatientRecord
from services.consent.domain.suspension import PairSuspension
from shared.aggregate import Aggregate
from shared.errors import Unavailable

A = TypeVar("A", bound=Aggregate)


class Finds(Protocol):
    """Where aggregates are found: a command's guarded streams, or the store for a question."""

    async def find(self, aggregate_class: type[A], stream_id: UUID) -> A | None: ...


@dataclass(frozen=True, slots=True)
class HeardEnrolment:
    """An account joined to a record, as identity says now. ``cause`` is identity's event."""

    account_id: UUID
    person_id: UUID
    cause: str


@dataclass(frozen=True, slots=True)
class HeardJoin:
    """Another record that was joined to the patient's. ``cause`` is identity's event."""

    duplicate_id: UUID
    cause: str


@dataclass(frozen=True, slots=True)
class HeardFacts:
    """What identity says of a patient now, ahead of its events."""

    practice_id: UUID
    patient_id: UUID
    birth_date: date
    death: str | None
    """The event that recorded the death; None: alive."""
    enrolments: tuple[HeardEnrolment, ...]
    survivor: tuple[UUID, str] | None = None
    """The record that this one was joined to, and the event; None: it is its own."""
    joins: tuple[HeardJoin, ...] = ()


@dataclass(slots=True)
class Dossier:
    """One patient's record, with the practice, consents, authorizations and suspensions that bear on it."""

    practice: Practice
    record: PatientRecord
    consents: dict[UUID, PortalConsent]
    authorizations: dict[UUID, Authorization]
    suspensions: dict[UUID, PairSuspension]
    emergencies: dict[UUID, EmergencyAccess]

    async def read_person(self, source: Finds, person_id: UUID) -> None:
        """Reads that person's consent and suspension."""
        consent = await source.find(PortalConsent, consent_id(self.record.patient_id, person_id))
        if consent is not None:
            self.consents[person_id] = consent
        suspension = await source.find(PairSuspension, pair_stream(self.record.patient_id, person_id))
        if suspension is not None:
            self.suspensions[person_id] = suspension

    def require_may_sign(self, signer_id: UUID, at: datetime) -> None:
        """R2, R7: the patient at the age for it; a representative once verified, or with a consent in force."""
        if signer_id == self.record.patient_id:
            self.record.require_may_sign(self.practice, at)
            return
        consent = self.consents.get(signer_id)
        if consent is not None and consent.in_force:
            return
        own = (a for a in self.authorizations.values() if a.person_id == signer_id)
        if not any(authorization.is_verified(self.practice.zone, at) for authorization in own):
            raise RepresentativeNotVerified

    def end_after_withdrawal(self, signer_id: UUID, at: datetime) -> None:
        """R2: a signature carried its signer's access, and the patient's also that of those the patient let in."""
        self._end(self._resting_on(signer_id), "consent_withdrawn", at)

    def record_death(self, at: datetime, cause: str) -> None:
        """R20: ends the grants on and by the dead; an executor's begin to count."""
        self.record.record_death(at, cause)
        self._end((a for a in self.authorizations.values() if a.terms.kind != "executor"), "deceased", at)

    def unenrol(self, account_id: UUID, person_id: UUID, at: datetime, cause: str) -> None:
        """R20, R27: ends what the person gave, or what that representative was given; nothing of it revives."""
        self.record.unenrol(account_id, person_id, at, cause)
        self._end(self._resting_on(person_id), "unenrolled", at)

    def supersede(self, survivor_id: UUID, at: datetime, cause: str) -> None:
        """R44: ends whatever was given on this record, drafts included; enrolments end at identity."""
        self.record.supersede(survivor_id, at, cause)
        self._end(self.authorizations.values(), "unenrolled", at)

    def hear(self, heard: HeardFacts, at: datetime) -> None:
        """Brings the record to what identity says now; for an answer, never stored."""
        record = self.record
        record.correct_birth_date(heard.birth_date, at, "")
        present = {(e.account_id, e.person_id) for e in heard.enrolments}
        for joined in record.enrolments:
            if joined.span.until is None and (joined.account_id, joined.person_id) not in present:
                self.unenrol(joined.account_id, joined.person_id, at, "")
        for enrolment in heard.enrolments:
            record.enrol(enrolment.account_id, enrolment.person_id, at, enrolment.cause)
        if heard.death is not None:
            self.record_death(at, heard.death)
        else:
            record.correct_death(at, "")
        if heard.survivor is not None:
            self.supersede(heard.survivor[0], at, heard.survivor[1])
        else:
            record.restore(at, "")
        for join in heard.joins:
            record.interrupt(join.duplicate_id, at, join.cause)

    def facts(self, account_id: UUID) -> Facts:
        """What the rules rest on for one account."""
        patient_id = self.record.patient_id
        joined = [e for e in self.record.enrolments if e.account_id == account_id]
        people = [
            Person(
                person_id=person_id,
                enrolments=tuple(
                    span for e in joined if e.person_id == person_id for span in self.record.stretches(e).counting
                ),
                signatures=self._signatures(person_id),
                grants=tuple(a.grant() for a in self.authorizations.values() if a.person_id == person_id),
                suspensions=self.suspensions[person_id].spans if person_id in self.suspensions else (),
            )
            for person_id in dict.fromkeys(e.person_id for e in joined)
        ]
        return Facts(
            patient_id=patient_id,
            time_zone=self.practice.time_zone,
            adolescent_age=self.practice.adolescent_age,
            adult_age=self.practice.adult_age,
            birth_dates=self.record.birth_dates,
            deaths=self.record.deaths,
            patient_signatures=self._signatures(patient_id),
            people=tuple(people),
            forms=tuple(form.published_at for form in self.practice.forms),
            emancipations=self.record.emancipations,
            waiting=tuple(span for e in joined for span in self.record.stretches(e).waiting),
            emergencies=tuple(one.emergency for one in self.emergencies.values() if one.account_id == account_id),
        )

    def _signatures(self, person_id: UUID) -> tuple[Signing, ...]:
        return self.consents[person_id].spans if person_id in self.consents else ()

    def _resting_on(self, person_id: UUID) -> Iterable[Authorization]:
        """What the patient gave, where the person is the patient; else what that person was given."""
        if person_id == self.record.patient_id:
            return [a for a in self.authorizations.values() if a.terms.kind == "adult_authorization"]
        return [a for a in self.authorizations.values() if a.person_id == person_id]

    @staticmethod
    def _end(authorizations: Iterable[Authorization], reason: EndReason, at: datetime) -> None:
        for authorization in authorizations:
            authorization.end(reason, at)


async def read_dossier(source: Finds, record: PatientRecord) -> Dossier:
    """Reads all that bears on the record. Unavailable while the practice is not heard of yet."""
    practice = await source.find(Practice, practice_stream(record.practice_id))
    if practice is None:
        raise Unavailable("expected the practice to be known; its event is on its way")
    found = Dossier(practice, record, {}, {}, {}, {})
    for declared in record.emergencies:
        emergency = await source.find(EmergencyAccess, declared.emergency_id)
        if emergency is not None:
            found.emergencies[emergency.id] = emergency
    for listed in record.authorizations:
        authorization = await source.find(Authorization, listed.authorization_id)
        if authorization is not None:
            found.authorizations[authorization.id] = authorization
    joined = [enrolment.person_id for enrolment in record.enrolments]
    authorized = [listed.person_id for listed in record.authorizations]
    for person_id in dict.fromkeys([record.patient_id, *joined, *authorized]):
        await found.read_person(source, person_id)
    return found

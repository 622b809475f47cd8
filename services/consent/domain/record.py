"""A patient's record as consent knows it: what it heard of identity, and who was authorized."""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Literal
from uuid import UUID

from services.consent.domain.calendar import start_of_age
from services.consent.domain.errors import (
    NotInterrupted,
    NotOfThisAge,
    PatientDead,
    RecordJoined,
    TooYoungToSign,
)
from services.consent.domain.facts import PREPARATION, BirthDate, Kind, Span
from services.consent.domain.identifiers import record_stream, reference
from services.consent.domain.interruption import Enrolment, Interruption, Stretches, Verification, Verified
from services.consent.domain.practice import Practice
from shared.aggregate import Aggregate, event

ProofKind = Literal["court_decree", "marriage_certificate", "military_service", "other"]
Birthday = Literal["adolescent", "adult"]


@dataclass(frozen=True, slots=True)
class Declared:
    """An emergency of the record, and who declared it."""

    emergency_id: UUID
    account_id: UUID


@dataclass(frozen=True, slots=True)
class Proof:
    """What proves an emancipation: its kind and scan, and who recorded it."""

    kind: ProofKind
    scan_id: UUID
    recorded_by: UUID


@dataclass(frozen=True, slots=True)
class Announcement:
    """That access changes on that birthday, in so many days (R18)."""

    birthday: Birthday
    days: int
    on: date


@dataclass(frozen=True, slots=True)
class Authorized:
    """An authorization of the record, and whom it is for."""

    authorization_id: UUID
    person_id: UUID


class PatientRecord(Aggregate):
    """What the rules of access rest on for one patient. ``cause`` names identity's event.

    Every fact acts from the instant at which identity recorded it: nothing is back-dated.
    """

    class Registered(Aggregate.Created):
        patient_id: UUID
        practice_id: UUID
        birth_date: date
        recorded_at: datetime
        cause: str

    class BirthDateCorrected(Aggregate.Event):
        birth_date: date
        recorded_at: datetime
        cause: str

    class DeathRecorded(Aggregate.Event):
        recorded_at: datetime
        cause: str

    class DeathCorrected(Aggregate.Event):
        recorded_at: datetime
        cause: str

    class Enrolled(Aggregate.Event):
        account_id: UUID
        person_id: UUID
        recorded_at: datetime
        cause: str

    class Unenrolled(Aggregate.Event):
        account_id: UUID
        person_id: UUID
        recorded_at: datetime
        cause: str

    class Emancipated(Aggregate.Event):
        practice_id: UUID
        patient_id: UUID
        proof: Proof
        recorded_at: datetime

    class EmancipationCorrected(Aggregate.Event):
        practice_id: UUID
        patient_id: UUID
        reason: str
        corrected_by: UUID
        recorded_at: datetime

    class BirthdayAnnounced(Aggregate.Event):
        practice_id: UUID
        patient_id: UUID
        announcement: Announcement
        announced_at: datetime

    class AuthorizationListed(Aggregate.Event):
        authorization_id: UUID
        person_id: UUID

    class EmergencyListed(Aggregate.Event):
        emergency_id: UUID
        account_id: UUID

    class Superseded(Aggregate.Event):
        survivor_id: UUID
        recorded_at: datetime
        cause: str

    class Restored(Aggregate.Event):
        recorded_at: datetime
        cause: str

    class Interrupted(Aggregate.Event):
        duplicate_id: UUID
        recorded_at: datetime
        cause: str

    class VerifiedAgain(Aggregate.Event):
        practice_id: UUID
        patient_id: UUID
        verified: Verified
        recorded_at: datetime

    @staticmethod
    def create_id(patient_id: UUID) -> UUID:
        return record_stream(patient_id)

    @event(Registered)
    def __init__(
        self, patient_id: UUID, practice_id: UUID, birth_date: date, recorded_at: datetime, cause: str
    ) -> None:
        self.patient_id = patient_id
        self.practice_id = practice_id
        known = BirthDate(recorded_at, birth_date, cause or reference(self.id, 1))
        self.birth_dates: tuple[BirthDate, ...] = (known,)
        self.deaths: tuple[Span, ...] = ()
        self.enrolments: tuple[Enrolment, ...] = ()
        self.authorizations: tuple[Authorized, ...] = ()
        self.emergencies: tuple[Declared, ...] = ()
        self.emancipations: tuple[Span, ...] = ()
        self.announced: frozenset[Announcement] = frozenset()
        self.survivor_id: UUID | None = None
        self.interruptions: tuple[Interruption, ...] = ()
        self.verifications: tuple[Verification, ...] = ()

    @property
    def subject_id(self) -> UUID:
        return self.patient_id

    @property
    def birth_date(self) -> date:
        return self.birth_dates[-1].day

    @property
    def is_dead(self) -> bool:
        return any(span.until is None for span in self.deaths)

    def correct_birth_date(self, birth_date: date, at: datetime, cause: str) -> None:
        """Acts from its recording; what is known already changes nothing, here and in what follows."""
        if birth_date != self.birth_date:
            self._birth_date_corrected(birth_date=birth_date, recorded_at=at, cause=cause)

    @event(BirthDateCorrected)
    def _birth_date_corrected(self, birth_date: date, recorded_at: datetime, cause: str) -> None:
        self.birth_dates = (*self.birth_dates, BirthDate(recorded_at, birth_date, cause))

    def record_death(self, at: datetime, cause: str) -> None:
        if not self.is_dead:
            self._death_recorded(recorded_at=at, cause=cause)

    @event(DeathRecorded)
    def _death_recorded(self, recorded_at: datetime, cause: str) -> None:
        self.deaths = (*self.deaths, Span(recorded_at, None, cause))

    def correct_death(self, at: datetime, cause: str) -> None:
        if self.is_dead:
            self._death_corrected(recorded_at=at, cause=cause)

    @event(DeathCorrected)
    def _death_corrected(self, recorded_at: datetime, cause: str) -> None:
        self.deaths = tuple(replace(span, until=span.until or recorded_at) for span in self.deaths)

    @property
    def is_emancipated(self) -> bool:
        return any(span.until is None for span in self.emancipations)

    def emancipate(self, practice: Practice, proof: Proof, at: datetime) -> None:
        """An adult at once, in every rule (R18). Refused for the dead, and for whom it would make no difference."""
        if self.is_dead:
            raise PatientDead
        if self.is_emancipated or at >= self.adult_at(practice):
            raise NotOfThisAge
        self._emancipated(practice_id=self.practice_id, patient_id=self.patient_id, proof=proof, recorded_at=at)

    @event(Emancipated)
    def _emancipated(self, practice_id: UUID, patient_id: UUID, proof: Proof, recorded_at: datetime) -> None:
        made_by = reference(self.id, self.version + 1)
        self.emancipations = (*self.emancipations, Span(recorded_at, None, made_by))

    def correct_emancipation(self, reason: str, by: UUID, at: datetime) -> None:
        """It was recorded by mistake: from now on the birthdays count again."""
        if not self.is_emancipated:
            raise NotOfThisAge("expected a patient who is recorded as emancipated")
        self._emancipation_corrected(
            practice_id=self.practice_id, patient_id=self.patient_id, reason=reason, corrected_by=by, recorded_at=at
        )

    @event(EmancipationCorrected)
    def _emancipation_corrected(
        self, practice_id: UUID, patient_id: UUID, reason: str, corrected_by: UUID, recorded_at: datetime
    ) -> None:
        self.emancipations = tuple(replace(span, until=span.until or recorded_at) for span in self.emancipations)

    def announce(self, announcement: Announcement, at: datetime) -> None:
        """Each one once, whatever was corrected in between."""
        if announcement not in self.announced:
            self._birthday_announced(
                practice_id=self.practice_id, patient_id=self.patient_id, announcement=announcement, announced_at=at
            )

    @event(BirthdayAnnounced)
    def _birthday_announced(
        self, practice_id: UUID, patient_id: UUID, announcement: Announcement, announced_at: datetime
    ) -> None:
        self.announced |= {announcement}

    def enrol(self, account_id: UUID, person_id: UUID, at: datetime, cause: str) -> None:
        """An account was joined to the record as that person."""
        if not self.is_enrolled(account_id, person_id):
            self._enrolled(account_id=account_id, person_id=person_id, recorded_at=at, cause=cause)

    @event(Enrolled)
    def _enrolled(self, account_id: UUID, person_id: UUID, recorded_at: datetime, cause: str) -> None:
        self.enrolments = (*self.enrolments, Enrolment(account_id, person_id, Span(recorded_at, None, cause)))

    def unenrol(self, account_id: UUID, person_id: UUID, at: datetime, cause: str) -> None:
        if self.is_enrolled(account_id, person_id):
            self._unenrolled(account_id=account_id, person_id=person_id, recorded_at=at, cause=cause)

    @event(Unenrolled)
    def _unenrolled(self, account_id: UUID, person_id: UUID, recorded_at: datetime, cause: str) -> None:
        self.enrolments = tuple(
            replace(joined, span=replace(joined.span, until=recorded_at))
            if (joined.account_id, joined.person_id) == (account_id, person_id) and joined.span.until is None
            else joined
            for joined in self.enrolments
        )

    def require_own_record(self) -> None:
        """RecordJoined where everything new belongs to the record that this one was joined to (R44)."""
        if self.survivor_id is not None:
            raise RecordJoined

    def supersede(self, survivor_id: UUID, at: datetime, cause: str) -> None:
        """It was joined to the survivor's: whatever access goes on is interrupted, and nobody verifies it here."""
        if self.survivor_id is None:
            self._superseded(survivor_id=survivor_id, recorded_at=at, cause=cause)

    @event(Superseded)
    def _superseded(self, survivor_id: UUID, recorded_at: datetime, cause: str) -> None:
        self.survivor_id = survivor_id
        self.interruptions = (*self.interruptions, Interruption(recorded_at, cause))

    def restore(self, at: datetime, cause: str) -> None:
        """It is its own again. That opens nothing: who is to reach it is let in anew."""
        if self.survivor_id is not None:
            self._restored(recorded_at=at, cause=cause)

    @event(Restored)
    def _restored(self, recorded_at: datetime, cause: str) -> None:
        self.survivor_id = None

    def interrupt(self, duplicate_id: UUID, at: datetime, cause: str) -> None:
        """A duplicate was joined to this record. Each event of identity's interrupts once; parting takes none back."""
        if all(known.because != cause for known in self.interruptions):
            self._interrupted(duplicate_id=duplicate_id, recorded_at=at, cause=cause)

    @event(Interrupted)
    def _interrupted(self, duplicate_id: UUID, recorded_at: datetime, cause: str) -> None:
        self.interruptions = (*self.interruptions, Interruption(recorded_at, cause))

    def verify_again(self, verified: Verified, at: datetime) -> None:
        """NotInterrupted unless that account, as that person, waits for it."""
        self.require_own_record()
        if self.waiting(verified.account_id, verified.person_id) is None:
            raise NotInterrupted
        # Identity's clock may be a little ahead; verified is what was interrupted before.
        last = max(known.at for known in self.interruptions)
        self._verified_again(
            practice_id=self.practice_id, patient_id=self.patient_id, verified=verified, recorded_at=max(at, last)
        )

    @event(VerifiedAgain)
    def _verified_again(self, practice_id: UUID, patient_id: UUID, verified: Verified, recorded_at: datetime) -> None:
        because = reference(self.id, self.version + 1)
        again = Verification(verified.account_id, verified.person_id, recorded_at, because)
        self.verifications = (*self.verifications, again)

    def stretches(self, joined: Enrolment) -> Stretches:
        return joined.stretches(self.interruptions, self.verifications)

    def waiting(self, account_id: UUID, person_id: UUID) -> Span | None:
        """Since when and because of what that account, joined now, waits to be verified again."""
        for joined in self.enrolments:
            if (joined.account_id, joined.person_id) == (account_id, person_id) and joined.span.until is None:
                return next((span for span in self.stretches(joined).waiting if span.until is None), None)
        return None

    def account_of(self, person_id: UUID) -> UUID | None:
        """The account that is joined as that person now."""
        joined = (one for one in self.enrolments if one.person_id == person_id and one.span.until is None)
        return next((one.account_id for one in joined), None)

    def list_authorization(self, authorization_id: UUID, person_id: UUID) -> None:
        self._authorization_listed(authorization_id=authorization_id, person_id=person_id)

    @event(AuthorizationListed)
    def _authorization_listed(self, authorization_id: UUID, person_id: UUID) -> None:
        self.authorizations = (*self.authorizations, Authorized(authorization_id, person_id))

    def list_emergency(self, emergency_id: UUID, account_id: UUID) -> None:
        self._emergency_listed(emergency_id=emergency_id, account_id=account_id)

    @event(EmergencyListed)
    def _emergency_listed(self, emergency_id: UUID, account_id: UUID) -> None:
        self.emergencies = (*self.emergencies, Declared(emergency_id, account_id))

    def is_enrolled(self, account_id: UUID | None, person_id: UUID) -> bool:
        """Whether that account (None: any) is joined as that person now."""
        return any(
            joined.person_id == person_id and joined.span.until is None and account_id in (None, joined.account_id)
            for joined in self.enrolments
        )

    def person_of(self, account_id: UUID) -> UUID | None:
        """As whom the account is joined now; the patient before anybody else."""
        persons = [j.person_id for j in self.enrolments if j.account_id == account_id and j.span.until is None]
        return self.patient_id if self.patient_id in persons else next(iter(persons), None)

    @property
    def accounts(self) -> tuple[UUID, ...]:
        """Every account that is or ever was joined, in the order of joining; then those of staff in emergencies."""
        joined = [joined.account_id for joined in self.enrolments]
        return tuple(dict.fromkeys([*joined, *(declared.account_id for declared in self.emergencies)]))

    def adolescent_at(self, practice: Practice) -> datetime:
        return min(start_of_age(self.birth_date, practice.adolescent_age, practice.zone), self.adult_at(practice))

    def adult_at(self, practice: Practice) -> datetime:
        """The 18th birthday, or the emancipation before it."""
        freed = (span.since for span in self.emancipations if span.until is None)
        return min([start_of_age(self.birth_date, practice.adult_age, practice.zone), *freed])

    def require_may_sign(self, practice: Practice, at: datetime) -> None:
        """The patient signs from the adolescent's birthday on, alive (R2, R42)."""
        if self.is_dead:
            raise PatientDead
        if at < self.adolescent_at(practice):
            raise TooYoungToSign

    def require_age_for(self, kind: Kind, practice: Practice, at: datetime) -> None:
        """R17, R19: minors before the birthday, (a) after, (b) from 90 days before; executors at any age (R20)."""
        if kind == "executor":
            return
        if self.is_dead:
            raise PatientDead
        adult = self.adult_at(practice)
        earliest = {"adult_authorization": timedelta(0), "personal_representative": PREPARATION}
        if at >= adult if kind == "minor" else at < adult - earliest[kind]:
            raise NotOfThisAge

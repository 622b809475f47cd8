"""Commands on invitations: what a consent leads to, what its withdrawal ends, and the desk's own."""

from dataclasses import dataclass

from services.identity.commands.patients import holder_of, void_open
from services.identity.domain.emancipation import Emancipation, age_counted
from services.identity.domain.enrolments import Enrolments
from services.identity.domain.errors import (
    AddressMissing,
    AddressShared,
    PatientIsDeceased,
    RecordJoined,
    SecondPersonNeeded,
    TooYoung,
)
from services.identity.domain.invitation import Invitation, expiry
from services.identity.domain.patient import Patient
from services.identity.domain.practice import Practice
from services.identity.domain.values import (
    AccountId,
    ConsentId,
    InvitationId,
    PatientId,
    PersonId,
    emancipation_id,
    enrolments_id,
)
from shared.envelope import Position
from shared.handling import Created, Streams, Work


@dataclass(frozen=True, slots=True)
class TakeConsent:
    """A portal consent form of that person was signed; ``by`` is who recorded it, where consent knows."""

    patient_id: PatientId
    person_id: PersonId
    consent_id: ConsentId
    address_is_silent: bool = False
    by: AccountId | None = None


async def take_consent(command: TakeConsent, work: Work) -> Position:
    """Notes the consent and invites its signer, unless joined already or not to be invited now."""

    async def decision(streams: Streams) -> None:
        enrolments = await streams.find(Enrolments, enrolments_id(command.patient_id))
        if enrolments is None:
            patient = await streams.get(Patient, command.patient_id)
            enrolments = streams.add(Enrolments(patient.practice_id, command.patient_id))
        enrolments.record_consent(command.person_id, command.consent_id, work.now)
        if command.person_id not in enrolments.accounts:
            try:
                if command.address_is_silent:
                    raise AddressShared
                await issue(streams, enrolments, command.person_id, command.by, work)
            except (AddressMissing, AddressShared, PatientIsDeceased, RecordJoined, SecondPersonNeeded, TooYoung):
                return  # The desk sees a person with a consent and without an invitation.

    return await work.decide(decision, queue={enrolments_id(command.patient_id)})


@dataclass(frozen=True, slots=True)
class EndConsent:
    """A portal consent of that person was withdrawn."""

    patient_id: PatientId
    person_id: PersonId
    consent_id: ConsentId


async def end_consent(command: EndConsent, work: Work) -> Position:
    """Ends what is pending on it (R2); enrolment and user name stay for a consent to come."""

    async def decision(streams: Streams) -> None:
        enrolments = await streams.find(Enrolments, enrolments_id(command.patient_id))
        if enrolments is None or enrolments.consents.get(command.person_id) != command.consent_id:
            return
        enrolments.end_consent(command.person_id, command.consent_id, work.now)
        await void_open(streams, command.patient_id, command.person_id, "consent_withdrawn", work)

    return await work.decide(decision, queue={enrolments_id(command.patient_id)})


@dataclass(frozen=True, slots=True)
class IssueInvitation:
    """``address_is_silent``: a teen's, at the address of a representative of theirs (R42)."""

    patient_id: PatientId
    person_id: PersonId
    address_is_silent: bool = False
    by: AccountId | None = None


async def issue_invitation(command: IssueInvitation, work: Work) -> Created:
    """Only the practice can issue a new one, and only on a consent in force (R11)."""

    async def decision(streams: Streams) -> None:
        enrolments = await streams.find(Enrolments, enrolments_id(command.patient_id))
        if enrolments is None:
            patient = await streams.get(Patient, command.patient_id)
            enrolments = Enrolments(patient.practice_id, command.patient_id)
        if command.address_is_silent:
            raise AddressShared
        await issue(streams, enrolments, command.person_id, command.by, work)

    position = await work.decide(decision, queue={enrolments_id(command.patient_id)})
    return Created(work.new_id("invitation"), position)


@dataclass(frozen=True, slots=True)
class VoidInvitation:
    invitation_id: InvitationId
    reason: str


async def void_invitation(command: VoidInvitation, work: Work) -> Position:
    return await work.change(
        Invitation, command.invitation_id, lambda invitation: invitation.void(command.reason, work.now)
    )


async def issue(
    streams: Streams, enrolments: Enrolments, person_id: PersonId, by: AccountId | None, work: Work
) -> None:
    """A new invitation to the address on record; it voids the one before. ConsentMissing, AlreadyEnrolled,
    AddressMissing, TooYoung (R42) or PatientIsDeceased where there is nobody to invite; SecondPersonNeeded where
    ``by`` changed the address or verified the documents (R43)."""
    enrolments.require_joinable(person_id)
    holder = await holder_of(streams, enrolments.patient_id, person_id)
    practice = await streams.get(Practice, enrolments.practice_id)
    if isinstance(holder, Patient):
        if holder.is_deceased:
            raise PatientIsDeceased
        emancipation = await streams.find(Emancipation, emancipation_id(enrolments.patient_id))
        if age_counted(holder, emancipation, practice.rules, work.now) < practice.rules.adolescent_age:
            raise TooYoung
    if not holder.contact.email:
        raise AddressMissing
    holder.require_second_person(by, work.now)
    former = enrolments.invitations.get(person_id)
    if former is not None:
        (await streams.get(Invitation, former)).void("replaced", work.now)
    invitation_id = InvitationId(work.new_id("invitation"))
    enrolments.invite(person_id, invitation_id)
    streams.add(
        Invitation(
            invitation_id,
            enrolments.relation(person_id),
            holder.contact_number,
            work.now,
            expiry(work.now, practice.rules.invitation_days),
        )
    )

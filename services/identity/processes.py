"""Own events and what follows from them, and how each effect is carried out: commands, and sessions that end."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from services.identity.address_book import AddressBook
from services.identity.commands.emancipations import NoteEmancipation, note_emancipation
from services.identity.commands.factors import CarryOutFactorReset, LostFactors
from services.identity.commands.invitations import EndConsent, TakeConsent, end_consent, take_consent
from services.identity.commands.patients import NoteVerification, note_verification
from services.identity.commands.usual_providers import TellOfProvider, tell_of_provider
from services.identity.credentials.sessions import Sessions
from services.identity.credentials.vault import Vault
from services.identity.domain.account import Account
from services.identity.domain.enrolments import Enrolments
from services.identity.domain.patient import Patient
from services.identity.domain.provider import Provider
from services.identity.domain.recovery import RecoveryAttempt
from services.identity.domain.staff import StaffMember
from services.identity.domain.values import AccountId, ConsentId, PatientId, PersonId, ProviderId, enrolments_id
from services.identity.projections import usual_providers
from services.identity.recoveries import after_attempt
from shared.effects import Carrying, Decide, Effect, Run
from shared.envelope import Recorded
from shared.eventstore.store import EventStore

TELL_OF_PROVIDER, TELL_PATIENT_OF_PROVIDER = "tell-of-provider", "tell-patient-of-provider"
PATIENTS_AT_ONCE = 100
NOBODY = str(UUID(int=0))


def after_staff_left(recorded: Recorded[StaffMember.Left]) -> list[Effect]:
    return [Effect("end-sessions", recorded.event.account_id)]


def after_unenrolment(recorded: Recorded[Enrolments.Left]) -> list[Effect]:
    return [Effect("end-sessions-without-footing", recorded.event.account_id)]


def after_account_closed(recorded: Recorded[Account.Closed]) -> list[Effect]:
    return [Effect("forget-account", recorded.stream_id)]


def after_death(recorded: Recorded[Patient.DeathRecorded]) -> list[Effect]:
    return [Effect("end-sessions-of-the-dead", recorded.stream_id)]


def after_password(recorded: Recorded[Account.PasswordChanged]) -> list[Effect]:
    """Done at once by the command; once more here, in case that it could not."""
    details = {"issue": str(recorded.event.issue), "before": recorded.recorded_at.isoformat()}
    return [Effect("take-password", recorded.stream_id, details=details)]


def after_announced_reset(recorded: Recorded[Account.FactorResetAnnounced]) -> list[Effect]:
    due_at = recorded.event.due_at
    return [Effect("carry-out-factor-reset", recorded.stream_id, due_at=due_at, details={"due": due_at.isoformat()})]


def after_factor_reset(recorded: Recorded[Account.FactorReset]) -> list[Effect]:
    return [Effect("forget-factor", recorded.stream_id)]


def after_activation(recorded: Recorded[Provider.Activated]) -> list[Effect]:
    """Everyone who usually sees that provider is told, a hundred patients an effect (R29)."""
    details = {"activated": recorded.event.activated_at.isoformat(), "after": ""}
    return [Effect(TELL_OF_PROVIDER, recorded.stream_id, details=details)]


PROCESSES: Mapping[type, Decide] = {
    Provider.Activated: after_activation,
    StaffMember.Left: after_staff_left,
    Enrolments.Left: after_unenrolment,
    Account.Closed: after_account_closed,
    Patient.DeathRecorded: after_death,
    Account.PasswordChanged: after_password,
    Account.FactorResetAnnounced: after_announced_reset,
    Account.FactorReset: after_factor_reset,
    RecoveryAttempt.Made: after_attempt,
}


class Following:
    """Carries effects out. Ending a session twice changes nothing."""

    def __init__(self, store: EventStore, sessions: Sessions, vault: Vault, book: AddressBook) -> None:
        self._store, self._sessions, self._vault, self._book = store, sessions, vault, book

    def effects(self) -> Mapping[str, Run]:
        return {
            "take-consent": self.take_consent,
            "end-consent": self.end_consent,
            "note-verification": self.note_verification,
            "note-emancipation": self.note_emancipation,
            "end-sessions": self.end_sessions,
            "end-sessions-without-footing": self.end_sessions_without_footing,
            "end-sessions-of-the-dead": self.end_sessions_of_the_dead,
            "forget-account": self.forget_account,
            "take-password": self.take_password,
            "carry-out-factor-reset": self.carry_out_factor_reset,
            "forget-factor": self.forget_factor,
            TELL_OF_PROVIDER: self.tell_of_provider,
            TELL_PATIENT_OF_PROVIDER: self.tell_patient_of_provider,
        }

    async def take_consent(self, carrying: Carrying) -> None:
        patient_id, person_id, consent_id = _consent(carrying)
        holder = await self._book.of_person(patient_id, person_id)
        silent = holder is not None and await self._book.is_silent(holder, carrying.now)
        by = carrying.effect.details.get("by")
        command = TakeConsent(patient_id, person_id, consent_id, silent, AccountId(UUID(by)) if by else None)
        await carrying.perform(take_consent, command)

    async def end_consent(self, carrying: Carrying) -> None:
        """Ends the invitation, and the sessions of an account that has no other record left (R2)."""
        patient_id, person_id, consent_id = _consent(carrying)
        await carrying.perform(end_consent, EndConsent(patient_id, person_id, consent_id))
        await self._end_without_footing(patient_id, person_id)

    async def note_verification(self, carrying: Carrying) -> None:
        details = carrying.effect.details
        person_id, by = PersonId(UUID(details["person"])), AccountId(UUID(details["by"]))
        await carrying.perform(note_verification, NoteVerification(PatientId(carrying.effect.key), person_id, by))

    async def note_emancipation(self, carrying: Carrying) -> None:
        command = NoteEmancipation(PatientId(carrying.effect.key), bool(carrying.effect.details["holds"]))
        await carrying.perform(note_emancipation, command)

    async def end_sessions(self, carrying: Carrying) -> None:
        await self._sessions.end_all_of(carrying.effect.key)

    async def end_sessions_without_footing(self, carrying: Carrying) -> None:
        if not await has_footing(self._store, carrying.effect.key):
            await self._sessions.end_all_of(carrying.effect.key)

    async def end_sessions_of_the_dead(self, carrying: Carrying) -> None:
        patient_id = PatientId(carrying.effect.key)
        await self._end_without_footing(patient_id, PersonId(patient_id))

    async def forget_account(self, carrying: Carrying) -> None:
        """A closed account's secrets are of no more use to anyone."""
        await self._sessions.end_all_of(carrying.effect.key)
        await self._vault.forget(carrying.effect.key)

    async def take_password(self, carrying: Carrying) -> None:
        """Only the last one chosen. Sessions opened with it since are left alone."""
        details = carrying.effect.details
        account = await self._store.find(Account, carrying.effect.key)
        if account is None or account.password_issue != UUID(details["issue"]):
            return
        was_waiting = await self._vault.take_waiting_password(account.id, UUID(details["issue"]))
        before = None if was_waiting else datetime.fromisoformat(details["before"])
        await self._sessions.end_all_of(account.id, before)

    async def carry_out_factor_reset(self, carrying: Carrying) -> None:
        account_id = AccountId(carrying.effect.key)
        command = CarryOutFactorReset(account_id, datetime.fromisoformat(carrying.effect.details["due"]))
        await carrying.perform(LostFactors(self._vault).carry_out_factor_reset, command)

    async def forget_factor(self, carrying: Carrying) -> None:
        account = await self._store.find(Account, carrying.effect.key)
        if account is None or not account.has_totp:
            await self._vault.remove_totp(carrying.effect.key)

    async def tell_of_provider(self, carrying: Carrying) -> None:
        """One effect a patient, and one for those beyond."""
        effect, after = carrying.effect, carrying.effect.details["after"]
        async with carrying.rows() as rows:
            found = await usual_providers.patients(rows, effect.key, UUID(after or NOBODY), PATIENTS_AT_ONCE + 1)
        details = {"provider": str(effect.key), "activated": effect.details["activated"]}
        told = found[:PATIENTS_AT_ONCE]
        carrying.follow(*(Effect(TELL_PATIENT_OF_PROVIDER, one, str(one), details=details) for one in told))
        if len(found) > len(told):
            beyond = {**effect.details, "after": str(told[-1])}
            carrying.follow(Effect(TELL_OF_PROVIDER, effect.key, str(told[-1]), details=beyond))

    async def tell_patient_of_provider(self, carrying: Carrying) -> None:
        details = carrying.effect.details
        provider_id, activated_at = ProviderId(UUID(details["provider"])), datetime.fromisoformat(details["activated"])
        command = TellOfProvider(PatientId(carrying.effect.key), provider_id, activated_at)
        await carrying.perform(tell_of_provider, command)

    async def _end_without_footing(self, patient_id: PatientId, person_id: PersonId) -> None:
        enrolments = await self._store.find(Enrolments, enrolments_id(patient_id))
        account_id = enrolments.accounts.get(person_id) if enrolments is not None else None
        if account_id is not None and not await has_footing(self._store, account_id):
            await self._sessions.end_all_of(account_id)


async def has_footing(store: EventStore, account_id: UUID) -> bool:
    """Whether anything is left for the account: a staff, or a record with a consent in force and a living patient
    where it is the own one."""
    account = await store.find(Account, account_id)
    if account is None or not account.is_open:
        return False
    if account.staff:
        return True
    for record in account.records:
        enrolments = await store.find(Enrolments, enrolments_id(record.patient_id))
        if enrolments is None or record.person_id not in enrolments.consents:
            continue
        patient = await store.find(Patient, record.patient_id) if record.is_own else None
        if patient is None or not patient.is_deceased:
            return True
    return False


def _consent(carrying: Carrying) -> tuple[PatientId, PersonId, ConsentId]:
    details = carrying.effect.details
    return (
        PatientId(carrying.effect.key),
        PersonId(UUID(details["person"])),
        ConsentId(UUID(details["consent"])),
    )

"""Carries the effects of messaging out: finds recipients, asks for the address, mails, records the outcome."""

from collections.abc import Awaitable, Mapping, Sequence
from datetime import datetime
from typing import Protocol, get_args
from uuid import UUID

from services.messaging.commands.appointments import LapseProposal, lapse_proposal
from services.messaging.commands.conversations import LeaveUnread, leave_unread
from services.messaging.commands.notifications import (
    RecordNotificationBounced,
    RecordNotificationSent,
    record_notification_bounced,
    record_notification_sent,
)
from services.messaging.domain.notification import BounceReason, Kind, Notice
from services.messaging.letters import Letter, Sender, write
from services.messaging.mail import MailRefused
from services.messaging.processes.deciding import (
    LAPSE_PROPOSAL,
    LEAVE_UNREAD,
    MAIL_ACCOUNT,
    MAIL_APPOINTMENT_REMINDER,
    MAIL_GUARANTOR,
    MAIL_LINK,
    MAIL_PERSON,
    MAIL_READER,
    MAIL_SIGNING,
    MAIL_TRANSMISSION,
    REMIND_APPOINTMENT,
    REMIND_READER,
    REMIND_READERS,
    TELL_GUARANTOR,
    TELL_READERS,
)
from services.messaging.projections import appointments, conversations, guarantors, mail_choices, practices, readers
from services.messaging.public_holidays import business_hours
from shared.contracts.consent.v1.peers_pb2 import SigningLinkRequest, SigningLinkResponse
from shared.contracts.documents.v1.peers_pb2 import TransmissionLinkRequest, TransmissionLinkResponse
from shared.contracts.identity.v1.peers_pb2 import (
    ContactOfRequest,
    ContactOfResponse,
    LinkOfRequest,
    LinkOfResponse,
)
from shared.effects import Carrying, Effect, Run
from shared.errors import NotFound, Refused

KINDS: tuple[Kind, ...] = get_args(Kind)


class Identity(Protocol):
    """As much of identity's peer stub as mails need."""

    def ContactOf(self, request: ContactOfRequest, /) -> Awaitable[ContactOfResponse]: ...

    def LinkOf(self, request: LinkOfRequest, /) -> Awaitable[LinkOfResponse]: ...


class Documents(Protocol):
    """As much of documents' peer stub as mails need."""

    def TransmissionLink(self, request: TransmissionLinkRequest, /) -> Awaitable[TransmissionLinkResponse]: ...


class Consent(Protocol):
    """As much of consent's peer stub as mails need."""

    def SigningLink(self, request: SigningLinkRequest, /) -> Awaitable[SigningLinkResponse]: ...


class Mails(Protocol):
    """As much of the mail server as mails need."""

    async def send(self, mail_id: UUID, address: str, letter: Letter) -> None:
        """MailRefused where trying again is no use; Unavailable otherwise."""


class Notifying:
    """Carries out the effects. Everything personal is asked for when a mail is written, and not kept."""

    def __init__(
        self, identity: Identity, documents: Documents, mails: Mails, public_url: str, consent: Consent
    ) -> None:
        self._identity, self._documents, self._mails, self._public_url = identity, documents, mails, public_url
        self._consent = consent

    def effects(self) -> Mapping[str, Run]:
        """Effect kind → what carries it out."""
        return {
            TELL_READERS: self.tell_readers,
            REMIND_READERS: self.remind_readers,
            MAIL_READER: self.mail_reader,
            REMIND_READER: self.remind_reader,
            TELL_GUARANTOR: self.tell_guarantor,
            MAIL_GUARANTOR: self.mail_guarantor,
            MAIL_PERSON: self.mail_person,
            MAIL_LINK: self.mail_link,
            MAIL_TRANSMISSION: self.mail_transmission,
            MAIL_SIGNING: self.mail_signing,
            MAIL_ACCOUNT: self.mail_account,
            LEAVE_UNREAD: self.leave_unread,
            REMIND_APPOINTMENT: self.remind_appointment,
            MAIL_APPOINTMENT_REMINDER: self.mail_appointment_reminder,
            LAPSE_PROPOSAL: self.lapse_proposal,
        }

    async def tell_readers(self, carrying: Carrying) -> None:
        carrying.follow(*(_to(carrying, MAIL_READER, reader) for reader in await _able(carrying)))

    async def remind_readers(self, carrying: Carrying) -> None:
        unread = [reader for reader in await _able(carrying) if not await _has_read(carrying, reader.account_id)]
        carrying.follow(*(_to(carrying, REMIND_READER, reader) for reader in unread))

    async def mail_reader(self, carrying: Carrying) -> None:
        """Between finding the recipient and now access may have ended: then there is no mail."""
        account_id = UUID(carrying.effect.recipient)
        if any(reader.account_id == account_id for reader in await _able(carrying)):
            async with carrying.rows() as rows:
                is_wanted = await mail_choices.wants(rows, account_id, carrying.effect.details["notice"])
            if is_wanted:
                await self._mail_contact(carrying)

    async def remind_reader(self, carrying: Carrying) -> None:
        if not await _has_read(carrying, UUID(carrying.effect.recipient)):
            await self.mail_reader(carrying)

    async def tell_guarantor(self, carrying: Carrying) -> None:
        carrying.follow(*(_to(carrying, MAIL_GUARANTOR, one) for one in await _guarantors(carrying)))

    async def mail_guarantor(self, carrying: Carrying) -> None:
        """Released or un-enrolled meanwhile: no mail. Who sees bills by a window of their own has that one's mail."""
        account_id = UUID(carrying.effect.recipient)
        if any(one.account_id == account_id for one in await _guarantors(carrying)):
            async with carrying.rows() as rows:
                is_wanted = await mail_choices.wants(rows, account_id, carrying.effect.details["notice"])
            if is_wanted:
                await self._mail_contact(carrying)

    async def mail_person(self, carrying: Carrying) -> None:
        await self._mail_contact(carrying)

    async def mail_link(self, carrying: Carrying) -> None:
        """An invitation that was voided meanwhile has no link any more, and no mail."""
        effect = carrying.effect
        request = LinkOfRequest(
            cause=effect.cause, issue_id=effect.details["issue_id"], purpose=effect.details["purpose"]
        )
        try:
            link = await self._identity.LinkOf(request)
        except (NotFound, Refused):
            return
        await self._mail(carrying, link, link.url, [(one.practice_name, one.url) for one in link.further])

    async def mail_transmission(self, carrying: Carrying) -> None:
        """One that was revoked meanwhile, or whose sender may no longer see it, has no mail (R39)."""
        effect = carrying.effect
        request = TransmissionLinkRequest(cause=effect.cause, transmission_id=effect.details["transmission_id"])
        try:
            link = await self._documents.TransmissionLink(request)
        except NotFound:
            return
        contact = ContactOfResponse(email=link.email, practice_name=link.practice_name, language=link.language)
        await self._mail(carrying, contact, link.url)

    async def mail_signing(self, carrying: Carrying) -> None:
        """One that was replaced or used meanwhile has no mail; nor has a patient without an own address (R6, R12)."""
        effect, notice = carrying.effect, _notice(carrying)
        own = ContactOfRequest(
            patient_id=str(notice.patient_id), person_id=str(notice.person_id), cause=notice.cause, own_address=True
        )
        try:
            link = await self._consent.SigningLink(
                SigningLinkRequest(link_id=effect.details["link_id"], cause=effect.cause)
            )
            contact = await self._identity.ContactOf(own)
        except NotFound:
            return
        await self._mail(carrying, contact, link.url)

    async def mail_account(self, carrying: Carrying) -> None:
        """An account that was closed meanwhile, or that nothing may be mailed to, gets no mail (R42)."""
        notice = _notice(carrying)
        former_of = carrying.effect.details.get("former_of", "")
        request = ContactOfRequest(account_id=str(notice.person_id), cause=notice.cause, former_of=former_of)
        try:
            contact = await self._identity.ContactOf(request)
        except NotFound:
            return
        path = "help" if notice.kind == "recovery-withheld" else ""
        await self._mail(carrying, contact, f"{self._public_url}/{path}")

    async def leave_unread(self, carrying: Carrying) -> None:
        details = carrying.effect.details
        async with carrying.rows() as rows:
            zone = await practices.time_zone(rows, UUID(details["practice_id"]))
        command = LeaveUnread(UUID(details["conversation_id"]), int(details["number"]), business_hours(zone))
        await carrying.perform(leave_unread, command)

    async def remind_appointment(self, carrying: Carrying) -> None:
        if await _still_takes_place(carrying):
            carrying.follow(*(_to(carrying, MAIL_APPOINTMENT_REMINDER, reader) for reader in await _able(carrying)))

    async def mail_appointment_reminder(self, carrying: Carrying) -> None:
        if await _still_takes_place(carrying):
            await self.mail_reader(carrying)

    async def lapse_proposal(self, carrying: Carrying) -> None:
        details = carrying.effect.details
        lapses_at = datetime.fromisoformat(details["lapses_at"])
        command = LapseProposal(UUID(details["appointment_id"]), lapses_at)
        await carrying.perform(lapse_proposal, command)

    async def _mail_contact(self, carrying: Carrying) -> None:
        notice = _notice(carrying)
        request = ContactOfRequest(
            patient_id=str(notice.patient_id),
            person_id=str(notice.person_id),
            cause=notice.cause,
            own_address=carrying.effect.details.get("own_address") == "yes",
        )
        try:
            contact = await self._identity.ContactOf(request)
        except NotFound:  # erased since, or without an address of their own
            return
        await self._mail(carrying, contact, f"{self._public_url}/")

    async def _mail(
        self,
        carrying: Carrying,
        contact: ContactOfResponse | LinkOfResponse,
        link: str,
        further: Sequence[tuple[str, str]] = (),
    ) -> None:
        """Sends first and records then: a crash between the two gives the same mail again, with the same Message-ID."""
        notice, mail_id = _notice(carrying), carrying.effect.id
        reason: BounceReason | None = None if contact.email else "no_address"
        if contact.email:
            sender = Sender(contact.practice_name, contact.support_phone)
            try:
                letter = write(notice.kind, contact.language, sender, link, further)
                await self._mails.send(mail_id, contact.email, letter)
            except MailRefused:
                reason = "refused"
        if reason is None:
            await carrying.perform(
                record_notification_sent,
                RecordNotificationSent(mail_id, notice),
            )
        else:
            await carrying.perform(
                record_notification_bounced,
                RecordNotificationBounced(mail_id, notice, reason),
            )


async def _able(carrying: Carrying) -> list[readers.Reader]:
    """Whose windows held when it happened and hold now (R16): one an account."""
    effect = carrying.effect
    async with carrying.rows() as rows:
        patient_id = UUID(effect.details["patient_id"])
        found = await readers.of_patient(rows, patient_id, effect.details["scope"], effect.at, carrying.now)
    only = effect.details["only"]
    return [reader for reader in found if not only or reader.acting_as == only]


async def _guarantors(carrying: Carrying) -> list[readers.Reader]:
    """The account of who paid for the patient when it happened and does now, unless it is a reader of bills."""
    effect = carrying.effect
    async with carrying.rows() as rows:
        patient_id = UUID(effect.details["patient_id"])
        found = await guarantors.of_patient(rows, patient_id, effect.at)
        told = await readers.of_patient(rows, patient_id, "billing", effect.at, carrying.now)
    return [one for one in found if one.account_id not in {reader.account_id for reader in told}]


async def _has_read(carrying: Carrying, account_id: UUID) -> bool:
    details = carrying.effect.details
    async with carrying.rows() as rows:
        return await conversations.is_read_by(
            rows, UUID(details["conversation_id"]), account_id, int(details["number"])
        )


def _to(carrying: Carrying, kind: str, reader: readers.Reader) -> Effect:
    """Mails are in order for each recipient: one whose server is slow holds nobody else up."""
    person = {"patient_id": str(reader.patient_id), "person_id": str(reader.person_id)}
    details = {**carrying.effect.details, **person}
    return Effect(kind, key=reader.account_id, recipient=str(reader.account_id), details=details)


def _notice(carrying: Carrying) -> Notice:
    details = carrying.effect.details
    kind = next(kind for kind in KINDS if kind == details["notice"])
    patient_id = UUID(details["patient_id"]) if details["patient_id"] else None
    return Notice(UUID(details["practice_id"]), patient_id, UUID(details["person_id"]), kind, carrying.effect.cause)


async def _still_takes_place(carrying: Carrying) -> bool:
    """An appointment that was moved has a reminder of its own, a cancelled one has none."""
    details = carrying.effect.details
    starts_at = datetime.fromisoformat(details["starts_at"])
    async with carrying.rows() as rows:
        holds = await appointments.is_still_at(rows, UUID(details["appointment_id"]), starts_at)
    return holds and carrying.now < starts_at

"""Signing by a one-time link: issued by the desk, used once with the patient's birth date (R6, R8)."""

from dataclasses import dataclass
from datetime import date
from hmac import compare_digest
from uuid import UUID

from services.consent.commands.consents import put_signature
from services.consent.commands.deciding import change_record
from services.consent.domain.consent import Signature
from services.consent.domain.dossier import Dossier, HeardFacts
from services.consent.domain.errors import BirthDateDiffers, LinkGone
from services.consent.domain.identifiers import signing_link
from services.consent.domain.signing import LIFE, Issue, SigningLink
from shared.envelope import Position
from shared.eventstore.store import EventStore
from shared.handling import Streams, Work


def secret_of(store: EventStore, link: SigningLink) -> str:
    """122 bits under the service's key: a retry gives the same link, a stolen database gives none."""
    return store.blind("signing link", f"{link.id}/{link.issue.number}").hex


def opens(store: EventStore, link: SigningLink | None, secret: str) -> bool:
    return link is not None and compare_digest(secret_of(store, link).encode(), secret.encode())


@dataclass(frozen=True, slots=True)
class IssueSigningLink:
    patient_id: UUID
    issued_by: UUID
    heard: HeardFacts | None = None


async def issue_signing_link(command: IssueSigningLink, work: Work) -> Position:
    """Refused where the patient may not sign: too young, or dead (R2, R42)."""

    async def issue(dossier: Dossier, streams: Streams) -> None:
        dossier.require_may_sign(command.patient_id, work.now)
        link = await streams.find(SigningLink, signing_link(command.patient_id))
        if link is not None:
            link.issue_again(command.issued_by, work.now)
            return
        first = Issue(1, command.issued_by, work.now, work.now + LIFE)
        streams.add(SigningLink(dossier.record.practice_id, command.patient_id, first))

    return await change_record(work, command.patient_id, issue, command.heard)


@dataclass(frozen=True, slots=True)
class SignByLink:
    link_id: UUID
    secret: str
    birth_date: date
    form_version: int


async def sign_by_link(command: SignByLink, work: Work) -> Position:
    """LinkGone alike for every link that opens nothing; BirthDateDiffers once the wrong try is counted."""
    known = await work.store.find(SigningLink, command.link_id)
    if known is None:
        raise LinkGone

    async def sign(dossier: Dossier, streams: Streams) -> None:
        link = await streams.get(SigningLink, command.link_id)
        if not opens(work.store, link, command.secret) or not link.is_open(work.now):
            raise LinkGone
        if command.birth_date != dossier.record.birth_date:
            link.mistry(work.now)
            return
        dossier.practice.require_in_force(command.form_version)
        dossier.require_may_sign(known.patient_id, work.now)
        link.use(work.now)
        signature = Signature(command.form_version, "screen", None, None, signed_at=work.now)
        put_signature(dossier, streams, known.patient_id, signature)

    position = await change_record(work, known.patient_id, sign)
    for recorded in await work.store.stream(command.link_id):
        if recorded.position == position.number and isinstance(recorded.event, SigningLink.Mistried):
            raise BirthDateDiffers
    return position

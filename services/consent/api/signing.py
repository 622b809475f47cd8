"""Signing the portal consent form by a one-time link, without an account (R6)."""

from uuid import UUID

from services.consent import messages
from services.consent.api.callers import caller, located
from services.consent.commands.signing import (
    IssueSigningLink,
    SignByLink,
    issue_signing_link,
    opens,
    sign_by_link,
)
from services.consent.decisions import Decisions
from services.consent.domain.errors import LinkGone
from services.consent.domain.identifiers import practice_stream, signing_link
from services.consent.domain.practice import Practice
from services.consent.domain.signing import SigningLink
from shared.contracts.consent.v1 import api_pb2
from shared.errors import NotFound
from shared.eventstore.store import EventStore
from shared.rpc.call import Call
from shared.rpc.fields import instant_message


class Signing:
    """Sent, shown, signed."""

    def __init__(self, decisions: Decisions, store: EventStore) -> None:
        self._decisions, self._store = decisions, store

    async def SendSigningLink(
        self, request: api_pb2.SendSigningLinkRequest, call: Call
    ) -> api_pb2.SendSigningLinkResponse:
        patient_id, _ = located(call)
        heard = await self._decisions.ahead_of_events(patient_id)
        position = await call.perform(issue_signing_link, IssueSigningLink(patient_id, caller(call), heard))
        link = await self._store.find(SigningLink, signing_link(patient_id))
        if link is None:
            raise NotFound
        return api_pb2.SendSigningLinkResponse(
            position=str(position), expires_at=instant_message(link.issue.expires_at)
        )

    async def GetSigningForm(
        self, request: api_pb2.GetSigningFormRequest, call: Call
    ) -> api_pb2.GetSigningFormResponse:
        """Consumes nothing: mail scanners open links, too."""
        link = await self._store.find(SigningLink, link_of(request.link_id))
        if link is None or not opens(self._store, link, request.secret) or not link.is_open(call.now):
            raise LinkGone
        practice = await self._store.find(Practice, practice_stream(link.practice_id))
        if practice is None:
            raise LinkGone
        form = practice.form()
        return api_pb2.GetSigningFormResponse(
            practice_id=str(link.practice_id),
            form_version=form.version,
            texts=[api_pb2.FormText(language=text.language, text=text.text) for text in form.texts],
            expires_at=instant_message(link.issue.expires_at),
        )

    async def SignByLink(self, request: api_pb2.SignByLinkRequest, call: Call) -> api_pb2.SignByLinkResponse:
        command = SignByLink(
            link_id=link_of(request.link_id),
            secret=request.secret,
            birth_date=messages.day_of(request.birth_date, "birth_date"),
            form_version=messages.version_of(request.form_version),
        )
        return api_pb2.SignByLinkResponse(position=str(await call.perform(sign_by_link, command)))


def link_of(text: str) -> UUID:
    """LinkGone for what is no id: broken and unknown links answer alike."""
    try:
        return UUID(text)
    except ValueError:
        raise LinkGone from None

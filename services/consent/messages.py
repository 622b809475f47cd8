"""Messages ⇄ values of consent."""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from typing import cast
from uuid import UUID

from google.protobuf.timestamp_pb2 import Timestamp
from google.type.date_pb2 import Date

from services.consent.domain.authorization import FIT, NEEDED, DocumentKind, Signatory, Terms
from services.consent.domain.consent import Method
from services.consent.domain.facts import ALL_SCOPES, EXECUTOR_SCOPES, Kind, Scope
from services.consent.domain.practice import FormText, Language
from services.consent.projections.authorizations import AuthorizationRow
from services.consent.projections.consents import ConsentRow
from services.consent.projections.forms import LANGUAGES
from shared.access.windows import HeldWindow
from shared.contracts.consent.v1 import api_pb2, peers_pb2
from shared.errors import InvalidField
from shared.rpc.fields import choice_field, date_field, date_message, instant_message, text_field, uuid_field

METHODS = frozenset({"paper", "screen"})
KINDS = frozenset(NEEDED)
SIGNATORIES = frozenset({"patient", "representative"})
DOCUMENT_KINDS = frozenset(FIT["minor"])
LAST_YEAR = 2999
MOST_FORM_CHARACTERS = 50_000
MOST_REASON_CHARACTERS = 500


def texts_of(request: api_pb2.PublishFormRequest) -> tuple[FormText, ...]:
    """One text a language, English among them."""
    found: dict[Language, str] = {}
    for number, given in enumerate(request.texts):
        language = cast("Language", choice_field(given.language, f"texts[{number}].language", frozenset(LANGUAGES)))
        if language in found:
            raise InvalidField(f"texts[{number}].language", "expected each language once")
        found[language] = text_field(given.text, f"texts[{number}].text", most=MOST_FORM_CHARACTERS)
    if "en" not in found:
        raise InvalidField("texts", "expected a text in English")
    return tuple(FormText(language, text) for language, text in found.items())


def version_of(number: int) -> int:
    if number < 1:
        raise InvalidField("form_version", "expected 1 or more")
    return number


def method_of(request: api_pb2.SignConsentRequest) -> tuple[Method, UUID | None]:
    """How it was signed; paper comes with its scan, screen without (R6)."""
    method = cast("Method", choice_field(request.method, "method", METHODS))
    if method == "paper":
        return method, uuid_field(request.scan_id, "scan_id")
    if request.scan_id:
        raise InvalidField("scan_id", "expected no scan of a form signed on screen")
    return method, None


def terms_of(request: api_pb2.GrantAuthorizationRequest) -> Terms:
    """What the form says; no scopes means all that the kind allows."""
    kind = cast("Kind", choice_field(request.kind, "kind", KINDS))
    allowed = EXECUTOR_SCOPES if kind == "executor" else ALL_SCOPES
    for number, scope in enumerate(request.scopes):
        choice_field(scope, f"scopes[{number}]", frozenset(allowed))
    scopes = cast("list[Scope]", sorted(set(request.scopes) or allowed))
    until = day_of(request.until, "until") if request.HasField("until") else None
    return Terms(kind, tuple(scopes), until)


def signatories_of(request: api_pb2.GrantAuthorizationRequest) -> tuple[Signatory, ...]:
    return tuple(dict.fromkeys(signatory_of(by, f"signed_by[{n}]") for n, by in enumerate(request.signed_by)))


def signatory_of(text: str, field: str = "signed_by") -> Signatory:
    return cast("Signatory", choice_field(text, field, SIGNATORIES))


def document_kind_of(text: str) -> DocumentKind:
    return cast("DocumentKind", choice_field(text, "kind", DOCUMENT_KINDS))


def day_of(message: Date, field: str) -> date:
    """A calendar day within this millennium."""
    day = date_field(message, field)
    if day.year > LAST_YEAR:
        raise InvalidField(field, f"expected a year up to {LAST_YEAR}")
    return day


def reason_of(text: str, *, required: bool = True) -> str:
    return text_field(text, "reason", most=MOST_REASON_CHARACTERS, least=1 if required else 0)


def past_of(message: Timestamp, now: datetime) -> datetime:
    """An instant that has passed."""
    try:
        at = message.ToDatetime(UTC)
    except ValueError:
        raise InvalidField("at", "expected an instant") from None
    if at > now:
        raise InvalidField("at", "expected an instant that has passed")
    return at


def consent_message(row: ConsentRow) -> api_pb2.Consent:
    message = api_pb2.Consent(
        consent_id=str(row.consent_id),
        patient_id=str(row.patient_id),
        signer_id=str(row.signer_id),
        form_version=row.form_version,
        signed_at=instant_message(row.signed_at),
        method=row.method,
        scan_id=str(row.scan_id or ""),
        recorded_by=str(row.recorded_by or ""),
        state="in_force" if row.withdrawn_at is None else "withdrawn",
    )
    if row.withdrawn_at is not None:
        message.withdrawn_at.CopyFrom(instant_message(row.withdrawn_at))
    return message


def authorization_message(row: AuthorizationRow) -> api_pb2.Authorization:
    return api_pb2.Authorization(
        authorization_id=str(row.authorization_id),
        patient_id=str(row.patient_id),
        person_id=str(row.person_id),
        kind=row.kind,
        scopes=row.scopes.split(),
        until=None if row.until_day is None else date_message(row.until_day),
        state=row.state,
        signed_by=row.signed_by.split(),
        documents=[
            api_pb2.AuthorizationDocument(
                document_id=str(document.document_id),
                kind=document.kind,
                state=document.state,
                expires_on=None if document.expires_on is None else date_message(document.expires_on),
                verified_by=str(document.verified_by or ""),
                scan_id=str(document.scan_id),
            )
            for document in row.documents
        ],
        suspended=row.suspended,
        granted_at=instant_message(row.granted_at),
    )


def peer_window(window: HeldWindow, because: Sequence[str]) -> peers_pb2.AccessWindow:
    return peers_pb2.AccessWindow(
        patient_id=str(window.patient_id),
        practice_id=str(window.practice_id),
        acting_as=window.acting_as,
        scopes=sorted(window.scopes),
        since=instant_message(window.since),
        until=None if window.until is None else instant_message(window.until),
        rule=window.rule,
        because=because,
        person_id=str(window.person_id),
    )


def all_scopes(scopes: Iterable[Iterable[str]]) -> list[str]:
    """Windows' scopes added up."""
    return sorted({scope for each in scopes for scope in each})

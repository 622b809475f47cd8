"""Every page of the portal: one visible table."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from starlette.responses import Response

from web.page import Page
from web.pages import (
    account,
    addresses,
    guaranteed,
    guest,
    joining,
    links,
    mails,
    passkeys,
    public,
    recovery,
    security,
    shared_record,
    signing,
    signing_link,
)
from web.pages.patient import (
    access,
    bills,
    conversations,
    documents,
    exporting,
    overview,
    records,
    releases,
    requests,
    transmitting,
)
from web.pages.staff import (
    authorizations,
    billing,
    booking,
    confirmations,
    consents,
    desk,
    duplicates,
    emergencies,
    entries,
    history,
    holds,
    patients,
    practice,
    release,
    results,
    review,
    scans,
    tokens,
)
from web.pages.staff import conversations as queue
from web.pages.staff import documents as files
from web.pages.staff import releases as disclosing
from web.pages.staff import requests as wishes
from web.sheet import FormPage

Handler = Callable[[Page], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Way:
    """``signed_in``: without a session it leads to the sign-in page, and back."""

    method: str
    path: str
    handler: Handler
    signed_in: bool = True


def shows(path: str, handler: Handler) -> list[Way]:
    return [Way("GET", path, handler)]


def does(path: str, handler: Handler) -> list[Way]:
    return [Way("POST", path, handler)]


def form(path: str, page: FormPage) -> list[Way]:
    return [Way("GET", path, page.get), Way("POST", path, page.post)]


def both(path: str, show: Handler, do: Handler) -> list[Way]:
    return [Way("GET", path, show), Way("POST", path, do)]


def everybody(path: str, show: Handler | None, do: Handler | None = None) -> list[Way]:
    """Open to anyone, signed in or not."""
    ways = [Way("GET", path, show, False)] if show else []
    return ways + ([Way("POST", path, do, False)] if do else [])


PUBLIC = [
    *everybody("/sign-in", signing.show, signing.sign_in),
    *everybody("/sign-in/code", None, signing.give_code),
    *everybody("/sign-in/passkey", passkeys.show_sign_in, passkeys.sign_in),
    *everybody("/sign-out", None, signing.sign_out),
    *everybody("/help", public.help_page),
    *everybody("/pay", guest.show, guest.find),
    *everybody("/pay/start", None, guest.pay),
    *everybody("/pay/done", guest.done),
    *everybody("/privacy-policy", public.privacy_policy),
    *everybody("/privacy-practices", public.privacy_practices),
    *everybody("/shared-record/{id}/{secret}", shared_record.show, shared_record.open_it),
    *everybody("/shared-record/{id}/{secret}/download", None, shared_record.download),
    *everybody("/invitation/{id}/{secret}", links.show_invitation, links.accept_invitation),
    *everybody("/address-confirmation/{id}/{secret}", addresses.show_confirmation, addresses.confirm),
    *everybody("/sign/{id}/{secret}", signing_link.show, signing_link.sign),
    *everybody("/staff-invitation/{id}/{secret}", links.show_staff_invitation, links.accept_staff_invitation),
    *everybody("/recovery", recovery.choose),
    *everybody("/recovery/user-name", recovery.BY_USER_NAME.get, recovery.BY_USER_NAME.post),
    *everybody("/recovery/details", recovery.BY_DETAILS.get, recovery.BY_DETAILS.post),
    *everybody("/recovery/token", recovery.WITH_TOKEN.get, recovery.WITH_TOKEN.post),
    *everybody("/recovery/sent", recovery.sent),
    *everybody("/recovery/{id}/{secret}", recovery.show_link, recovery.reset),
]

ACCOUNT = [
    *shows("/", account.home),
    *shows("/choose", account.choose),
    *shows("/account", account.account),
    *form("/account/authenticator", account.AUTHENTICATOR),
    *form("/account/mails", mails.MAILS),
    *does("/account/authenticator/confirm", account.confirm_authenticator),
    *form("/account/authenticator/remove", account.REMOVE_AUTHENTICATOR),
    *does("/account/authenticator/keep", security.keep_factor),
    *form("/account/password", security.PASSWORD),
    *form("/account/question", security.QUESTION),
    *form("/account/address", addresses.CHANGE),
    *shows("/account/passkeys", passkeys.listed),
    *form("/account/passkeys/new", passkeys.NEW),
    *does("/account/passkeys/confirm", passkeys.confirm),
    *form("/account/passkeys/{passkey_id}/remove", passkeys.REMOVE),
    *does("/account/sessions/{session_id}/end", account.end_session),
    *form("/account/practices", joining.JOIN),
    *form("/account/practices/{practice_id}/leave", account.LEAVE),
    *form("/account/consent/{patient_id}", account.CONSENT),
    *form("/step-up", signing.STEP_UP),
    *shows("/guaranteed", guaranteed.listed),
    *form("/guaranteed/{statement_id}", guaranteed.PAY),
    *does("/invitation/{id}/{secret}/join", links.join_invitation),
]

_P = "/patients/{patient_id}"
PATIENT = [
    *shows(_P, overview.overview),
    *shows(f"{_P}/inbox", overview.inbox),
    *shows(f"{_P}/conversations", conversations.listed),
    *form(f"{_P}/conversations/new", conversations.COMPOSE),
    *both(f"{_P}/conversations/{{conversation_id}}", conversations.one, conversations.reply),
    *shows(f"{_P}/conversations/{{conversation_id}}/attachments/{{attachment_id}}", conversations.attachment),
    *shows(f"{_P}/results", records.results),
    *shows(f"{_P}/results/{{result_id}}", records.result),
    *shows(f"{_P}/results/{{result_id}}/pdf", records.result_pdf),
    *does(f"{_P}/results/wait", records.wait),
    *does(f"{_P}/results/show", records.end_wait),
    *shows(f"{_P}/documents", documents.listed),
    *shows(f"{_P}/documents/{{document_id}}", documents.one),
    *shows(f"{_P}/documents/{{document_id}}/file", documents.file),
    *form(f"{_P}/export", exporting.EXPORT),
    *shows(f"{_P}/transmissions", transmitting.listed),
    *form(f"{_P}/transmissions/new", transmitting.TRANSMIT),
    *does(f"{_P}/transmissions/{{transmission_id}}/revoke", transmitting.revoke),
    *shows(f"{_P}/record", records.record),
    *shows(f"{_P}/appointments", requests.appointments),
    *form(f"{_P}/appointments/new", requests.APPOINTMENT),
    *does(f"{_P}/appointments/{{appointment_id}}/accept", requests.accept_proposal),
    *does(f"{_P}/appointments/{{appointment_id}}/cancel", requests.cancel_appointment),
    *shows(f"{_P}/refills", requests.refills),
    *form(f"{_P}/refills/new", requests.REFILL),
    *shows(f"{_P}/bills", bills.bills),
    *form(f"{_P}/bills/missing", bills.MISSING),
    *both(f"{_P}/statements/{{statement_id}}", bills.statement, bills.pay),
    *shows(f"{_P}/statements/{{statement_id}}/pdf", bills.statement_pdf),
    *shows(f"{_P}/access", access.access),
    *shows(f"{_P}/releases", releases.releases),
    *shows(f"{_P}/releases/form", releases.blank),
    *form(f"{_P}/releases/new", releases.REQUEST),
    *does(f"{_P}/releases/{{release_id}}/revoke", releases.revoke),
    *form(f"{_P}/access/withdraw", access.WITHDRAW),
    *form(f"{_P}/access/representatives/{{person_id}}/object", access.OBJECT),
    *form(f"{_P}/access/authorizations/{{authorization_id}}/revoke", access.REVOKE),
]

_D = "/practices/{practice_id}"
_DP = f"{_D}/patients/{{patient_id}}"
_DA = f"{_DP}/authorizations"
STAFF = [
    *shows(_D, patients.home),
    *both(f"{_D}/patients", patients.search, patients.found),
    *form(f"{_D}/patients/new", patients.REGISTER),
    *shows(_DP, patients.one),
    *form(f"{_DP}/contact", patients.CONTACT_OF),
    *form(f"{_DP}/usual-provider", patients.USUAL_PROVIDER),
    *form(f"{_DP}/name", patients.NAME),
    *form(f"{_DP}/persons/new", patients.PERSON),
    *form(f"{_DP}/persons/{{person_id}}/end", consents.UNENROL),
    *form(f"{_DP}/persons/{{person_id}}/reset-token", tokens.RESET_TOKEN),
    *form(f"{_DP}/persons/{{person_id}}/joining-token", tokens.JOINING_TOKEN),
    *form(f"{_DP}/persons/{{person_id}}/factor", tokens.FACTOR),
    *shows(f"{_DP}/invitations/{{invitation_id}}/code", tokens.invitation_code),
    *form(f"{_D}/security-question", tokens.QUESTION),
    *form(f"{_DP}/death", patients.DEATH),
    *shows(f"{_DP}/consents", consents.consents),
    *form(f"{_DP}/consents/new", consents.SIGN),
    *shows(f"{_DP}/scans/{{scan_id}}", scans.file),
    *form(f"{_DP}/signing-link", desk.SIGNING_LINK),
    *form(f"{_DP}/consents/{{consent_id}}/withdraw", consents.WITHDRAW),
    *does(f"{_DP}/invitations", consents.issue),
    *shows(_DA, authorizations.authorizations),
    *form(f"{_DA}/new", authorizations.GRANT),
    *shows(f"{_DA}/{{authorization_id}}", authorizations.one),
    *does(f"{_DA}/{{authorization_id}}/sign", authorizations.sign),
    *does(f"{_DA}/{{authorization_id}}/documents", authorizations.record_document),
    *does(f"{_DA}/{{authorization_id}}/documents/{{document_id}}/verify", authorizations.verify_document),
    *form(f"{_DA}/{{authorization_id}}/documents/{{document_id}}/revoke", authorizations.REVOKE_DOCUMENT),
    *form(f"{_DA}/{{authorization_id}}/revoke", authorizations.REVOKE),
    *form(f"{_DP}/representatives/{{person_id}}/suspend", authorizations.SUSPEND),
    *form(f"{_DP}/representatives/{{person_id}}/lift", authorizations.LIFT),
    *form(f"{_DP}/releases/new", disclosing.PAPER),
    *form(f"{_DP}/releases/{{release_id}}/extend", disclosing.EXTENSION),
    *form(f"{_DP}/releases/{{release_id}}/disclose", disclosing.DISCLOSURE),
    *form(f"{_DP}/emancipation", desk.EMANCIPATION),
    *form(f"{_DP}/emancipation/correct", desk.EMANCIPATION_CORRECTED),
    *form(f"{_DP}/emergency", emergencies.DECLARE),
    *shows(f"{_DP}/emergency/record", emergencies.record),
    *shows(f"{_DP}/emergency/results/{{result_id}}", emergencies.result),
    *shows(f"{_DP}/emergency/results/{{result_id}}/pdf", emergencies.result_pdf),
    *shows(f"{_DP}/emergency/documents/{{document_id}}", emergencies.document),
    *shows(f"{_DP}/emergency/documents/{{document_id}}/file", emergencies.document_file),
    *shows(f"{_DP}/results", results.of_patient),
    *form(f"{_DP}/results/new", results.FILE),
    *shows(f"{_DP}/results/{{result_id}}", results.one),
    *shows(f"{_DP}/results/{{result_id}}/pdf", results.pdf),
    *does(f"{_DP}/results/{{result_id}}/release", results.release),
    *form(f"{_DP}/results/{{result_id}}/retract", results.RETRACT),
    *form(f"{_DP}/results/{{result_id}}/hold", holds.HOLD),
    *does(f"{_DP}/results/{{result_id}}/lift", holds.lift),
    *form(f"{_DP}/results/{{result_id}}/refile", holds.REFILE),
    *shows(f"{_DP}/documents", files.of_patient),
    *form(f"{_DP}/documents/new", files.UPLOAD),
    *shows(f"{_DP}/documents/{{document_id}}", files.one),
    *shows(f"{_DP}/documents/{{document_id}}/file", files.file),
    *does(f"{_DP}/documents/{{document_id}}/release", files.release),
    *form(f"{_DP}/documents/{{document_id}}/retract", files.RETRACT),
    *form(f"{_DP}/documents/{{document_id}}/withdraw", files.WITHDRAW),
    *form(f"{_DP}/documents/{{document_id}}/hold", holds.HOLD_DOCUMENT),
    *does(f"{_DP}/documents/{{document_id}}/lift", holds.lift_document),
    *shows(f"{_DP}/record", entries.of_patient),
    *does(f"{_DP}/record/{{entry_id}}/approve", entries.approve),
    *form(f"{_DP}/record/{{entry_id}}/refile", entries.REFILE),
    *shows(f"{_DP}/history", history.of_patient),
    *shows(f"{_DP}/billing", billing.account),
    *form(f"{_DP}/billing/charges/new", billing.CHARGE),
    *does(f"{_DP}/billing/statements", billing.post_statement),
    *shows(f"{_DP}/billing/statements/{{statement_id}}", billing.statement),
    *shows(f"{_DP}/billing/statements/{{statement_id}}/pdf", billing.statement_pdf),
    *form(f"{_DP}/billing/charges/{{charge_id}}/adjust", billing.ADJUSTMENT),
    *form(f"{_DP}/billing/charges/{{charge_id}}/confidential", billing.CONFIDENTIAL),
    *form(f"{_DP}/billing/statements/{{statement_id}}/withdraw", billing.WITHDRAWAL),
    *form(f"{_DP}/billing/statements/{{statement_id}}/payments/{{payment_id}}/refund", billing.REFUND),
    *form(f"{_DP}/billing/guarantor", billing.GUARANTOR),
    *shows(f"{_D}/refunds", billing.refund_tasks),
    *form(f"{_DP}/conversations/new", queue.COMPOSE),
    *form(f"{_DP}/appointments/new", booking.BOOK),
    *shows(f"{_D}/approvals", review.approvals),
    *does(f"{_D}/approvals/approve", review.approve),
    *does(f"{_D}/approvals/undo", review.undo),
    *shows(f"{_D}/tasks", review.tasks),
    *shows(f"{_D}/documents", files.waiting),
    *shows(f"{_D}/entries", entries.waiting),
    *shows(f"{_D}/release", release.policy),
    *form(f"{_D}/release/choice", release.CHOICE),
    *form(f"{_D}/release/standing/new", release.STANDING),
    *does(f"{_D}/release/standing/{{approval_id}}/revoke", release.revoke),
    *shows(f"{_D}/conversations", queue.listed),
    *both(f"{_D}/conversations/{{conversation_id}}", queue.one, queue.reply),
    *shows(f"{_D}/conversations/{{conversation_id}}/attachments/{{attachment_id}}", queue.attachment),
    *does(f"{_D}/conversations/{{conversation_id}}/settle", queue.settle),
    *does(f"{_D}/conversations/{{conversation_id}}/assign", queue.assign),
    *shows(f"{_D}/appointments", wishes.appointments),
    *both(f"{_D}/appointments/{{appointment_id}}", wishes.appointment, wishes.answer_appointment),
    *shows(f"{_D}/refills", wishes.refills),
    *does(f"{_D}/refills/{{refill_id}}/answer", wishes.answer_refill),
    *form(f"{_D}/refills/{{refill_id}}/decline", wishes.DECLINE_REFILL),
    *shows(f"{_D}/mails", patients.mails),
    *shows(f"{_D}/releases", disclosing.waiting),
    *shows(f"{_D}/desk-tasks", desk.tasks),
    *does(f"{_D}/desk-tasks/{{task_id}}/settle", desk.settle),
    *shows(f"{_D}/emergencies", emergencies.emergencies),
    *does(f"{_D}/emergencies/{{emergency_id}}/review", emergencies.review),
    *shows(f"{_D}/staff", practice.staff),
    *form(f"{_D}/staff/new", practice.INVITE),
    *form(f"{_D}/staff/{{staff_id}}/roles", practice.CHANGE_ROLES),
    *form(f"{_D}/staff/{{staff_id}}/end", practice.END),
    *shows(f"{_D}/duplicates", duplicates.waiting),
    *form(f"{_DP}/join", duplicates.JOIN),
    *form(f"{_DP}/part", duplicates.PART),
    *form(f"{_DP}/joining-proposals/{{proposal_id}}/confirm", duplicates.CONFIRM),
    *form(f"{_DP}/joining-proposals/{{proposal_id}}/withdraw", duplicates.WITHDRAW),
    *form(f"{_DP}/persons/{{person_id}}/verify-access", duplicates.VERIFY),
    *shows(f"{_D}/confirmations", confirmations.waiting),
    *form(f"{_D}/admin-proposals/{{proposal_id}}/confirm", confirmations.CONFIRM_ADMIN),
    *form(f"{_D}/admin-proposals/{{proposal_id}}/decline", confirmations.DECLINE_ADMIN),
    *form(f"{_D}/patients/{{patient_id}}/erasure", confirmations.REQUEST_ERASURE),
    *form(f"{_D}/patients/{{patient_id}}/erasure-requests/{{request_id}}/confirm", confirmations.CONFIRM_ERASURE),
    *form(f"{_D}/patients/{{patient_id}}/erasure-requests/{{request_id}}/withdraw", confirmations.WITHDRAW_ERASURE),
    *shows(f"{_D}/providers", practice.providers),
    *form(f"{_D}/providers/new", practice.REGISTER_PROVIDER),
    *does(f"{_D}/providers/{{provider_id}}/activate", practice.activate),
    *does(f"{_D}/providers/{{provider_id}}/deactivate", practice.deactivate),
    *form(f"{_D}/details", practice.SET_UP),
    *form(f"{_D}/appointment-policy", booking.POLICY),
    *form(f"{_D}/consent-form", practice.CONSENT_FORM),
]

WAYS: list[Way] = [*PUBLIC, *ACCOUNT, *PATIENT, *STAFF]

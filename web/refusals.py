"""What a refusal means in words for the person who meets it: one sentence a slug, one for each kind of field error."""

import re
from collections.abc import Mapping

from shared.errors import InvalidField
from web.language import N_

REFUSALS: Mapping[str, str] = {
    "invalid_field": N_("Something in this form is not in the expected form."),
    "not_found": N_("There is nothing here, or it is not for you to see."),
    "refused": N_("This is not possible at present."),
    "not_allowed": N_("Your role does not include this."),
    "unauthenticated": N_("Your session has ended. Sign in again."),
    "step_up_required": N_("Confirm that it is you, then send the form again."),
    "conflict": N_("Somebody changed this at the same moment. Nothing was lost: send the form again."),
    "idempotency_key_required": N_("This form was incomplete. Load the page again."),
    "idempotency_key_reused": N_(
        "This form was sent before with other contents. Look whether that arrived before you send it again."
    ),
    "throttled": N_("Too many tries. Wait a few minutes and try again, or call the practice."),
    "too_large": N_("This is too long. Shorten it and send it again."),
    "deadline_exceeded": N_("The portal took too long to answer. Send the form again: it counts only once."),
    "unavailable": N_("A part of the portal does not answer at the moment. Nothing was lost: send the form again."),
    "read_model_behind": N_("What you just did is stored but not shown yet. Load the page again."),
    "access_changed": N_("Your access has changed. Load the page again."),
    "access_undecided": N_("Your access cannot be checked at the moment. Try again shortly."),
    "result_not_waiting": N_("This result no longer waits for approval."),
    "result_not_released": N_("This result is not released."),
    "result_held": N_("This result is held. Lift the hold first."),
    "result_not_held": N_("This result is not held."),
    "hold_too_long": N_("A hold ends in the future, within 14 days."),
    "transmission_not_open": N_("This link is closed already."),
    "link_or_code_wrong": N_(
        "This link and code open nothing. After three wrong codes, after 7 days or when it is taken back, a link is "
        "closed: ask who sent it for a new one."
    ),
    "approval_not_pending": N_("This approval has taken effect, or there is none. Retract the result instead."),
    "standing_approval_in_force": N_("You have signed for this category already."),
    "standing_approval_not_in_force": N_("This standing approval was revoked before."),
    "file_type_refused": N_("Only PDF, PNG, JPEG and plain text files can be filed."),
    "file_unreadable": N_("This file cannot be read, or is too long: at most 10 MB and 500 pages."),
    "provider_not_taking_part": N_("This provider does not take part in the portal. Call the practice instead."),
    "charge_on_statement": N_("One of these charges already stands on a statement."),
    "nothing_to_state": N_("There is no charge that could go on a statement."),
    "confidentiality_mixed": N_("Confidential charges go on a statement of their own."),
    "amount_above_due": N_("This is more than is due now. A payment in progress reserves its amount for 30 minutes."),
    "amount_above_charge": N_("This is more than the charge still comes to."),
    "statement_withdrawn": N_("This statement was withdrawn. Look for the one that replaced it."),
    "payment_not_received": N_("This payment was not received."),
    "amount_above_received": N_("This is more than was received and not refunded yet."),
    "signature_invalid": N_("The signature does not match."),
    "nobody_can_read": N_("Nobody could read a message to this patient in the portal. Phone instead."),
    "nothing_to_settle": N_("This conversation waits for no reply."),
    "form_not_in_force": N_("A newer version of the form is in force. Load the page again and use that one."),
    "consent_not_in_force": N_("This consent is not in force."),
    "too_young_to_sign": N_("The patient is too young to sign for themselves."),
    "patient_dead": N_("The patient is recorded as deceased."),
    "authorization_not_of_this_age": N_("This kind of authorization does not fit the patient's age."),
    "authorization_end_date_needed": N_("This kind of authorization needs a last day in the future."),
    "consent_of_patient_needed": N_("The patient's own consent must be in force first."),
    "authorization_not_open": N_("This authorization has ended."),
    "authorization_already_signed": N_("The form already bears this signature."),
    "document_unfit": N_("This kind of document does not support this kind of authorization."),
    "document_not_waiting": N_("This document does not wait to be verified."),
    "document_revoked": N_("This document was already revoked."),
    "release_not_open": N_("This release was fulfilled or revoked already."),
    "release_extended": N_("The time for this release was extended once already."),
    "task_settled": N_("Somebody has settled this task already."),
    "emergency_access_open": N_("Your emergency access to this record still holds."),
    "emergency_access_reviewed": N_("This emergency access was reviewed already."),
    "pair_suspended": N_("This representative is suspended for this patient."),
    "pair_not_suspended": N_("This representative is not suspended for this patient."),
    "link_gone": N_("This link cannot be used any more. Ask the practice for a new one."),
    "birth_date_differs": N_(
        "This is not the birth date of the invited person. After three wrong dates the link ends."
    ),
    "user_name_taken": N_("Choose another user name: this one is taken."),
    "wrong_credentials": N_("The user name, password or code is not right."),
    "wrong_code": N_("This code or password is not right, or the code was used before. Wait for the next code."),
    "address_shared": N_("A representative of this patient uses this address. The patient needs one of their own."),
    "consent_missing": N_("This person has not signed the portal consent form yet."),
    "address_missing": N_("No e-mail address of this person is on record."),
    "representative_not_verified": N_("This representative has no verified documents yet."),
    "wrong_token": N_("This token is not right, has run out, or was used before. Ask support for a new one."),
    "caller_not_verified": N_("Name and birth date are not those on record."),
    "wrong_passkey": N_("This passkey could not be used. Begin again, or use your password and the app."),
    "wrong_answer": N_("This is not the answer to the security question."),
    "too_young": N_("This person is too young for an account of their own."),
    "already_enrolled": N_("This person's account is already joined to the record."),
    "not_enrolled": N_("No account of this person is joined to the record."),
    "last_admin": N_("Another admin must remain: this is the last one."),
    "factor_needed": N_("Staff must keep a second factor."),
    "acting_on_oneself": N_("Nobody does this for their own record or themselves. Ask another member of staff."),
    "not_joinable": N_("Only two records of one birth date can be joined, both of the living or both of the dead."),
    "not_interrupted": N_("This access does not wait to be verified again."),
    "record_joined": N_("This record was joined to another one. Go on there."),
    "proposal_gone": N_("This was settled, has run out, or was proposed by somebody who is no admin any more."),
    "second_person_needed": N_("This takes two persons: somebody else must do this half."),
    "patient_deceased": N_("The patient is recorded as deceased."),
    "possible_duplicate": N_("There may already be a record of this person. Look at it first."),
    "request_in_other_state": N_("This request has changed meanwhile. Load the page again."),
    "time_not_preferred": N_("Choose one of the times that the patient asked for."),
    "time_past": N_("Choose a time in the future."),
    "proposal_changed": N_("The practice has proposed another time meanwhile. Look at it first."),
    "too_late_to_cancel": N_("Less than 24 hours are left: call the practice to cancel."),
    "not_on_medication_list": N_("Choose a medication of the list, or name one."),
    "internal": N_("An error of the portal. It has been noted."),
}
"""Slug → sentence."""

UNKNOWN = N_("This is not possible at present.")
MISSHAPEN = N_("This is not in the expected form.")

EXPECTATIONS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"1 to (?P<most>[\d,]+) characters"), N_("Fill this in, with at most {most} characters.")),
    (re.compile(r"0 to (?P<most>[\d,]+) characters"), N_("Use at most {most} characters.")),
    (re.compile(r"(?P<least>\d+) to (?P<most>[\d,]+) characters"), N_("Use {least} to {most} characters.")),
    (re.compile(r"at least (?P<least>\d+) characters"), N_("Use at least {least} characters.")),
    (
        re.compile(r"(?P<least>\d+) to (?P<most>\d+) letters, digits"),
        N_("Use {least} to {most} letters, digits or signs, without blanks."),
    ),
    (re.compile(r"password that is not among"), N_("This password is too easy to guess. Choose another one.")),
    (re.compile(r"e-mail address"), N_("Enter an e-mail address, for example name@example.com.")),
    (re.compile(r"phone number"), N_("Enter a phone number.")),
    (re.compile(r"ten digits"), N_("Enter ten digits.")),
    (re.compile(r"between 1900 and today"), N_("Enter a day between 1900 and today.")),
    (re.compile(r"shorter range"), N_("Choose a shorter range of days, or the PDF.")),
    (re.compile(r"not before since"), N_("Choose a last day that is not before the first.")),
    (re.compile(r"calendar date"), N_("Enter a date as year-month-day, for example 2026-03-27.")),
    (re.compile(r"whole minute|an instant"), N_("Enter a date and time, for example 2026-03-27 14:30.")),
    (re.compile(r"one line"), N_("Use one line only.")),
    (re.compile(r"control characters"), N_("Remove characters that cannot be shown.")),
    (re.compile(r"more than 0|cents"), N_("Enter an amount in dollars, for example 42.50.")),
    (re.compile(r"at least one role"), N_("Choose at least one.")),
    (re.compile(r"one of|UUID|either a"), N_("Choose one.")),
    (re.compile(r"question with its answer"), N_("Give a question together with its answer, or neither.")),
    (
        re.compile(r"provider with the role provider"),
        N_("Choose a provider together with the role provider, and only with it."),
    ),
)


def explained(error: InvalidField) -> tuple[str, dict[str, object]]:
    """A sentence for a field error, and what is filled into it."""
    for pattern, text in EXPECTATIONS:
        found = pattern.search(error.expected)
        if found:
            return text, dict(found.groupdict())
    return MISSHAPEN, {}

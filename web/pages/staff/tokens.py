"""What staff hand to persons who cannot get in: reset and joining tokens, an invitation's code, another factor."""

from starlette.responses import Response

from shared.contracts.identity.v1 import api_pb2 as identity
from shared.errors import NotFound, Refused
from web.acting import Desk, at_desk, patient_at
from web.forms import Field, Form
from web.language import N_
from web.page import Page
from web.pages.staff.patients import DESK, HERE, back_to, full
from web.refusals import REFUSALS
from web.sheet import FormPage, Sheet
from web.words import options


async def _person(page: Page, *roles: str) -> tuple[Desk, identity.GetPatientResponse, identity.PersonEntry]:
    """The person of the URL, who belongs to the URL's patient; NotFound otherwise."""
    desk = await at_desk(page, *roles)
    patient = await patient_at(page, desk)
    person = next((one for one in patient.persons if one.person_id == page.id("person_id")), None)
    if person is None:
        raise NotFound
    return desk, patient, person


async def _ask_reset_token(page: Page) -> Sheet:
    desk, patient, person = await _person(page, "support")
    return Sheet(
        title=N_("Reset token for {name}"),
        fields=[
            Field("caller_name.given", N_("First name, as the caller gave it")),
            Field("caller_name.family", N_("Family name, as the caller gave it")),
            Field("birth_date", N_("Birth date, as the caller gave it"), "day"),
            Field("verification", N_("How the caller was verified"), "radio", options=options("verification")),
            Field(
                "how",
                N_("Which fact, or which number on record"),
                "area",
                hint=N_("Kept with the token. Write what was asked, not the answer."),
            ),
        ],
        submit=N_("Issue the token"),
        intro=[
            N_("Ask the caller for name, birth date, and a fact that the portal does not show; or call back."),
            N_("The account is told by mail that a token was issued."),
        ],
        back=back_to(desk, patient),
        here=HERE,
        blanks={"name": full(person.name)},
    )


async def _issue_reset_token(page: Page, form: Form) -> Response:
    desk, patient, person = await _person(page, "support")
    request = identity.IssueRecoveryTokenRequest(
        patient_id=patient.patient_id,
        person_id=person.person_id,
        caller_name=identity.PersonName(
            given=form.needed("caller_name.given"), family=form.needed("caller_name.family")
        ),
        birth_date=form.needed_day("birth_date"),
        verification=form.needed("verification"),
        how=form.needed("how"),
    )
    form.check()
    issued = await page.site.portal.identity.IssueRecoveryToken(request)
    return page.render(
        "staff/token.html",
        title=N_("Reset token for {name}"),
        person=person,
        token=issued.token,
        expires_at=issued.expires_at,
        words=[
            N_("Read it to the caller. It can be used once, with the e-mail address on record."),
            N_("The caller chooses a password at “I have my reset token” under “Having trouble?”."),
        ],
        back=back_to(desk, patient),
        here=HERE,
    )


async def _ask_joining_token(page: Page) -> Sheet:
    desk, patient, person = await _person(page, *DESK)
    return Sheet(
        title=N_("Joining token for {name}"),
        fields=[],
        submit=N_("Issue the token"),
        intro=[
            N_("For a person who has an account at another practice already, or who has left the portal here."),
            N_("A signed consent form is needed first. An open invitation ends, and a new one is mailed beside."),
        ],
        back=back_to(desk, patient),
        here=HERE,
        blanks={"name": full(person.name)},
    )


async def _issue_joining_token(page: Page, form: Form) -> Response:
    desk, patient, person = await _person(page, *DESK)
    request = identity.IssueJoiningTokenRequest(patient_id=patient.patient_id, person_id=person.person_id)
    issued = await page.site.portal.identity.IssueJoiningToken(request)
    return page.render(
        "staff/token.html",
        title=N_("Joining token for {name}"),
        person=person,
        token=issued.token,
        expires_at=issued.expires_at,
        words=[
            N_("Tell it to the person. It can be used once, with the e-mail address on record here."),
            N_("They sign in to their account and choose “Manage practices” under “My account”."),
        ],
        back=back_to(desk, patient),
        here=HERE,
    )


async def invitation_code(page: Page) -> Response:
    """The code of an invitation whose address proves nobody (R12)."""
    desk = await at_desk(page, *DESK)
    patient = await patient_at(page, desk)
    request = identity.GetInvitationCodeRequest(patient_id=patient.patient_id, invitation_id=page.id("invitation_id"))
    back = (f"{desk.patient(patient.patient_id)}/consents", N_("Consents and invitations"))
    code, needed, gone = "", False, ""
    try:
        found = await page.site.portal.identity.GetInvitationCode(request)
        code, needed = found.code, found.needed
    except Refused as error:
        gone = REFUSALS[error.slug]
    return page.render("staff/code.html", code=code, needed=needed, gone=gone, back=back, here=HERE)


async def _ask_factor(page: Page) -> Sheet:
    desk, patient, person = await _person(page, *DESK)
    ways = [one for one in options("factor_reset") if one[0] == "announced" or desk.has("front_desk")]
    return Sheet(
        title=N_("Lost second factor of {name}"),
        fields=[
            Field("way", N_("How the person was identified"), "radio", options=ways),
            Field(
                "how", N_("Which photo ID was seen, or how the caller was verified"), "area", hint=N_("This is kept.")
            ),
        ],
        submit=N_("Remove the second factor"),
        intro=[
            N_("With a photo ID at the desk it is removed at once."),
            N_("By phone it is announced to the account, which has 24 hours to stop it."),
        ],
        back=back_to(desk, patient),
        here=HERE,
        blanks={"name": full(person.name)},
        danger=True,
    )


async def _reset_factor(page: Page, form: Form) -> Response:
    patient_id, way = page.id("patient_id"), form.needed("way")
    request = identity.ResetFactorRequest(
        patient_id=patient_id,
        person_id=page.id("person_id"),
        how=form.needed("how"),
        announced=way != "seen",
    )
    form.check()
    reset = await page.site.portal.identity.ResetFactor(request)
    return page.see(f"/practices/{page.id('practice_id')}/patients/{patient_id}", reset.position)


async def _ask_question(page: Page) -> Sheet:
    desk = await at_desk(page, "admin")
    return Sheet(
        title=N_("Security question"),
        fields=[Field("asked", N_("When a password is recovered by user name"), "radio", options=options("asked"))],
        submit=N_("Save"),
        intro=[
            N_("The question that a person chose at enrolment is asked after the mailed link, never instead of it."),
        ],
        back=(f"{desk.path}/details", N_("Practice")),
        here="details",
    )


async def _switch_question(page: Page, form: Form) -> Response:
    practice_id, asked = page.id("practice_id"), form.needed("asked")
    form.check()
    request = identity.SwitchSecurityQuestionRequest(practice_id=practice_id, asked=asked == "yes")
    switched = await page.site.portal.identity.SwitchSecurityQuestion(request)
    return page.see(f"/practices/{practice_id}/details", switched.position)


RESET_TOKEN = FormPage(_ask_reset_token, _issue_reset_token)
JOINING_TOKEN = FormPage(_ask_joining_token, _issue_joining_token)
FACTOR = FormPage(_ask_factor, _reset_factor)
QUESTION = FormPage(_ask_question, _switch_question)

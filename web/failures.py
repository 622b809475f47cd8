"""Pages about what went wrong: what happened, what to do now, and whom to call (R34)."""

import logging
from dataclasses import dataclass

from grpc import StatusCode
from starlette.responses import Response

from shared.contracts.identity.v1 import api_pb2
from shared.errors import (
    SLUGS,
    NotFound,
    PortalError,
    ReadModelBehind,
    StepUpRequired,
    Unauthenticated,
)
from shared.telemetry import fields
from web.forms import CONTROLS, Form
from web.language import N_
from web.page import Page, practices_of
from web.refusals import REFUSALS, UNKNOWN

log = logging.getLogger(__name__)

SECRET_FIELDS = (
    frozenset({"password", "new_password", "code", "handed_code", "token", "security_answer", "sealed", "totp_secret"})
    | CONTROLS
)
"""Never written into a page again."""

HTTP_OF: dict[StatusCode, int] = {
    StatusCode.INVALID_ARGUMENT: 400,
    StatusCode.UNAUTHENTICATED: 401,
    StatusCode.PERMISSION_DENIED: 403,
    StatusCode.NOT_FOUND: 404,
    StatusCode.ABORTED: 409,
    StatusCode.ALREADY_EXISTS: 409,
    StatusCode.FAILED_PRECONDITION: 409,
    StatusCode.RESOURCE_EXHAUSTED: 429,
    StatusCode.INTERNAL: 500,
    StatusCode.UNAVAILABLE: 503,
    StatusCode.DEADLINE_EXCEEDED: 503,
}

TITLES = {
    400: N_("This could not be read"),
    403: N_("This is not for your role"),
    404: N_("There is nothing here"),
    405: N_("This cannot be opened like that"),
    409: N_("This is not possible now"),
    413: N_("This is too large"),
    429: N_("Too many tries"),
    500: N_("Something went wrong"),
    503: N_("A part of the portal does not answer"),
}


@dataclass(frozen=True, slots=True)
class Failure:
    """``again``: loading the page once more may help. ``title`` where the status does not say enough."""

    status: int
    text: str
    again: bool = False
    title: str = ""


async def refused(page: Page, error: PortalError) -> Response:
    """The answer to what a service refused."""
    match error:
        case StepUpRequired():
            return page.see("/step-up", next=page.back_to)
        case Unauthenticated() if error.slug == Unauthenticated.slug:
            page.site.sessions.forget(page.browser.cookie)
            return page.to_sign_in()
    status = HTTP_OF.get(SLUGS[error.slug][0], 500)
    return await shown(page, Failure(status, REFUSALS.get(error.slug, UNKNOWN), again=status == 503))


async def unexpected(page: Page, error: Exception) -> Response:
    """An error of our own: logged without values, told without details."""
    log.error("a page failed", exc_info=error, extra=fields(page=type(error).__qualname__))
    return await shown(page, OWN_ERROR)


async def shown(page: Page, failure: Failure) -> Response:
    """A failure page with the support of the practice concerned. It asks nobody who may be the one that failed."""
    form: Form | None = getattr(page.request.state, "form", None)
    behind = failure.text == REFUSALS[ReadModelBehind.slug]
    resend = form.kept() if form is not None and failure.again and not behind and _is_whole(form) else []
    page.acting = page.desk = None
    return page.render(
        "failure.html",
        status=failure.status,
        failure=failure,
        title=failure.title or TITLES.get(failure.status, TITLES[500]),
        practices=await concerned(page),
        resend=resend,
    )


def last(page: Page, error: Exception) -> Response:
    """The failure of a failure page: asks nobody, and shows the support that is remembered."""
    log.error("a failure page failed", exc_info=error, extra=fields(page=type(error).__qualname__))
    page.acting = page.desk = page.session = None
    return page.render(
        "failure.html",
        status=500,
        failure=OWN_ERROR,
        title=TITLES[500],
        practices=page.site.practices.remembered(),
        resend=[],
    )


async def concerned(page: Page) -> list[api_pb2.Practice]:
    """The practice of the page; else those of the account; else all, if they are few."""
    if page.practice is not None:
        return [page.practice]
    remembered = page.site.practices.remembered()
    try:
        if page.session is not None:
            me = await page.me()
            return [await page.site.practices.one(one) for one in sorted(practices_of(me))]
        found = await page.site.practices.all()
        return found if len(found) <= 3 else []
    except PortalError:
        return remembered


def _is_whole(form: Form) -> bool:
    """Whether the form can be sent again without anything that is never written into a page."""
    return not (SECRET_FIELDS - {"key"}) & set(form.values)


NOT_FOUND = Failure(404, REFUSALS[NotFound.slug])
OWN_ERROR = Failure(500, N_("An error of the portal. It has been noted."))
FOREIGN_FORM = Failure(
    403,
    N_("This form was not sent by a page of the portal. Go back, load the page again and send it once more."),
    title=N_("This form was not taken"),
)

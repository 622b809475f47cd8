"""One request and what is needed to answer it: who asks, in which language, from where; and the ways to answer."""

import re
from collections.abc import Awaitable, Callable, Iterable
from functools import cached_property
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit
from uuid import UUID
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from shared.contracts.identity.v1 import api_pb2
from shared.errors import (
    CommandReused,
    InvalidField,
    NotAllowed,
    NotFound,
    PortalError,
    StepUpRequired,
    Unauthenticated,
)
from shared.rpc.metadata import calling
from web import sessions
from web.forms import PROOF, Form, Mistyped
from web.language import COOKIE as LANGUAGE_COOKIE
from web.language import LANGUAGES, Translate, chosen, translator
from web.refusals import REFUSALS, UNKNOWN, explained
from web.sessions import Browser, Session
from web.showing import zone_of
from web.site import Site

if TYPE_CHECKING:
    from web.acting import Acting, Desk

POSITION = re.compile(r"^(identity|consent|messaging|documents|billing):\d{1,18}$")
LOCAL_PATH = re.compile(r"^/(?!/)[A-Za-z0-9/_.~%?=&:-]{0,500}$")
INVALID = 422
SEE_OTHER = 303

Act = Callable[[Form], Awaitable[Response]]
Show = Callable[[Form], Awaitable[Response]]


class Page:
    """Given to each handler."""

    def __init__(self, request: Request, site: Site) -> None:
        self.request, self.site = request, site
        self.session: Session | None = None
        self.new_cookie = ""
        self.most_files = 0
        self.acting: Acting | None = None
        self.desk: Desk | None = None
        self.practice: api_pb2.Practice | None = None
        self._me: api_pb2.GetMeResponse | None = None
        self.language = chosen(
            request.query_params.get("language", ""),
            request.cookies.get(LANGUAGE_COOKIE, ""),
            request.headers.get("accept-language", ""),
        )

    @cached_property
    def translate(self) -> Translate:
        return translator(self.language)

    @cached_property
    def browser(self) -> Browser:
        """The address is the last entry of ``X-Forwarded-For``: what the gateway saw itself."""
        cookies, headers = self.request.cookies, self.request.headers
        return Browser(
            cookie=cookies.get(sessions.COOKIE, ""),
            device=cookies.get(sessions.DEVICE_COOKIE, "")[:500],
            address=headers.get("x-forwarded-for", "").rpartition(",")[2].strip(),
            agent=headers.get("user-agent", "")[: sessions.MOST_AGENT],
        )

    @property
    def after(self) -> str:
        """The position that this page must have read; '' for none."""
        after = self.request.query_params.get("after", "")
        return after if POSITION.match(after) else ""

    @property
    def token(self) -> str:
        """The user's access token; '' for someone who is not signed in."""
        return self.session.token if self.session else ""

    @property
    def zone(self) -> ZoneInfo:
        """The clock by which instants are shown: the practice's."""
        return zone_of(self.practice.time_zone if self.practice else "")

    @property
    def more(self) -> str:
        """From which entry a list goes on."""
        return self.request.query_params.get("page", "")[:4000]

    def id(self, name: str) -> str:
        """An id of the path; NotFound unless it is a UUID."""
        text = str(self.request.path_params[name])
        try:
            if str(UUID(text)) == text.lower():
                return text
        except ValueError:
            pass
        raise NotFound

    async def me(self) -> api_pb2.GetMeResponse:
        """The signed-in account, asked once a page."""
        if self._me is None:
            self._me = await self.site.portal.identity.GetMe(api_pb2.GetMeRequest())
        return self._me

    async def names(self, ids: Iterable[str]) -> dict[str, str]:
        """Display names of what a service just answered; ids of a URL or form are never asked about here."""
        wanted = {UUID(one) for one in ids if one}
        found: dict[str, str] = {}
        for some in _by(sorted(wanted), 200):
            found |= {str(one): name for one, name in (await self.site.portal.names.of(*some)).items()}
        return found

    # Answers.

    def render(self, template: str, *, form: Form | None = None, status: int = 200, **values: object) -> Response:
        """A page; a form with errors answers 422."""
        return self.show(template, values, form=form, status=status)

    def show(
        self, template: str, values: dict[str, object], *, form: Form | None = None, status: int = 200
    ) -> Response:
        """The same, for values that are a mapping already."""
        if form is not None:
            values["form"] = form
            status = INVALID if form.errors and status == 200 else status
        text = (
            self.site.templates[self.language]
            .get_template(template)
            .render(page=self, acting=self.acting, desk=self.desk, practice=self.practice, zone=self.zone, **values)
        )
        return self.finish(HTMLResponse(text, status))

    def see(self, path: str, position: str = "", **query: str) -> Response:
        """After a command: to a page that reads what was just written."""
        given = {name: value for name, value in {**query, "after": position}.items() if value}
        return self.finish(RedirectResponse(f"{path}?{urlencode(given)}" if given else path, SEE_OTHER))

    def to_sign_in(self) -> Response:
        """To the sign-in page, which leads back here."""
        response = self.see("/sign-in", next=self.back_to)
        if self.browser.cookie:
            sessions.take_cookie(response)
        return response

    def finish(self, response: Response) -> Response:
        """Cookies that changed while the page was made."""
        if self.new_cookie:
            sessions.give_cookie(response, self.new_cookie)
        asked = self.request.query_params.get("language", "")
        if asked in LANGUAGES:
            sessions.give_language(response, asked)
        return response

    @property
    def back_to(self) -> str:
        """Where to go on after signing in: this page, or the one whose form was sent."""
        if self.request.method in {"GET", "HEAD"}:
            query = f"?{self.request.url.query}" if self.request.url.query else ""
            return local_path(self.request.url.path + query)
        sent_from = urlsplit(self.request.headers.get("referer", ""))
        own = urlsplit(self.site.settings.public_url)
        return local_path(sent_from.path) if sent_from.netloc == own.netloc else "/"

    # Commands.

    async def submit(self, act: Act, show: Show) -> Response:
        """Carries out a form's command with the form's key; on an error shows the form again with what was typed."""
        form = await Form.read(self.request, self.most_files)
        self.request.state.form = form
        try:
            if form.raw(PROOF):
                await self._prove(form)
            with calling(token=self.token, idempotency_key=form.key, client_address=self.browser.address):
                return await act(form)
        except Mistyped:
            pass
        except PortalError as error:
            await self._blame(form, error)
        return await show(form)

    async def _prove(self, form: Form) -> None:
        """The proof that a command demands, given in its own form: nothing typed is lost on the way."""
        proof = form.raw(PROOF).strip()
        is_code = (await self.me()).totp_enrolled
        cookie = await self.site.sessions.step_up(
            self.browser, code=proof if is_code else "", password="" if is_code else form.raw(PROOF)
        )
        self.take_session(cookie)
        self.session = await self.site.sessions.of(self.browser)

    def take_session(self, cookie: str) -> None:
        """From now on the browser has this cookie."""
        self.new_cookie = cookie
        kept = self.browser
        self.browser = Browser(cookie, kept.device, kept.address, kept.agent)

    async def _blame(self, form: Form, error: PortalError) -> None:
        """Writes the refusal beside its field, or above the form. Raises what is not about the form."""
        match error:
            case InvalidField():
                text, blanks = explained(error)
                form.blame(error.field, text, **blanks)
            case StepUpRequired():
                form.wants_proof = "code" if (await self.me()).totp_enrolled else "password"
                form.blame("", REFUSALS[error.slug])
            case CommandReused():
                form.key = Form().key
                form.blame("", REFUSALS[error.slug])
            case NotFound() | NotAllowed():
                raise error
            case Unauthenticated() if error.slug == Unauthenticated.slug:
                raise error
            case _:
                if error.slug == "wrong_code" and form.raw(PROOF):
                    form.wants_proof = "code" if (await self.me()).totp_enrolled else "password"
                    form.blame(PROOF, REFUSALS[error.slug])
                else:
                    form.blame("", REFUSALS.get(error.slug, UNKNOWN))


def local_path(text: str) -> str:
    """A path of this site, without the position it once had to read; '/' for anything else."""
    if not LOCAL_PATH.match(text) or text.startswith("/sign-"):
        return "/"
    return re.sub(r"[?&]after=[^&]*", "", text)


def practices_of(me: api_pb2.GetMeResponse) -> set[str]:
    """Every practice that the account has to do with."""
    return {one.practice_id for one in me.enrolments} | {one.practice_id for one in me.staff}


def _by(ids: list[UUID], size: int) -> Iterable[list[UUID]]:
    return (ids[start : start + size] for start in range(0, len(ids), size))

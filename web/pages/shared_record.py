"""The page behind the mailed link of a transmitted record: asks for the code, and shows nothing before (R39)."""

from zoneinfo import ZoneInfo

from starlette.responses import Response

from shared.contracts.documents.v1 import api_pb2 as documents
from web.forms import Field, Form
from web.language import N_
from web.page import Page
from web.pages.downloads import attachment, file_name

CODE = Field("code", N_("Code"), hint=N_("Eight letters and digits, told by who sent you the link."))


async def show(page: Page) -> Response:
    """The same form for every link, open or not: opening one consumes nothing and asks nobody."""
    return _form(page, Form())


def _form(page: Page, form: Form) -> Response:
    return page.render("shared_record.html", form=form, fields=[CODE], found=None, here="")


async def open_it(page: Page) -> Response:
    """What link and code open; each look is recorded."""

    async def act(form: Form) -> Response:
        request = documents.OpenTransmissionRequest(
            transmission_id=_link(page)[0], secret=_link(page)[1], code=form.needed("code")
        )
        form.check()
        found = await page.site.portal.documents.OpenTransmission(request)
        return page.render(
            "shared_record.html",
            form=form,
            fields=[CODE],
            found=found,
            record_zone=ZoneInfo(found.time_zone),
            link_id=request.transmission_id,
            link_secret=request.secret,
            code=request.code,
            here="",
        )

    return await page.submit(act, lambda form: _again(page, form))


async def _again(page: Page, form: Form) -> Response:
    return _form(page, form)


async def download(page: Page) -> Response:
    """The record as a file, or one of its documents. The code comes again: nothing is kept between two answers."""

    async def act(form: Form) -> Response:
        transmission_id, secret = _link(page)
        request = documents.DownloadTransmissionRequest(
            transmission_id=transmission_id,
            secret=secret,
            code=form.get("code"),
            format=form.get("format"),
            document_id=form.get("document_id"),
            language=page.language,
        )
        body = await page.site.portal.documents.DownloadTransmission(request)
        return attachment(page, body, file_name(body, "record", request.document_id or transmission_id))

    return await page.submit(act, lambda form: _again(page, form))


def _link(page: Page) -> tuple[str, str]:
    """As they stand in the URL: what is wrong with them is said like everything else that does not open."""
    return str(page.request.path_params["id"]), str(page.request.path_params["secret"])

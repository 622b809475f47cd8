"""Files that a service made: handed on as attachments that no browser runs."""

import re

from google.api.httpbody_pb2 import HttpBody
from starlette.responses import Response

from web.page import Page

UNFIT = re.compile(r"[^A-Za-z0-9._-]+")


def attachment(page: Page, body: HttpBody, name: str) -> Response:
    """The body as a download; sandboxed, not sniffed, not kept."""
    response = Response(
        body.data,
        media_type=body.content_type,
        headers={
            "content-disposition": f'attachment; filename="{UNFIT.sub("-", name)}"',
            "content-security-policy": "sandbox; default-src 'none'",
        },
    )
    return page.finish(response)

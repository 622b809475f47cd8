"""Files that a service made: handed on as attachments that no browser runs."""

import re
from collections.abc import Mapping

from google.api.httpbody_pb2 import HttpBody
from starlette.responses import Response

from web.page import Page

UNFIT = re.compile(r"[^A-Za-z0-9._-]+")

ENDINGS: Mapping[str, str] = {
    "application/pdf": "pdf",
    "application/fhir+json": "json",
    "image/png": "png",
    "image/jpeg": "jpg",
    "text/plain": "txt",
}


def file_name(body: HttpBody, word: str, identifier: str) -> str:
    """What a download is called: a word and an id, no name of anybody."""
    kind = body.content_type.partition(";")[0]
    return f"{word}-{identifier}.{ENDINGS.get(kind, 'bin')}"


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

"""Files that go with a message: chosen in its form, uploaded one by one before it is sent (R4)."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

from google.api.httpbody_pb2 import HttpBody

from shared.contracts.documents.v1 import api_pb2 as documents
from shared.errors import InvalidField, Refused, TooLarge
from shared.rpc.metadata import calling
from web.forms import Field, Form, Sent
from web.language import N_
from web.page import Page
from web.refusals import REFUSALS, explained

MOST_FILES = 5
MOST_FILES_READ = 20
"""More than are taken, so that who chose too many is told so beside the field."""
FILES = Field(
    "attachment_ids",
    N_("Files"),
    "files",
    hint=N_("Up to five, 10 MB each: PDF, PNG, JPEG or plain text. After a mistake choose them again."),
    required=False,
)


async def uploaded(page: Page, form: Form, patient_id: str) -> list[str]:
    """The ids of the chosen files. What is wrong with one is said beside the field; then nothing is sent."""
    chosen = form.files.get(FILES.name, ())
    if len(chosen) > MOST_FILES:
        form.blame(FILES.name, N_("Choose at most five files."))
    form.check()
    ids = []
    for file in chosen:
        with blaming(form, FILES.name):
            ids.append(await _upload(page, form, patient_id, file))
    form.check()
    return ids


@contextmanager
def blaming(form: Form, field: str) -> Iterator[None]:
    """What a service says against an upload stands beside the field that the file was chosen in."""
    try:
        yield
    except (Refused, TooLarge) as error:
        form.blame(field, REFUSALS[error.slug])
    except InvalidField as error:
        text, blanks = explained(error)
        form.blame(field, text, **blanks)


def upload_key(form: Form, file: Sent) -> str:
    """Of the form and the file, so that a double click uploads it once, and another choice is another."""
    return f"{form.key}.{hashlib.sha256(file.content).hexdigest()}"


async def _upload(page: Page, form: Form, patient_id: str, file: Sent) -> str:
    key = upload_key(form, file)
    request = documents.UploadAttachmentRequest(
        patient_id=patient_id, name=file.name, file=HttpBody(content_type=file.content_type, data=file.content)
    )
    with calling(token=page.token, idempotency_key=key, client_address=page.browser.address):
        return (await page.site.portal.documents.UploadAttachment(request)).attachment_id

"""The scan of a paper: chosen in the form that records the paper, uploaded before it (R6, R7, R21)."""

from google.api.httpbody_pb2 import HttpBody

from shared.contracts.consent.v1 import api_pb2 as consent
from shared.rpc.metadata import calling
from web.attaching import blaming, upload_key
from web.forms import Field, Form
from web.language import N_
from web.page import Page

SCAN = Field("scan_id", N_("Scan"), "file", hint=N_("PDF, PNG or JPEG, at most 10 MB and 500 pages."))
SCAN_OF_PAPER = Field(
    SCAN.name,
    SCAN.label,
    "file",
    hint=N_("Of a form on paper: PDF, PNG or JPEG, at most 10 MB and 500 pages."),
    required=False,
)


async def scanned(page: Page, form: Form, patient_id: str) -> str:
    """The id of the chosen scan. What is wrong with the file is said beside the field; then nothing is recorded."""
    file = form.needed_file(SCAN.name)
    form.check()
    scan_id = ""
    request = consent.UploadScanRequest(
        patient_id=patient_id, file=HttpBody(content_type=file.content_type, data=file.content)
    )
    with (
        blaming(form, SCAN.name),
        calling(token=page.token, idempotency_key=upload_key(form, file), client_address=page.browser.address),
    ):
        scan_id = (await page.site.portal.consent.UploadScan(request)).scan_id
    form.check()
    return scan_id

"""One result that shall not be decided on yet, or lies in the wrong record (R14, R44)."""

from starlette.responses import Response

from shared.contracts.documents.v1 import api_pb2 as documents
from shared.contracts.identity.v1 import api_pb2 as identity
from web.acting import Desk, at_desk, patient_at
from web.forms import Field, Form
from web.language import N_
from web.page import Page
from web.pages.staff.patients import full
from web.pages.staff.results import CLINICAL, HERE, path_of, show
from web.sheet import FormPage, Sheet


async def _ask_hold(page: Page) -> Sheet:
    desk = await at_desk(page, *CLINICAL)
    patient = await patient_at(page, desk)
    return Sheet(
        title=N_("Hold a result of {name}"),
        fields=[
            Field("reason", N_("Reason"), "area", hint=N_("Staff read it; the patient does not.")),
            Field("until", N_("Until when"), "moment", hint=N_("At most 14 days. Then it is queued again.")),
        ],
        submit=N_("Hold"),
        back=(path_of(page), N_("The result")),
        here=HERE,
        blanks={"name": full(patient.name)},
    )


async def _hold(page: Page, form: Form) -> Response:
    await at_desk(page, *CLINICAL)
    request = documents.HoldResultRequest(
        patient_id=page.id("patient_id"),
        result_id=page.id("result_id"),
        reason=form.needed("reason"),
        until=form.needed_moment("until", page.zone),
    )
    form.check()
    held = await page.site.portal.documents.HoldResult(request)
    return page.see(path_of(page), held.position)


async def lift(page: Page) -> Response:
    """It is queued again."""

    async def act(form: Form) -> Response:
        request = documents.LiftHoldRequest(patient_id=page.id("patient_id"), result_id=page.id("result_id"))
        lifted = await page.site.portal.documents.LiftHold(request)
        return page.see(path_of(page), lifted.position)

    return await page.submit(act, lambda form: show(page, form))


NAME = Field("name", N_("Name"), hint=N_("Words of the name, at least three letters of each."))
BORN = Field("birth_date", N_("Birth date"), "day")


async def _ask_refile(page: Page) -> Sheet:
    """The patient whose it is is searched for first, then chosen among those found."""
    desk = await at_desk(page, "provider")
    patient = await patient_at(page, desk)
    form: Form | None = getattr(page.request.state, "form", None)
    found = await _found(page, desk, form) if form is not None else []
    fields = [NAME, BORN]
    if found:
        options = [(one.patient_id, full(one.name)) for one in found]
        fields.append(Field("to_patient_id", N_("Whose result it is"), "radio", options=options, literal=True))
    return Sheet(
        title=N_("Move a result out of the record of {name}"),
        fields=fields,
        submit=N_("Move") if found else N_("Find"),
        intro=[
            N_("It is taken back here, naming nobody, and waits for approval in the other record."),
        ],
        back=(path_of(page), N_("The result")),
        here=HERE,
        blanks={"name": full(patient.name)},
        danger=bool(found),
    )


async def _found(page: Page, desk: Desk, form: Form) -> list[identity.PatientEntry]:
    """Other patients of that name and birth date; none while one of the two is not given."""
    born = form.day("birth_date")
    if not form.get("name") or born is None:
        return []
    request = identity.FindPatientsRequest(
        practice_id=desk.practice_id, name=form.get("name"), birth_date=born, page_size=20
    )
    found = (await page.site.portal.identity.FindPatients(request)).patients
    return [one for one in found if one.patient_id != page.id("patient_id")]


async def _refile(page: Page, form: Form) -> Response:
    desk = await at_desk(page, "provider")
    form.needed("name")
    form.needed_day("birth_date")
    form.check()
    to_patient_id = form.get("to_patient_id")
    if not to_patient_id:
        found = await _found(page, desk, form)
        form.blame(
            "to_patient_id" if found else "name",
            N_("Choose one.") if found else N_("No patient of that name and birth date is registered here."),
        )
    form.check()
    request = documents.RefileResultRequest(
        patient_id=page.id("patient_id"), result_id=page.id("result_id"), to_patient_id=to_patient_id
    )
    refiled = await page.site.portal.documents.RefileResult(request)
    return page.see(f"{desk.patient(to_patient_id)}/results/{refiled.result_id}", refiled.position)


HOLD = FormPage(_ask_hold, _hold)
REFILE = FormPage(_ask_refile, _refile)

"""What lies in the wrong record is moved to the right one, whose patient is searched for first (R44)."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from starlette.responses import Response

from shared.contracts.identity.v1 import api_pb2 as identity
from web.acting import Desk, at_desk, patient_at
from web.forms import Field, Form
from web.language import N_
from web.page import Page
from web.pages.staff.patients import full
from web.sheet import FormPage, Sheet

NAME = Field("name", N_("Name"), hint=N_("Words of the name, at least three letters of each."))
BORN = Field("birth_date", N_("Birth date"), "day")


@dataclass(frozen=True, slots=True)
class Misfiled:
    """What is moved: its texts, the page it came from, and the command, given desk and patient, that moves it."""

    title: str
    whose: str
    here: str
    back: Callable[[Page], tuple[str, str]]
    move: Callable[[Page, Desk, str], Awaitable[Response]]


def refiling(of: Misfiled) -> FormPage:
    """The page that asks whose it is, and moves it."""

    async def ask(page: Page) -> Sheet:
        desk = await at_desk(page, "provider")
        patient = await patient_at(page, desk)
        form: Form | None = getattr(page.request.state, "form", None)
        found = await others(page, desk, form) if form is not None else []
        fields = [NAME, BORN]
        if found:
            options = [(one.patient_id, full(one.name)) for one in found]
            fields.append(Field("to_patient_id", of.whose, "radio", options=options, literal=True))
        return Sheet(
            title=of.title,
            fields=fields,
            submit=N_("Move") if found else N_("Find"),
            intro=[N_("It is taken back here, naming nobody, and waits for approval in the other record.")],
            back=of.back(page),
            here=of.here,
            blanks={"name": full(patient.name)},
            danger=bool(found),
        )

    async def act(page: Page, form: Form) -> Response:
        desk = await at_desk(page, "provider")
        form.needed("name")
        form.needed_day("birth_date")
        form.check()
        to_patient_id = form.get("to_patient_id")
        if not to_patient_id:
            found = await others(page, desk, form)
            form.blame(
                "to_patient_id" if found else "name",
                N_("Choose one.") if found else N_("No patient of that name and birth date is registered here."),
            )
        form.check()
        return await of.move(page, desk, to_patient_id)

    return FormPage(ask, act)


async def others(page: Page, desk: Desk, form: Form) -> list[identity.PatientEntry]:
    """Other patients of that name and birth date; none while one of the two is not given."""
    born = form.day("birth_date")
    if not form.get("name") or born is None:
        return []
    request = identity.FindPatientsRequest(
        practice_id=desk.practice_id, name=form.get("name"), birth_date=born, page_size=20
    )
    found = (await page.site.portal.identity.FindPatients(request)).patients
    return [one for one in found if one.patient_id != page.id("patient_id")]

"""Appointments made by phone or at the desk, and whether patients see them (R32)."""

from starlette.responses import Response

from shared.contracts.identity.v1 import api_pb2 as identity
from shared.contracts.messaging.v1 import api_pb2 as messaging
from web.acting import at_desk, patient_at
from web.forms import Field, Form
from web.language import N_
from web.page import Page
from web.pages.staff.patients import back_to, full
from web.sheet import FormPage, Sheet


async def _ask_booking(page: Page) -> Sheet:
    desk = await at_desk(page, "provider", "clinical", "front_desk")
    patient = await patient_at(page, desk)
    request = identity.ListProvidersRequest(practice_id=desk.practice_id, page_size=200)
    providers = (await page.site.portal.identity.ListProviders(request)).providers
    return Sheet(
        title=N_("Make an appointment for {name}"),
        fields=[
            Field("starts_at", N_("Begins"), "moment"),
            Field(
                "provider_id",
                N_("With whom"),
                "choice",
                options=[(one.provider_id, one.display_name) for one in providers],
                required=False,
                literal=True,
            ),
            Field("reason", N_("Reason"), "area", required=False),
            Field("confidential", N_("Representatives do not see it"), "check", required=False),
        ],
        submit=N_("Make the appointment"),
        intro=[N_("For what was agreed by phone or at the desk. No mail tells of it, and the inbox does not list it.")],
        back=back_to(desk, patient),
        here="appointments",
        blanks={"name": full(patient.name)},
    )


async def _book(page: Page, form: Form) -> Response:
    await at_desk(page, "provider", "clinical", "front_desk")
    practice_id = page.id("practice_id")
    request = messaging.BookAppointmentRequest(
        practice_id=practice_id,
        patient_id=page.id("patient_id"),
        provider_id=form.get("provider_id"),
        starts_at=form.needed_moment("starts_at", page.zone),
        reason=form.get("reason"),
        confidential=bool(form.get("confidential")),
    )
    form.check()
    booked = await page.site.portal.messaging.BookAppointment(request)
    return page.see(f"/practices/{practice_id}/appointments/{booked.appointment_id}", booked.position)


async def _ask_policy(page: Page) -> Sheet:
    desk = await at_desk(page, "admin")
    request = messaging.GetAppointmentPolicyRequest(practice_id=desk.practice_id)
    chosen = await page.site.portal.messaging.GetAppointmentPolicy(request)
    return Sheet(
        title=N_("Appointments that patients see"),
        fields=[Field("shows_all", N_("Also those made by phone or at the desk"), "check", required=False)],
        submit=N_("Save"),
        back=(f"/practices/{desk.practice_id}/details", N_("Details of the practice")),
        start=Form.filled(shows_all="yes" if chosen.shows_all else ""),
    )


async def _choose_policy(page: Page, form: Form) -> Response:
    practice_id = page.id("practice_id")
    request = messaging.ChooseAppointmentPolicyRequest(practice_id=practice_id, shows_all=bool(form.get("shows_all")))
    chosen = await page.site.portal.messaging.ChooseAppointmentPolicy(request)
    return page.see(f"/practices/{practice_id}/details", chosen.position)


BOOK = FormPage(_ask_booking, _book)
POLICY = FormPage(_ask_policy, _choose_policy)

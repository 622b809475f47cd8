"""What patients ask of the practice: appointments and refills, and the answers to them (R38)."""

from starlette.responses import Response

from shared.contracts.messaging.v1 import api_pb2 as messaging
from shared.errors import NotFound
from web.acting import at_desk
from web.forms import Field, Form
from web.language import N_
from web.page import Page
from web.sheet import FormPage, Sheet

SCHEDULING = ("provider", "clinical", "front_desk")
TREATING = ("provider", "clinical")
MOST_PAGES = 20


async def appointments(page: Page) -> Response:
    desk = await at_desk(page, *SCHEDULING)
    state = "all" if page.request.query_params.get("state") == "all" else "waiting"
    request = messaging.ListPracticeAppointmentsRequest(practice_id=desk.practice_id, state=state, page_token=page.more)
    found = await page.site.portal.messaging.ListPracticeAppointments(request)
    ids = [one.patient_id for one in found.appointments] + [one.provider_id for one in found.appointments]
    return page.render(
        "staff/appointments.html",
        appointments=found.appointments,
        names=await page.names(ids),
        state=state,
        next=found.next_page_token,
        here="appointments",
    )


async def _appointment(page: Page) -> messaging.Appointment:
    """One of the practice's appointments, found in its list; NotFound if it is not there."""
    wanted, token = page.id("appointment_id"), ""
    for _ in range(MOST_PAGES):
        request = messaging.ListPracticeAppointmentsRequest(
            practice_id=page.id("practice_id"), state="all", page_size=200, page_token=token
        )
        found = await page.site.portal.messaging.ListPracticeAppointments(request)
        for one in found.appointments:
            if one.appointment_id == wanted:
                return one
        token = found.next_page_token
        if not token:
            break
    raise NotFound


async def appointment(page: Page) -> Response:
    return await _show(page, Form())


async def _show(page: Page, form: Form) -> Response:
    await at_desk(page, *SCHEDULING)
    found = await _appointment(page)
    return page.render(
        "staff/appointment.html",
        form=form,
        one=found,
        names=await page.names([found.patient_id, found.provider_id]),
        time=Field("starts_at", N_("Date and time"), "moment"),
        reason=Field("reason", N_("Reason"), "area", hint=N_("The patient reads it.")),
        here="appointments",
    )


async def answer_appointment(page: Page) -> Response:
    """The button that was pressed says what is done."""

    async def act(form: Form) -> Response:
        await at_desk(page, *SCHEDULING)
        position = await _answered(page, form)
        return page.see(f"/practices/{page.id('practice_id')}/appointments/{page.id('appointment_id')}", position)

    return await page.submit(act, lambda form: _show(page, form))


async def _answered(page: Page, form: Form) -> str:
    ask = page.site.portal.messaging
    ids = {"practice_id": page.id("practice_id"), "appointment_id": page.id("appointment_id")}
    match form.get("answer"):
        case "confirm":
            confirm = messaging.ConfirmAppointmentRequest(
                practice_id=ids["practice_id"], appointment_id=ids["appointment_id"]
            )
            seconds = form.get("at")
            confirm.starts_at.seconds = int(seconds[:12]) if seconds.isdecimal() else 0
            return (await ask.ConfirmAppointment(confirm)).position
        case "propose":
            at = form.needed_moment("starts_at", page.zone)
            form.check()
            return (await ask.ProposeAppointment(messaging.ProposeAppointmentRequest(**ids, starts_at=at))).position
        case "reschedule":
            at = form.needed_moment("starts_at", page.zone)
            form.check()
            moved = await ask.RescheduleAppointment(messaging.RescheduleAppointmentRequest(**ids, starts_at=at))
            return moved.position
        case "decline":
            reason = form.needed("reason")
            form.check()
            return (await ask.DeclineAppointment(messaging.DeclineAppointmentRequest(**ids, reason=reason))).position
        case "cancel":
            reason = form.needed("reason")
            form.check()
            cancel = messaging.CancelPracticeAppointmentRequest(**ids, reason=reason)
            return (await ask.CancelPracticeAppointment(cancel)).position
        case "attended" | "missed" as came:
            attendance = messaging.RecordAttendanceRequest(**ids, attended=came == "attended")
            return (await ask.RecordAttendance(attendance)).position
    raise NotFound


async def refills(page: Page) -> Response:
    return await _show_refills(page, Form())


async def _show_refills(page: Page, form: Form) -> Response:
    desk = await at_desk(page, *TREATING)
    state = "all" if page.request.query_params.get("state") == "all" else "waiting"
    request = messaging.ListPracticeRefillsRequest(practice_id=desk.practice_id, state=state, page_token=page.more)
    found = await page.site.portal.messaging.ListPracticeRefills(request)
    ids = [one.patient_id for one in found.refills] + [one.provider_id for one in found.refills]
    return page.render(
        "staff/refills.html",
        form=form,
        refills=found.refills,
        names=await page.names(ids),
        state=state,
        next=found.next_page_token,
        here="refills",
    )


async def answer_refill(page: Page) -> Response:
    """Approve, or note that it went to the pharmacy."""

    async def act(form: Form) -> Response:
        ids = {"practice_id": page.id("practice_id"), "refill_id": page.id("refill_id")}
        ask = page.site.portal.messaging
        if form.get("answer") == "send":
            position = (await ask.SendRefillToPharmacy(messaging.SendRefillToPharmacyRequest(**ids))).position
        else:
            position = (await ask.ApproveRefill(messaging.ApproveRefillRequest(**ids))).position
        return page.see(f"/practices/{ids['practice_id']}/refills", position)

    return await page.submit(act, lambda form: _show_refills(page, form))


async def _ask_decline(page: Page) -> Sheet:
    desk = await at_desk(page, "provider")
    return Sheet(
        title=N_("Decline a refill"),
        fields=[Field("reason", N_("Reason"), "area", hint=N_("The patient reads it."))],
        submit=N_("Decline"),
        back=(f"{desk.path}/refills", N_("Refills")),
        here="refills",
        danger=True,
    )


async def _decline(page: Page, form: Form) -> Response:
    practice_id = page.id("practice_id")
    request = messaging.DeclineRefillRequest(
        practice_id=practice_id, refill_id=page.id("refill_id"), reason=form.needed("reason")
    )
    form.check()
    declined = await page.site.portal.messaging.DeclineRefill(request)
    return page.see(f"/practices/{practice_id}/refills", declined.position)


DECLINE_REFILL = FormPage(_ask_decline, _decline)

"""Appointments and refills that the patient asks for, and what became of them (R38)."""

from starlette.responses import Response

from shared.contracts.documents.v1 import api_pb2 as documents
from shared.contracts.messaging.v1 import api_pb2 as messaging
from web.acting import Acting, acting_for
from web.forms import Field, Form
from web.language import N_
from web.page import Page
from web.sheet import FormPage, Sheet

PREFERRED = ("preferred[0]", "preferred[1]", "preferred[2]")


async def appointments(page: Page) -> Response:
    return await _show_appointments(page, Form())


async def _show_appointments(page: Page, form: Form) -> Response:
    acting = await acting_for(page)
    everything = page.request.query_params.get("all") == "yes"
    request = messaging.ListAppointmentsRequest(patient_id=acting.patient_id, page_token=page.more, all=everything)
    found = await page.site.portal.messaging.ListAppointments(request)
    return page.render(
        "patient/appointments.html",
        form=form,
        appointments=found.appointments,
        names=await page.names(one.provider_id for one in found.appointments),
        next=found.next_page_token,
        everything=everything,
        shows_all=found.shows_all,
        here="appointments",
    )


async def _providers(page: Page, acting: Acting) -> Field:
    """Those who take part, where the account may see whom one can write to; else any."""
    options: list[tuple[str, str]] = []
    if acting.may("messages"):
        request = messaging.ListRecipientsRequest(patient_id=acting.patient_id)
        ids = (await page.site.portal.messaging.ListRecipients(request)).provider_ids
        names = await page.names(ids)
        options = [(one, names[one]) for one in ids if one in names]
    return Field(
        "provider_id",
        N_("With whom"),
        "choice",
        hint=N_("Leave empty for any provider."),
        options=options,
        required=False,
        literal=True,
    )


async def _ask_appointment(page: Page) -> Sheet:
    acting = await acting_for(page)
    times = [N_("First choice"), N_("Second choice"), N_("Third choice")]
    fields = [
        Field(name, label, "moment", required=place == 0)
        for place, (name, label) in enumerate(zip(PREFERRED, times, strict=True))
    ]
    fields = [
        await _providers(page, acting),
        *fields,
        Field("reason", N_("Reason"), "area", hint=N_("In your own words.")),
    ]
    if acting.own:
        fields.append(
            Field("confidential", N_("Nobody who represents me shall see this appointment"), "check", required=False)
        )
    return Sheet(
        title=N_("Ask for an appointment"),
        fields=fields,
        submit=N_("Send the request"),
        back=(f"{acting.path}/appointments", N_("Appointments")),
        here="appointments",
        urgent=True,
    )


async def _request_appointment(page: Page, form: Form) -> Response:
    acting = await acting_for(page)
    form.needed_moment(PREFERRED[0], page.zone)
    times = [form.moment(name, page.zone) for name in PREFERRED]
    request = messaging.RequestAppointmentRequest(
        patient_id=acting.patient_id,
        provider_id=form.get("provider_id"),
        preferred=[at for at in times if at is not None],
        reason=form.needed("reason"),
        confidential=bool(form.get("confidential")),
    )
    form.check()
    made = await page.site.portal.messaging.RequestAppointment(request)
    return page.see(f"{acting.path}/appointments", made.position)


async def accept_proposal(page: Page) -> Response:
    """Accepts the time as it was shown, not another that was proposed meanwhile."""

    async def act(form: Form) -> Response:
        patient_id, seconds = page.id("patient_id"), form.get("starts_at")
        request = messaging.AcceptProposalRequest(patient_id=patient_id, appointment_id=page.id("appointment_id"))
        request.starts_at.seconds = int(seconds[:12]) if seconds.isdecimal() else 0
        accepted = await page.site.portal.messaging.AcceptProposal(request)
        return page.see(f"/patients/{patient_id}/appointments", accepted.position)

    async def again(form: Form) -> Response:
        return await _show_appointments(page, form)

    return await page.submit(act, again)


async def cancel_appointment(page: Page) -> Response:
    async def act(form: Form) -> Response:
        patient_id = page.id("patient_id")
        request = messaging.CancelAppointmentRequest(patient_id=patient_id, appointment_id=page.id("appointment_id"))
        cancelled = await page.site.portal.messaging.CancelAppointment(request)
        return page.see(f"/patients/{patient_id}/appointments", cancelled.position)

    async def again(form: Form) -> Response:
        return await _show_appointments(page, form)

    return await page.submit(act, again)


async def refills(page: Page) -> Response:
    acting = await acting_for(page)
    request = messaging.ListRefillsRequest(patient_id=acting.patient_id, page_token=page.more)
    found = await page.site.portal.messaging.ListRefills(request)
    return page.render(
        "patient/refills.html",
        refills=found.refills,
        medications=await _medications(page, acting),
        names=await page.names(one.provider_id for one in found.refills),
        next=found.next_page_token,
        here="refills",
    )


async def _medications(page: Page, acting: Acting) -> dict[str, str]:
    """The patient's medication list by entry id; empty where the account may not see it."""
    if not acting.may("results"):
        return {}
    request = documents.ListRecordEntriesRequest(patient_id=acting.patient_id, kind="medication", page_size=200)
    found = await page.site.portal.documents.ListRecordEntries(request)
    return {entry.entry_id: entry.title for entry in found.entries}


async def _ask_refill(page: Page) -> Sheet:
    acting = await acting_for(page)
    medications = await _medications(page, acting)
    return Sheet(
        title=N_("Ask for a refill"),
        fields=[
            Field(
                "entry_id",
                N_("From the medication list"),
                "choice",
                options=list(medications.items()),
                required=False,
                literal=True,
            ),
            Field("medication", N_("Or its name in your words"), required=False),
            Field("note", N_("Anything else"), "area", required=False),
            await _providers(page, acting),
        ],
        submit=N_("Send the request"),
        back=(f"{acting.path}/refills", N_("Refills")),
        here="refills",
        urgent=True,
    )


async def _request_refill(page: Page, form: Form) -> Response:
    patient_id = page.id("patient_id")
    request = messaging.RequestRefillRequest(
        patient_id=patient_id,
        entry_id=form.get("entry_id"),
        medication=form.get("medication"),
        note=form.get("note"),
        provider_id=form.get("provider_id"),
    )
    if not (request.entry_id or request.medication):
        form.blame("medication", N_("Choose a medication of the list, or name one."))
    form.check()
    made = await page.site.portal.messaging.RequestRefill(request)
    return page.see(f"/patients/{patient_id}/refills", made.position)


APPOINTMENT = FormPage(_ask_appointment, _request_appointment)
REFILL = FormPage(_ask_refill, _request_refill)

"""Patients at the desk: finding and registering them, their registration, the persons who stand by."""

from collections.abc import Sequence

from starlette.responses import Response

from shared.contracts.identity.v1 import api_pb2 as identity
from shared.contracts.messaging.v1 import api_pb2 as messaging
from web.acting import Desk, at_desk, patient_at
from web.forms import Field, Form
from web.language import N_
from web.page import Page
from web.sheet import FormPage, Sheet
from web.words import options

HERE = "patients"
GIVEN = Field("name.given", N_("Given names"))
FAMILY = Field("name.family", N_("Family name"))
BIRTH_DATE = Field("birth_date", N_("Birth date"), "day")
DOCUMENT = Field("document", N_("Document that you saw"), hint=N_("For example driver license, birth certificate."))
CONTACT = (
    Field("contact.email", N_("E-mail address"), "email", required=False),
    Field("contact.phone", N_("Phone"), "tel", required=False),
    Field("contact.address.street", N_("Street and number"), required=False),
    Field("contact.address.city", N_("City"), required=False),
    Field("contact.address.state", N_("State"), required=False),
    Field("contact.address.postal_code", N_("Postal code"), required=False),
    Field("contact.language", N_("Language of mails"), "choice", options=options("language"), required=False),
)
SEARCH = (
    Field("name", N_("Name"), hint=N_("Words of the name, at least three letters of each."), required=False),
    Field("birth_date", N_("Birth date"), "day", required=False),
    Field("email", N_("E-mail address"), "email", required=False),
    Field("phone", N_("Phone"), "tel", required=False),
)
DESK = ("front_desk", "support")


async def home(page: Page) -> Response:
    desk = await at_desk(page)
    return page.render("staff/home.html", desk_links=desk.links()[1:], here="home")


async def search(page: Page) -> Response:
    await at_desk(page)
    return page.render("staff/patients.html", form=Form(), fields=SEARCH, found=None, here=HERE)


async def found(page: Page) -> Response:
    """A search is sent as a form: names and birth dates belong in no URL."""
    desk = await at_desk(page)

    async def act(form: Form) -> Response:
        request = identity.FindPatientsRequest(
            practice_id=desk.practice_id,
            name=form.get("name"),
            birth_date=form.day("birth_date"),
            email=form.get("email"),
            phone=form.get("phone"),
            page_size=100,
        )
        form.check()
        answer = await page.site.portal.identity.FindPatients(request)
        return page.render(
            "staff/patients.html",
            form=form,
            fields=SEARCH,
            found=answer.patients,
            more=bool(answer.next_page_token),
            here=HERE,
        )

    async def again(form: Form) -> Response:
        return page.render("staff/patients.html", form=form, fields=SEARCH, found=None, here=HERE)

    return await page.submit(act, again)


async def one(page: Page) -> Response:
    desk = await at_desk(page)
    patient = await patient_at(page, desk)
    names = await page.names([patient.usual_provider_id]) if patient.usual_provider_id else {}
    return page.render("staff/patient.html", patient=patient, names=names, here=HERE)


def contact_of(form: Form) -> identity.Contact:
    """The whole contact as typed."""
    address = identity.PostalAddress(
        street=form.get("contact.address.street"),
        city=form.get("contact.address.city"),
        state=form.get("contact.address.state"),
        postal_code=form.get("contact.address.postal_code"),
    )
    return identity.Contact(
        email=form.get("contact.email"),
        phone=form.get("contact.phone"),
        address=address,
        language=form.get("contact.language"),
    )


def typed(contact: identity.Contact) -> dict[str, str]:
    """A contact as the start of a form."""
    return {
        "contact__email": contact.email,
        "contact__phone": contact.phone,
        "contact__address__street": contact.address.street,
        "contact__address__city": contact.address.city,
        "contact__address__state": contact.address.state,
        "contact__address__postal_code": contact.address.postal_code,
        "contact__language": contact.language,
    }


def name_of(form: Form) -> identity.PersonName:
    return identity.PersonName(given=form.needed("name.given"), family=form.needed("name.family"))


def full(name: identity.PersonName) -> str:
    return f"{name.given} {name.family}".strip()


def back_to(desk: Desk, patient: identity.GetPatientResponse) -> tuple[str, str]:
    return desk.patient(patient.patient_id), full(patient.name)


async def _ask_register(page: Page) -> Sheet:
    desk = await at_desk(page, *DESK)
    return Sheet(
        title=N_("Register a patient"),
        fields=[GIVEN, FAMILY, BIRTH_DATE, *CONTACT],
        submit=N_("Register"),
        back=(f"{desk.path}/patients", N_("Patients")),
        here=HERE,
        template="staff/register.html",
        values={"duplicates": []},
    )


async def _register(page: Page, form: Form) -> Response:
    """Possible duplicates are shown first; only then is another person registered."""
    desk = await at_desk(page, *DESK)
    request = identity.RegisterPatientRequest(
        practice_id=desk.practice_id,
        name=name_of(form),
        birth_date=form.needed_day("birth_date"),
        contact=contact_of(form),
        confirmed=bool(form.get("confirmed")),
    )
    form.check()
    answer = await page.site.portal.identity.RegisterPatient(request)
    if answer.patient_id:
        return page.see(desk.patient(answer.patient_id), answer.position)
    return _with_duplicates(page, await _ask_register(page), form, answer.possible_duplicates)


def _with_duplicates(page: Page, sheet: Sheet, form: Form, duplicates: Sequence[identity.PatientEntry]) -> Response:
    form.blame("", N_("There may already be a record of this person. Look at it first."))
    return page.render(
        sheet.template,
        form=form,
        title=sheet.title,
        fields=sheet.fields,
        submit=N_("Register as another person"),
        back=sheet.back,
        here=sheet.here,
        blanks={},
        duplicates=duplicates,
    )


async def _ask_contact(page: Page) -> Sheet:
    desk = await at_desk(page, *DESK)
    patient = await patient_at(page, desk)
    return Sheet(
        title=N_("How {name} is reached"),
        fields=CONTACT,
        submit=N_("Record"),
        intro=[N_("An open invitation that went to another address ends.")],
        back=back_to(desk, patient),
        start=Form.filled(**typed(patient.contact)),
        here=HERE,
        blanks={"name": full(patient.name)},
    )


async def _record_contact(page: Page, form: Form) -> Response:
    patient_id = page.id("patient_id")
    request = identity.RecordContactRequest(patient_id=patient_id, person_id=patient_id, contact=contact_of(form))
    recorded = await page.site.portal.identity.RecordContact(request)
    return page.see(f"/practices/{page.id('practice_id')}/patients/{patient_id}", recorded.position)


async def _ask_usual_provider(page: Page) -> Sheet:
    """Also those who are not on the portal: that keeps nobody from enrolling (R29)."""
    desk = await at_desk(page, *DESK)
    patient = await patient_at(page, desk)
    request = identity.ListProvidersRequest(practice_id=desk.practice_id, page_size=200)
    providers = (await page.site.portal.identity.ListProviders(request)).providers
    known = [(one.provider_id, one.display_name) for one in providers]
    return Sheet(
        title=N_("Whom {name} usually sees"),
        fields=[Field("provider_id", N_("Usual provider"), "choice", options=known, literal=True)],
        submit=N_("Record"),
        intro=[N_("Also a provider who is not on the portal. When that one joins it, the patient is told.")],
        back=back_to(desk, patient),
        start=Form.filled(provider_id=patient.usual_provider_id),
        here=HERE,
        blanks={"name": full(patient.name)},
    )


async def _name_usual_provider(page: Page, form: Form) -> Response:
    desk = await at_desk(page, *DESK)
    patient_id, provider_id = page.id("patient_id"), form.needed("provider_id")
    form.check()
    request = identity.NameUsualProviderRequest(patient_id=patient_id, provider_id=provider_id)
    named = await page.site.portal.identity.NameUsualProvider(request)
    return page.see(desk.patient(patient_id), named.position)


async def _ask_name(page: Page) -> Sheet:
    desk = await at_desk(page, "front_desk")
    patient = await patient_at(page, desk)
    return Sheet(
        title=N_("Correct name or birth date"),
        fields=[GIVEN, FAMILY, BIRTH_DATE, DOCUMENT],
        submit=N_("Correct"),
        intro=[N_("Look at a document first. A corrected birth date acts from now on.")],
        back=back_to(desk, patient),
        start=Form.filled(name__given=patient.name.given, name__family=patient.name.family, birth_date=iso(patient)),
        here=HERE,
    )


def iso(patient: identity.GetPatientResponse) -> str:
    day = patient.birth_date
    return f"{day.year:04}-{day.month:02}-{day.day:02}"


async def _correct(page: Page, form: Form) -> Response:
    """Two commands under one key: each is carried out where something differs."""
    desk = await at_desk(page, "front_desk")
    patient = await patient_at(page, desk)
    name, birth_date, document = name_of(form), form.needed_day("birth_date"), form.needed("document")
    form.check()
    ask, position = page.site.portal.identity, ""
    if name != patient.name:
        renamed = await ask.CorrectName(
            identity.CorrectNameRequest(patient_id=patient.patient_id, name=name, document=document)
        )
        position = renamed.position
    if birth_date != patient.birth_date:
        request = identity.CorrectBirthDateRequest(
            patient_id=patient.patient_id, birth_date=birth_date, document=document
        )
        position = (await ask.CorrectBirthDate(request)).position
    return page.see(desk.patient(patient.patient_id), position)


async def _ask_person(page: Page) -> Sheet:
    desk = await at_desk(page, *DESK)
    patient = await patient_at(page, desk)
    return Sheet(
        title=N_("Register a representative or executor of {name}"),
        fields=[GIVEN, FAMILY, BIRTH_DATE, *CONTACT],
        submit=N_("Register"),
        back=back_to(desk, patient),
        here=HERE,
        blanks={"name": full(patient.name)},
    )


async def _register_person(page: Page, form: Form) -> Response:
    patient_id = page.id("patient_id")
    request = identity.RegisterPersonRequest(
        patient_id=patient_id,
        name=name_of(form),
        birth_date=form.needed_day("birth_date"),
        contact=contact_of(form),
    )
    form.check()
    registered = await page.site.portal.identity.RegisterPerson(request)
    return page.see(f"/practices/{page.id('practice_id')}/patients/{patient_id}", registered.position)


async def _ask_death(page: Page) -> Sheet:
    desk = await at_desk(page, "front_desk", "admin")
    patient = await patient_at(page, desk)
    if patient.deceased:
        title = N_("The death of {name} was recorded by mistake")
        intro = [N_("The patient's own access returns. Authorizations must be made anew.")]
    else:
        title = N_("Record the death of {name}")
        intro = [N_("All access to this record ends at once. Only an executor with verified documents sees it then.")]
    return Sheet(
        title=title,
        fields=[],
        submit=N_("Record"),
        intro=intro,
        back=back_to(desk, patient),
        start=Form.filled(deceased="yes" if patient.deceased else "no"),
        here=HERE,
        blanks={"name": full(patient.name)},
        danger=True,
        template="staff/death.html",
    )


async def _record_death(page: Page, form: Form) -> Response:
    """What the form showed is done, whatever was recorded meanwhile."""
    ask, patient_id = page.site.portal.identity, page.id("patient_id")
    if form.get("deceased") == "yes":
        position = (await ask.CorrectDeath(identity.CorrectDeathRequest(patient_id=patient_id))).position
    else:
        position = (await ask.RecordDeath(identity.RecordDeathRequest(patient_id=patient_id))).position
    return page.see(f"/practices/{page.id('practice_id')}/patients/{patient_id}", position)


async def mails(page: Page) -> Response:
    """Mails sent and come back, of the practice; ``?state=bounced`` and ``?patient=`` choose among them."""
    desk = await at_desk(page, "front_desk", "support", "admin")
    asked = page.request.query_params
    bounced, patient_id = asked.get("state") == "bounced", asked.get("patient", "")[:36]
    request = messaging.ListNotificationsRequest(
        practice_id=desk.practice_id,
        patient_id=patient_id,
        state="bounced" if bounced else "",
        page_token=page.more,
    )
    answer = await page.site.portal.messaging.ListNotifications(request)
    ids = [one.patient_id for one in answer.notifications] + [one.person_id for one in answer.notifications]
    return page.render(
        "staff/mails.html",
        mails=answer.notifications,
        bounced=bounced,
        patient_id=patient_id,
        names=await page.names(ids),
        next=answer.next_page_token,
        here="mails",
    )


REGISTER = FormPage(_ask_register, _register)
CONTACT_OF = FormPage(_ask_contact, _record_contact)
USUAL_PROVIDER = FormPage(_ask_usual_provider, _name_usual_provider)
NAME = FormPage(_ask_name, _correct)
PERSON = FormPage(_ask_person, _register_person)
DEATH = FormPage(_ask_death, _record_death)

"""The practice itself: its staff, its providers, its details, its consent form."""

from starlette.responses import Response

from shared.contracts.consent.v1 import api_pb2 as consent
from shared.contracts.identity.v1 import api_pb2 as identity
from shared.errors import NotFound
from web.acting import Desk, at_desk
from web.forms import Field, Form
from web.language import N_
from web.page import Page
from web.pages.staff.patients import FAMILY, GIVEN, full, name_of
from web.sheet import FormPage, Sheet
from web.words import options

ROLES = Field("roles", N_("Roles"), "choices", options=options("role"))


async def staff(page: Page) -> Response:
    await at_desk(page, "admin")
    found = await _listed(page)
    return page.render("staff/staff.html", staff=found, here="staff")


async def _listed(page: Page) -> list[identity.StaffMember]:
    request = identity.ListStaffRequest(practice_id=page.id("practice_id"), page_size=200)
    return list((await page.site.portal.identity.ListStaff(request)).staff)


async def _providers(page: Page) -> list[identity.Provider]:
    request = identity.ListProvidersRequest(practice_id=page.id("practice_id"), page_size=200)
    return list((await page.site.portal.identity.ListProviders(request)).providers)


async def _provider_field(page: Page) -> Field:
    return Field(
        "provider_id",
        N_("Which provider"),
        "choice",
        hint=N_("For the role provider only. Register the provider first."),
        options=[(one.provider_id, one.display_name) for one in await _providers(page)],
        required=False,
        literal=True,
    )


def _back(desk: Desk) -> tuple[str, str]:
    return f"{desk.path}/staff", N_("Staff")


async def _ask_invite(page: Page) -> Sheet:
    desk = await at_desk(page, "admin")
    return Sheet(
        title=N_("Invite a member of staff"),
        fields=[GIVEN, FAMILY, Field("email", N_("E-mail address"), "email"), ROLES, await _provider_field(page)],
        submit=N_("Invite"),
        intro=[N_("The mailed link holds for 72 hours.")],
        back=_back(desk),
        here="staff",
    )


async def _invite(page: Page, form: Form) -> Response:
    practice_id = page.id("practice_id")
    request = identity.InviteStaffRequest(
        practice_id=practice_id,
        name=name_of(form),
        email=form.needed("email"),
        roles=form.all("roles"),
        provider_id=form.get("provider_id"),
    )
    form.check()
    invited = await page.site.portal.identity.InviteStaff(request)
    return _after(page, invited.position, invited.proposal_id)


async def _member(page: Page) -> identity.StaffMember:
    wanted = page.id("staff_id")
    found = next((one for one in await _listed(page) if one.staff_id == wanted), None)
    if found is None:
        raise NotFound
    return found


async def _ask_roles(page: Page) -> Sheet:
    desk = await at_desk(page, "admin")
    member = await _member(page)
    return Sheet(
        title=N_("Roles of {name}"),
        fields=[ROLES, await _provider_field(page)],
        submit=N_("Change"),
        back=_back(desk),
        start=Form.filled(roles=list(member.roles), provider_id=member.provider_id),
        here="staff",
        blanks={"name": full(member.name)},
    )


async def _change_roles(page: Page, form: Form) -> Response:
    practice_id = page.id("practice_id")
    request = identity.ChangeStaffRolesRequest(
        practice_id=practice_id,
        staff_id=page.id("staff_id"),
        roles=form.all("roles"),
        provider_id=form.get("provider_id"),
    )
    changed = await page.site.portal.identity.ChangeStaffRoles(request)
    return _after(page, changed.position, changed.proposal_id)


def _after(page: Page, position: str, proposal_id: str) -> Response:
    """The list that shows it: that of what waits for a second admin where one must confirm first (R43)."""
    desk = f"/practices/{page.id('practice_id')}"
    return page.see(f"{desk}/confirmations" if proposal_id else f"{desk}/staff", position)


async def _ask_end(page: Page) -> Sheet:
    desk = await at_desk(page, "admin")
    member = await _member(page)
    return Sheet(
        title=N_("End the membership of {name}"),
        fields=[],
        submit=N_("End membership"),
        intro=[N_("Access ends at once, and what was given to this person returns to the queue.")],
        back=_back(desk),
        here="staff",
        blanks={"name": full(member.name)},
        danger=True,
    )


async def _end(page: Page, form: Form) -> Response:
    practice_id = page.id("practice_id")
    request = identity.EndStaffRequest(practice_id=practice_id, staff_id=page.id("staff_id"))
    ended = await page.site.portal.identity.EndStaff(request)
    return page.see(f"/practices/{practice_id}/staff", ended.position)


async def providers(page: Page) -> Response:
    return await _show_providers(page, Form())


async def _show_providers(page: Page, form: Form) -> Response:
    await at_desk(page)
    return page.render("staff/providers.html", form=form, providers=await _providers(page), here="providers")


async def activate(page: Page) -> Response:
    async def act(form: Form) -> Response:
        practice_id = page.id("practice_id")
        request = identity.ActivateProviderRequest(practice_id=practice_id, provider_id=page.id("provider_id"))
        activated = await page.site.portal.identity.ActivateProvider(request)
        return page.see(f"/practices/{practice_id}/providers", activated.position)

    return await page.submit(act, lambda form: _show_providers(page, form))


async def deactivate(page: Page) -> Response:
    async def act(form: Form) -> Response:
        practice_id = page.id("practice_id")
        request = identity.DeactivateProviderRequest(practice_id=practice_id, provider_id=page.id("provider_id"))
        deactivated = await page.site.portal.identity.DeactivateProvider(request)
        return page.see(f"/practices/{practice_id}/providers", deactivated.position)

    return await page.submit(act, lambda form: _show_providers(page, form))


async def _ask_provider(page: Page) -> Sheet:
    desk = await at_desk(page, "admin")
    return Sheet(
        title=N_("Register a provider"),
        fields=[
            GIVEN,
            FAMILY,
            Field("credentials", N_("Letters after the name"), hint=N_("For example MD."), required=False),
            Field("npi", N_("National provider identifier"), hint=N_("Ten digits.")),
        ],
        submit=N_("Register"),
        intro=[N_("A provider takes part in the portal once activated.")],
        back=(f"{desk.path}/providers", N_("Providers")),
        here="providers",
    )


async def _register_provider(page: Page, form: Form) -> Response:
    practice_id = page.id("practice_id")
    request = identity.RegisterProviderRequest(
        practice_id=practice_id, name=name_of(form), credentials=form.get("credentials"), npi=form.needed("npi")
    )
    form.check()
    registered = await page.site.portal.identity.RegisterProvider(request)
    return page.see(f"/practices/{practice_id}/providers", registered.position)


DETAILS = (
    Field("name", N_("Name of the practice")),
    Field("support_phone", N_("Support phone"), "tel"),
    Field("support_email", N_("Support e-mail"), "email"),
    Field("support_hours", N_("Support hours"), hint=N_("In words, as patients read them.")),
    Field("address.street", N_("Street and number"), required=False),
    Field("address.city", N_("City"), required=False),
    Field("address.state", N_("State"), required=False),
    Field("address.postal_code", N_("Postal code"), required=False),
    Field("fax", N_("Fax"), "tel", required=False),
)


async def _ask_details(page: Page) -> Sheet:
    desk = await at_desk(page, "admin")
    known = await page.site.practices.one(desk.practice_id)
    return Sheet(
        title=N_("Details of the practice"),
        fields=DETAILS,
        submit=N_("Save"),
        intro=[N_("Patients find these on every page that says that something went wrong.")],
        start=Form.filled(
            name=known.name,
            support_phone=known.support_phone,
            support_email=known.support_email,
            support_hours=known.support_hours,
            address__street=known.address.street,
            address__city=known.address.city,
            address__state=known.address.state,
            address__postal_code=known.address.postal_code,
            fax=known.fax,
        ),
        here="details",
        template="staff/details.html",
    )


async def _set_up(page: Page, form: Form) -> Response:
    practice_id = page.id("practice_id")
    request = identity.SetUpPracticeRequest(
        practice_id=practice_id,
        name=form.needed("name"),
        support_phone=form.get("support_phone"),
        support_email=form.get("support_email"),
        support_hours=form.get("support_hours"),
        address=identity.PostalAddress(
            street=form.get("address.street"),
            city=form.get("address.city"),
            state=form.get("address.state"),
            postal_code=form.get("address.postal_code"),
        ),
        fax=form.get("fax"),
    )
    form.check()
    saved = await page.site.portal.identity.SetUpPractice(request)
    page.site.practices.forget(practice_id)
    return page.see(f"/practices/{practice_id}", saved.position)


async def _ask_form(page: Page) -> Sheet:
    desk = await at_desk(page, "admin")
    known = await page.site.portal.consent.GetForm(consent.GetFormRequest(practice_id=desk.practice_id))
    texts = {text.language: text.text for text in known.texts}
    return Sheet(
        title=N_("Portal consent form"),
        fields=[
            Field("texts.en", N_("Text in English"), "area"),
            Field("texts.es", N_("Text in Spanish"), "area", required=False),
        ],
        submit=N_("Publish a new version"),
        intro=[N_("Everybody signs the new version at the next sign-in; those let in go on for 30 days.")],
        back=(f"{desk.path}/details", N_("Practice")),
        start=Form.filled(texts__en=texts.get("en", ""), texts__es=texts.get("es", "")),
        here="details",
        danger=True,
    )


async def _publish_form(page: Page, form: Form) -> Response:
    practice_id = page.id("practice_id")
    texts = [consent.FormText(language="en", text=form.needed("texts.en"))]
    if form.get("texts.es"):
        texts.append(consent.FormText(language="es", text=form.get("texts.es")))
    form.check()
    request = consent.PublishFormRequest(practice_id=practice_id, texts=texts)
    published = await page.site.portal.consent.PublishForm(request)
    return page.see(f"/practices/{practice_id}/consent-form", published.position)


INVITE = FormPage(_ask_invite, _invite)
CHANGE_ROLES = FormPage(_ask_roles, _change_roles)
END = FormPage(_ask_end, _end)
REGISTER_PROVIDER = FormPage(_ask_provider, _register_provider)
SET_UP = FormPage(_ask_details, _set_up)
CONSENT_FORM = FormPage(_ask_form, _publish_form)

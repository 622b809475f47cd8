"""How a practice releases results and documents: by hand, or at once where a provider signed for a category (R14)."""

from starlette.responses import Response

from shared.contracts.documents.v1 import api_pb2 as documents
from web.acting import at_desk
from web.forms import Field, Form
from web.language import N_
from web.page import Page
from web.sheet import FormPage, Sheet
from web.words import options

HERE = "details"
READERS = ("provider", "clinical", "admin")


async def policy(page: Page) -> Response:
    return await _show(page, Form())


async def _show(page: Page, form: Form) -> Response:
    desk = await at_desk(page, *READERS)
    request = documents.GetReleasePolicyRequest(practice_id=desk.practice_id)
    found = await page.site.portal.documents.GetReleasePolicy(request)
    return page.render(
        "staff/release.html",
        form=form,
        policy=found,
        names=await page.names(one.provider_id for one in found.standing_approvals),
        here=HERE if desk.has("admin") else "approvals",
    )


async def _ask_choice(page: Page) -> Sheet:
    desk = await at_desk(page, "admin")
    request = documents.GetReleasePolicyRequest(practice_id=desk.practice_id)
    found = await page.site.portal.documents.GetReleasePolicy(request)
    return Sheet(
        title=N_("Change how results are released"),
        fields=[Field("choice", N_("Results become visible"), "radio", options=options("release_choice"))],
        submit=N_("Save"),
        intro=[N_("The choice holds for what arrives from now on.")],
        back=(f"{desk.path}/release", N_("Release of results")),
        start=Form.filled(choice=found.choice),
        here=HERE,
    )


async def _choose(page: Page, form: Form) -> Response:
    practice_id, choice = page.id("practice_id"), form.needed("choice")
    form.check()
    request = documents.ChooseReleasePolicyRequest(practice_id=practice_id, choice=choice)
    chosen = await page.site.portal.documents.ChooseReleasePolicy(request)
    return page.see(f"/practices/{practice_id}/release", chosen.position)


async def _ask_sign(page: Page) -> Sheet:
    desk = await at_desk(page, "provider")
    return Sheet(
        title=N_("Sign a standing approval"),
        fields=[Field("category", N_("Category"), "choice", options=options("standing"))],
        submit=N_("Sign"),
        intro=[
            N_("You approve everything of this category in advance, in your name, until you end it."),
            N_("It counts only while the practice has chosen that they become visible on arrival."),
        ],
        back=(f"{desk.path}/release", N_("Release of results")),
        here="approvals",
    )


async def _sign(page: Page, form: Form) -> Response:
    practice_id, category = page.id("practice_id"), form.needed("category")
    form.check()
    request = documents.SignStandingApprovalRequest(practice_id=practice_id, category=category)
    signed = await page.site.portal.documents.SignStandingApproval(request)
    return page.see(f"/practices/{practice_id}/release", signed.position)


async def revoke(page: Page) -> Response:
    async def act(form: Form) -> Response:
        practice_id = page.id("practice_id")
        request = documents.RevokeStandingApprovalRequest(practice_id=practice_id, approval_id=page.id("approval_id"))
        revoked = await page.site.portal.documents.RevokeStandingApproval(request)
        return page.see(f"/practices/{practice_id}/release", revoked.position)

    return await page.submit(act, lambda form: _show(page, form))


CHOICE = FormPage(_ask_choice, _choose)
STANDING = FormPage(_ask_sign, _sign)

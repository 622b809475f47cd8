"""Passkeys: the one place that needs a script, served from here alone (R40); password and app go on beside them."""

from collections.abc import Sequence

from starlette.responses import Response

from shared.contracts.identity.v1 import api_pb2 as identity
from shared.errors import NotFound
from web import sessions
from web.forms import Field, Form
from web.guard import headers_of
from web.language import N_
from web.page import Page, local_path
from web.pages.account import BACK
from web.sheet import FormPage, Sheet
from web.site import static_version

LIST = ("/account/passkeys", N_("Passkeys"))
NAME = Field("name", N_("Name of the passkey"), hint=N_("To know it by, for example My phone."))


async def listed(page: Page) -> Response:
    found = await page.site.portal.identity.ListPasskeys(identity.ListPasskeysRequest())
    return page.render("passkeys.html", passkeys=found.passkeys, back=BACK, here="")


async def _ask_new(page: Page) -> Sheet:
    return Sheet(
        title=N_("Add a passkey"),
        fields=[NAME],
        submit=N_("Begin"),
        intro=[N_("Your device asks you to unlock it. Nothing of your face, finger or PIN leaves it.")],
        back=LIST,
    )


async def _begin(page: Page, form: Form) -> Response:
    name = form.needed("name")
    form.check()
    begun = await page.site.portal.identity.BeginPasskey(identity.BeginPasskeyRequest())
    return _show(page, Form(), begun.options, hidden=[("name", name)])


async def confirm(page: Page) -> Response:
    """What the device made. A challenge counts once: after a refusal one begins again."""

    async def act(form: Form) -> Response:
        request = identity.AddPasskeyRequest(credential=form.raw("credential"), name=form.needed("name"))
        form.check()
        added = await page.site.portal.identity.AddPasskey(request)
        return page.see("/account/passkeys", added.position)

    async def again(form: Form) -> Response:
        return (await _ask_new(page)).show(page, form)

    return await page.submit(act, again)


async def _ask_remove(page: Page) -> Sheet:
    found = await page.site.portal.identity.ListPasskeys(identity.ListPasskeysRequest())
    one = next((one for one in found.passkeys if one.passkey_id == page.id("passkey_id")), None)
    if one is None:
        raise NotFound
    return Sheet(
        title=N_("Remove the passkey {name}"),
        fields=[],
        submit=N_("Remove"),
        intro=[N_("It no longer signs you in. Your password does, with the authenticator app if you have one.")],
        back=LIST,
        blanks={"name": one.name},
        danger=True,
    )


async def _remove(page: Page, form: Form) -> Response:
    request = identity.RemovePasskeyRequest(passkey_id=page.id("passkey_id"))
    removed = await page.site.portal.identity.RemovePasskey(request)
    return page.see("/account/passkeys", removed.position)


async def show_sign_in(page: Page) -> Response:
    return await _show_sign_in(page, Form.filled(next=local_path(page.request.query_params.get("next", "/"))))


async def _show_sign_in(page: Page, form: Form) -> Response:
    begun = await page.site.portal.identity.BeginPasskeySignIn(identity.BeginPasskeySignInRequest())
    return _show(page, form, begun.options, hidden=[("next", local_path(form.get("next") or "/"))], is_sign_in=True)


async def sign_in(page: Page) -> Response:
    async def act(form: Form) -> Response:
        answer = await page.site.sessions.open_with_passkey(page.browser, form.raw("credential"))
        page.take_session(answer.cookie)
        response = page.see(local_path(form.get("next") or "/"))
        sessions.give_device(response, answer.device)
        return response

    return await page.submit(act, lambda form: _show_sign_in(page, form))


def _show(
    page: Page, form: Form, options: str, *, hidden: Sequence[tuple[str, str]], is_sign_in: bool = False
) -> Response:
    """The page with the script. Its policy alone lets one run, from here and nowhere else."""
    response = page.render(
        "passkey.html",
        form=form,
        title=N_("Sign in with a passkey") if is_sign_in else N_("Add a passkey"),
        intro=[N_("Press the button and unlock your device.")],
        back=("/sign-in", N_("Sign in")) if is_sign_in else LIST,
        is_sign_in=is_sign_in,
        options=options,
        hidden=hidden,
        script=f"/static/passkeys.js?v={static_version('passkeys.js')}",
        here="",
    )
    policy = headers_of(page.site.settings)["content-security-policy"]
    response.headers["content-security-policy"] = f"{policy}; script-src 'self'"
    return response


NEW = FormPage(_ask_new, _begin)
REMOVE = FormPage(_ask_remove, _remove)

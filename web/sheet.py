"""Pages that are one form: how it is asked, and the command that its sending carries out."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

from starlette.responses import Response

from web.forms import Field, Form
from web.page import Page


@dataclass(frozen=True, slots=True)
class Sheet:
    """What one form asks for. Title, introduction and button are texts to be translated, with ``blanks`` filled in."""

    title: str
    fields: Sequence[Field]
    submit: str
    intro: Sequence[str] = ()
    back: tuple[str, str] | None = None
    """Path and text of the way back."""
    start: Form = field(default_factory=Form)
    """What the form begins with."""
    here: str = ""
    """The word of the navigation's link that this page belongs to."""
    blanks: Mapping[str, str] = field(default_factory=dict)
    urgent: bool = False
    """Says that this is not for urgent matters (R5)."""
    danger: bool = False
    template: str = "form.html"
    values: Mapping[str, object] = field(default_factory=dict)
    """What the template needs besides."""

    def show(self, page: Page, form: Form) -> Response:
        shown: dict[str, object] = {
            "title": self.title,
            "fields": self.fields,
            "submit": self.submit,
            "intro": self.intro,
            "back": self.back,
            "here": self.here,
            "blanks": self.blanks,
            "urgent_matters": self.urgent,
            "danger": self.danger,
            **self.values,
        }
        return page.show(self.template, shown, form=form)


@dataclass(frozen=True, slots=True)
class FormPage:
    """GET shows the sheet; POST carries it out, or shows it again with what is wrong."""

    ask: Callable[[Page], Awaitable[Sheet]]
    act: Callable[[Page, Form], Awaitable[Response]]
    most_files: int = 0

    async def get(self, page: Page) -> Response:
        sheet = await self.ask(page)
        return sheet.show(page, sheet.start)

    async def post(self, page: Page) -> Response:
        page.most_files = self.most_files

        async def act(form: Form) -> Response:
            return await self.act(page, form)

        async def show(form: Form) -> Response:
            return (await self.ask(page)).show(page, form)

        return await page.submit(act, show)

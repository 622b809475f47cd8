"""The texts of the portal's mails, in English and Spanish: that something is there, and a link; nothing else (R35)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

LANGUAGES = ("en", "es")


@dataclass(frozen=True, slots=True)
class Wording:
    """One kind of mail in one language. ``{practice}`` is the only name that may stand in it."""

    subject: str
    text: str
    link: str


@dataclass(frozen=True, slots=True)
class Frame:
    """What stands around every mail in one language."""

    phone: str
    once: str
    junk: str
    automatic: str


@dataclass(frozen=True, slots=True)
class Letter:
    """What was written, for whoever sends it: no address is in it."""

    subject: str
    text: str
    html: str
    language: str


@dataclass(frozen=True, slots=True)
class Sender:
    """The practice on whose behalf a mail is written; phone may be empty."""

    practice: str
    phone: str


WORDINGS: Mapping[str, Mapping[str, Wording]] = {
    "invitation": {
        "en": Wording(
            "Your invitation to the patient portal of {practice}",
            "{practice} invites you to its patient portal. Open this link to begin:",
            "Begin",
        ),
        "es": Wording(
            "Su invitación al portal para pacientes de {practice}",
            "{practice} le invita a su portal para pacientes. Abra este enlace para comenzar:",
            "Comenzar",
        ),
    },
    "staff-invitation": {
        "en": Wording(
            "Your invitation to the portal's staff pages of {practice}",
            "{practice} invites you to work with its patient portal. Open this link to begin:",
            "Begin",
        ),
        "es": Wording(
            "Su invitación a las páginas del personal de {practice}",
            "{practice} le invita a trabajar con su portal para pacientes. Abra este enlace para comenzar:",
            "Comenzar",
        ),
    },
    "message": {
        "en": Wording(
            "You have a new message from {practice}",
            "A message is waiting for you in the patient portal of {practice}. Sign in to read it:",
            "Sign in",
        ),
        "es": Wording(
            "Tiene un mensaje nuevo de {practice}",
            "Un mensaje le espera en el portal para pacientes de {practice}. Inicie sesión para leerlo:",
            "Iniciar sesión",
        ),
    },
    "reminder": {
        "en": Wording(
            "A message from {practice} is still unread",
            "A message in the patient portal of {practice} has not been read yet. Sign in to read it:",
            "Sign in",
        ),
        "es": Wording(
            "Un mensaje de {practice} sigue sin leer",
            "Un mensaje en el portal para pacientes de {practice} aún no se ha leído. Inicie sesión para leerlo:",
            "Iniciar sesión",
        ),
    },
    "document": {
        "en": Wording(
            "A document is available at {practice}",
            "A document is available in the patient portal of {practice}. Sign in to see it:",
            "Sign in",
        ),
        "es": Wording(
            "Hay un documento disponible en {practice}",
            "Hay un documento disponible en el portal para pacientes de {practice}. Inicie sesión para verlo:",
            "Iniciar sesión",
        ),
    },
    "statement": {
        "en": Wording(
            "A statement is available at {practice}",
            "A statement is available in the patient portal of {practice}. Sign in to see it:",
            "Sign in",
        ),
        "es": Wording(
            "Hay un estado de cuenta disponible en {practice}",
            "Hay un estado de cuenta disponible en el portal para pacientes de {practice}. Inicie sesión para verlo:",
            "Iniciar sesión",
        ),
    },
    "appointment": {
        "en": Wording(
            "News about an appointment at {practice}",
            "There is news about an appointment in the patient portal of {practice}. Sign in to see it:",
            "Sign in",
        ),
        "es": Wording(
            "Novedades sobre una cita en {practice}",
            "Hay novedades sobre una cita en el portal para pacientes de {practice}. Inicie sesión para verlas:",
            "Iniciar sesión",
        ),
    },
    "appointment-reminder": {
        "en": Wording(
            "A reminder of an appointment at {practice}",
            "An appointment at {practice} is coming up. Sign in to see when:",
            "Sign in",
        ),
        "es": Wording(
            "Recordatorio de una cita en {practice}",
            "Se acerca una cita en {practice}. Inicie sesión para ver cuándo es:",
            "Iniciar sesión",
        ),
    },
    "refill": {
        "en": Wording(
            "A request of yours was answered by {practice}",
            "A request in the patient portal of {practice} has been answered. Sign in to see the answer:",
            "Sign in",
        ),
        "es": Wording(
            "{practice} ha respondido a una solicitud suya",
            "Se ha respondido a una solicitud en el portal para pacientes de {practice}. Inicie sesión para verla:",
            "Iniciar sesión",
        ),
    },
    "access": {
        "en": Wording(
            "Access to the patient portal of {practice} has changed",
            "Who has access in the patient portal of {practice} has changed. Sign in to see how it is now. "
            "If you did not expect this, call the practice.",
            "Sign in",
        ),
        "es": Wording(
            "El acceso al portal para pacientes de {practice} ha cambiado",
            "Ha cambiado quién tiene acceso en el portal para pacientes de {practice}. Inicie sesión para ver cómo "
            "está ahora. Si no lo esperaba, llame al consultorio.",
            "Iniciar sesión",
        ),
    },
    "signing": {
        "en": Wording(
            "A form to sign from {practice}",
            "{practice} asks you to read and sign the form for its patient portal. Open this link:",
            "Read the form",
        ),
        "es": Wording(
            "Un formulario para firmar de {practice}",
            "{practice} le pide leer y firmar el formulario de su portal para pacientes. Abra este enlace:",
            "Leer el formulario",
        ),
    },
    "access-ahead": {
        "en": Wording(
            "Access to the patient portal of {practice} will change soon",
            "What can be seen in the patient portal of {practice} will change soon. Sign in to see from when on, or "
            "call the practice.",
            "Sign in",
        ),
        "es": Wording(
            "El acceso al portal para pacientes de {practice} cambiará pronto",
            "Lo que se puede ver en el portal para pacientes de {practice} cambiará pronto. Inicie sesión para ver "
            "desde cuándo, o llame al consultorio.",
            "Iniciar sesión",
        ),
    },
    "transmission": {
        "en": Wording(
            "Something is shared with you through the patient portal of {practice}",
            "Somebody shares something with you through the patient portal of {practice}. Open this link within 7 days "
            "and give the code that they tell you; we do not mail it.",
            "Open",
        ),
        "es": Wording(
            "Alguien comparte algo con usted por el portal para pacientes de {practice}",
            "Alguien comparte algo con usted por el portal para pacientes de {practice}. Abra este enlace en los "
            "próximos 7 días e introduzca el código que esa persona le diga; no lo enviamos por correo.",
            "Abrir",
        ),
    },
    "recovery": {
        "en": Wording(
            "A new password for the patient portal of {practice}",
            "Somebody asked for a new password for the patient portal of {practice}. If it was you, choose it within "
            "60 minutes by this link. If not, do nothing: your password stays as it is.",
            "Choose a new password",
        ),
        "es": Wording(
            "Una contraseña nueva para el portal para pacientes de {practice}",
            "Alguien pidió una contraseña nueva para el portal para pacientes de {practice}. Si fue usted, elíjala en "
            "los próximos 60 minutos con este enlace. Si no, no haga nada: su contraseña no cambia.",
            "Elegir una contraseña nueva",
        ),
    },
    "recovery-withheld": {
        "en": Wording(
            "Somebody asked for a new password for the patient portal of {practice}",
            "Somebody asked for a new password for the patient portal of {practice}. As more than one person is "
            "reached at this address, we send no link. If it was you, call the practice. The help page is here:",
            "Having trouble?",
        ),
        "es": Wording(
            "Alguien pidió una contraseña nueva para el portal para pacientes de {practice}",
            "Alguien pidió una contraseña nueva para el portal para pacientes de {practice}. Como más de una persona "
            "usa esta dirección, no enviamos ningún enlace. Si fue usted, llame al consultorio. La página de ayuda:",
            "¿Tiene problemas?",
        ),
    },
    "address-confirmation": {
        "en": Wording(
            "Confirm this address for the patient portal of {practice}",
            "Somebody wants mails of the patient portal of {practice} to go to this address. If it was you, confirm it "
            "within 60 minutes by this link. If not, do nothing: then nothing changes.",
            "Confirm this address",
        ),
        "es": Wording(
            "Confirme esta dirección para el portal para pacientes de {practice}",
            "Alguien quiere que los correos del portal para pacientes de {practice} lleguen a esta dirección. Si fue "
            "usted, confírmelo en los próximos 60 minutos con este enlace. Si no, no haga nada: no cambiará nada.",
            "Confirmar esta dirección",
        ),
    },
    "security": {
        "en": Wording(
            "The security of your account at {practice} has changed",
            "Something about how you sign in to the patient portal of {practice} has changed or was asked for. "
            "If it was not you, call the practice at once. Sign in to see how it is now:",
            "Sign in",
        ),
        "es": Wording(
            "La seguridad de su cuenta en {practice} ha cambiado",
            "Algo ha cambiado, o se ha pedido, en su forma de entrar al portal para pacientes de {practice}. "
            "Si no fue usted, llame enseguida al consultorio. Inicie sesión para ver cómo está ahora:",
            "Iniciar sesión",
        ),
    },
}

FRAMES: Mapping[str, Frame] = {
    "en": Frame(
        "Questions? Call {practice}: {phone}",
        "The link works once and only for you. Nobody will ask you for it.",
        "So that you do not miss our mails, look into your junk folder, too, and mark this one as wanted.",
        "This mail was sent automatically; replies are not read. In an emergency call 911.",
    ),
    "es": Frame(
        "¿Preguntas? Llame a {practice}: {phone}",
        "El enlace funciona una sola vez y solo para usted. Nadie se lo pedirá.",
        "Para no perderse nuestros correos, mire también en el correo no deseado y marque este como deseado.",
        "Este correo se envió automáticamente; no se leen las respuestas. En una emergencia llame al 911.",
    ),
}

ONE_TIME = frozenset({"invitation", "staff-invitation", "recovery", "address-confirmation"})
"""Kinds whose link is a secret of its own, with the reminder of the junk folder (R8)."""


def write(kind: str, language: str, sender: Sender, link: str, further: Sequence[tuple[str, str]] = ()) -> Letter:
    """The letter of that kind; an unknown language gets English.

    ``further``: practice and link of each further account, so that each link is named by its practice (R24).
    """
    language = language if language in LANGUAGES else "en"
    wording, frame = WORDINGS[kind][language], FRAMES[language]
    practice, phone = _one_line(sender.practice), _one_line(sender.phone)
    before = [wording.text.format(practice=practice)]
    after = [frame.once, frame.junk] if kind in ONE_TIME else []
    if phone:
        after.append(frame.phone.format(practice=practice, phone=phone))
    after.append(frame.automatic)
    links = [(wording.link, link)]
    if further:
        links = [(_one_line(named), url) for named, url in [(practice, link), *further]]
    shown = [f"{label}:\n{url}" for label, url in links] if further else [link]
    return Letter(
        subject=wording.subject.format(practice=practice),
        text="\n\n".join([*before, *shown, *after]) + "\n",
        html=_html(language, before, links, after),
        language=language,
    )


def _html(language: str, before: list[str], links: list[tuple[str, str]], after: list[str]) -> str:
    shown = "".join(f"<p>{escape(paragraph)}</p>" for paragraph in before)
    anchors = "".join(
        f'<p><a href="{escape(url)}" rel="noreferrer">{escape(label)}</a></p><p>{escape(url)}</p>'
        for label, url in links
    )
    rest = "".join(f"<p>{escape(paragraph)}</p>" for paragraph in after)
    title = escape(links[0][0])
    return (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8"><title>{title}</title></head>'
        f"<body>{shown}{anchors}{rest}</body></html>\n"
    )


def _one_line(text: str) -> str:
    """Names come from people: no line break gets into a header."""
    return " ".join(text.split())

"""The first version of every practice's portal consent form; a practice publishes its own words over it."""

from services.consent.domain.practice import FormText

_ENGLISH = """\
Patient Portal Consent

I ask to use this practice's patient portal. It is offered free of charge and is optional: without it I can still be \
treated, call the practice and pay my bills.

The portal is not for urgent matters. In an emergency I call 911. Messages are read during business hours only, and a \
reply may take up to two business days.

Through the portal I can write to the practice, ask for appointments and refills, read results and documents that the \
practice has released to me, and see and pay my bills. The practice tells me by e-mail that something is there; such \
mails hold no health information.

My account is mine alone. I keep my password to myself and do not share it with anybody. I tell the practice when my \
e-mail address changes or when I believe that somebody else has used my account.

I can withdraw this consent at any time, in the portal or at the practice. Then my access ends at once, and so does \
the access of everybody whom I let in. My record itself stays with the practice.
"""

_SPANISH = """\
Consentimiento para el portal del paciente

Solicito usar el portal del paciente de este consultorio. Es gratuito y opcional: sin él puedo seguir recibiendo \
atención, llamar al consultorio y pagar mis facturas.

El portal no es para asuntos urgentes. En una emergencia llamo al 911. Los mensajes se leen solo en horario de \
atención, y la respuesta puede tardar hasta dos días hábiles.

En el portal puedo escribir al consultorio, pedir citas y renovaciones de recetas, leer los resultados y documentos \
que el consultorio me haya entregado, y ver y pagar mis facturas. El consultorio me avisa por correo electrónico de \
que hay algo nuevo; esos correos no contienen información de salud.

Mi cuenta es solo mía. Guardo mi contraseña y no la comparto con nadie. Aviso al consultorio si cambia mi dirección \
de correo o si creo que otra persona ha usado mi cuenta.

Puedo retirar este consentimiento en cualquier momento, en el portal o en el consultorio. Entonces mi acceso termina \
de inmediato, y también el de todas las personas a las que yo haya autorizado. Mi expediente sigue en el consultorio.
"""

FIRST_FORM = (FormText("en", _ENGLISH), FormText("es", _SPANISH))

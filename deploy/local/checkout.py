"""What the local payment processor does with sessions, payments and refunds; the events it tells of them."""

import time
from collections.abc import Mapping

from deploy.local.ledger import Ledger, Object, new_id

SESSION_SECONDS = 24 * 3600
COMPLETED, EXPIRED = "checkout.session.completed", "checkout.session.expired"
SUCCEEDED, FAILED = "checkout.session.async_payment_succeeded", "checkout.session.async_payment_failed"
REFUNDED, DISPUTED, DECIDED = "charge.refunded", "charge.dispute.created", "charge.dispute.closed"
TAKEN, RETURNED = "charge.dispute.funds_withdrawn", "charge.dispute.funds_reinstated"


class Invalid(Exception):
    """The request does not fit; ``param`` names the field as Stripe writes it."""

    def __init__(self, message: str, param: str = "") -> None:
        super().__init__(message)
        self.param = param


def open_session(ledger: Ledger, fields: Object, base_url: str) -> Object:
    """A session for the sum of the lines, open until paid, declined or expired."""
    if fields.get("mode") != "payment":
        raise Invalid("expected mode payment", "mode")
    amount, currency = total(fields.get("line_items"))
    session_id = new_id("cs_local")
    session: Object = {
        "id": session_id,
        "object": "checkout.session",
        "amount_subtotal": amount,
        "amount_total": amount,
        "cancel_url": address(fields, "cancel_url"),
        "client_reference_id": fields.get("client_reference_id"),
        "created": int(time.time()),
        "currency": currency,
        "expires_at": int(fields.get("expires_at") or time.time() + SESSION_SECONDS),
        "livemode": False,
        "metadata": texts(fields.get("metadata")),
        "mode": "payment",
        "payment_intent": None,
        "payment_status": "unpaid",
        "status": "open",
        "success_url": address(fields, "success_url").replace("{CHECKOUT_SESSION_ID}", session_id),
        "url": f"{base_url}/pay/{session_id}",
    }
    intent_data = fields.get("payment_intent_data")
    session["portal_intent_metadata"] = texts(intent_data.get("metadata") if isinstance(intent_data, dict) else None)
    ledger.put(session)
    return session


def total(lines: object) -> tuple[int, str]:
    """Sum in the smallest unit, and the one currency of all lines."""
    if not isinstance(lines, list) or not lines:
        raise Invalid("expected at least one line", "line_items")
    amount, currencies = 0, set()
    for line in lines:
        try:
            price = line["price_data"]
            amount += whole(price["unit_amount"]) * whole(line.get("quantity", 1))
            currencies.add(str(price["currency"]).lower())
        except (KeyError, TypeError, ValueError):
            raise Invalid("expected quantity and price_data with currency and unit_amount", "line_items") from None
    if amount <= 0 or len(currencies) != 1:
        raise Invalid("expected a positive amount in one currency", "line_items")
    return amount, currencies.pop()


def whole(value: object) -> int:
    """Stripe's forms send numbers as text; a fraction of a cent is none."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise ValueError("expected a whole number")
    return int(value)


def texts(value: object) -> dict[str, str]:
    return {str(key): str(text) for key, text in value.items()} if isinstance(value, Mapping) else {}


def address(fields: Object, name: str) -> str:
    value = str(fields.get(name) or "")
    if not value.startswith(("https://", "http://")):
        raise Invalid("expected an address", name)
    return value


def pay(ledger: Ledger, session: Object, *, settled: bool) -> Object:
    """By card, at once (``settled``), or by a bank that answers later. Only an open session can be paid."""
    if session["status"] != "open":
        return session
    intent = {
        "id": new_id("pi_local"),
        "object": "payment_intent",
        "amount": session["amount_total"],
        "amount_refunded": 0,
        "currency": session["currency"],
        "latest_charge": new_id("ch_local"),
        "metadata": session["portal_intent_metadata"],
        "status": "succeeded" if settled else "processing",
    }
    changed = {
        **session,
        "payment_intent": intent["id"],
        "payment_status": "paid" if settled else "unpaid",
        "status": "complete",
    }
    ledger.put(intent)
    ledger.put(changed)
    ledger.tell(COMPLETED, changed)
    return changed


def settle(ledger: Ledger, session: Object, *, succeeded: bool) -> Object:
    """The bank's late answer to a payment that was left pending; only the first counts."""
    intent = ledger.get(session["payment_intent"] or "")
    if intent is None or intent["status"] != "processing":
        return session
    changed = {**session, "payment_status": "paid" if succeeded else "unpaid"}
    ledger.put({**intent, "status": "succeeded" if succeeded else "canceled"})
    ledger.put(changed)
    ledger.tell(SUCCEEDED if succeeded else FAILED, changed)
    return changed


def expire(ledger: Ledger, session: Object) -> Object:
    """Declined, or too old: it can no longer be paid."""
    if session["status"] != "open":
        return session
    changed = {**session, "status": "expired", "url": None}
    ledger.put(changed)
    ledger.tell(EXPIRED, changed)
    return changed


def expire_old(ledger: Ledger) -> None:
    for session in ledger.all("checkout.session"):
        if session["status"] == "open" and session["expires_at"] <= time.time():
            with ledger.changing():
                expire(ledger, session)


def refund(ledger: Ledger, fields: Object) -> Object:
    """Sends back at most what came in and was not sent back before."""
    intent = ledger.get(str(fields.get("payment_intent")))
    if intent is None or intent["object"] != "payment_intent":
        raise Invalid("no such payment_intent", "payment_intent")
    left = intent["amount"] - intent["amount_refunded"]
    try:
        amount = whole(fields["amount"]) if "amount" in fields else left
    except ValueError:
        raise Invalid("expected a whole number", "amount") from None
    if intent["status"] != "succeeded" or not 0 < amount <= left:
        raise Invalid("expected an amount that was paid and not refunded yet", "amount")
    changed = {**intent, "amount_refunded": intent["amount_refunded"] + amount}
    made = {
        "id": new_id("re_local"),
        "object": "refund",
        "amount": amount,
        "charge": intent["latest_charge"],
        "created": int(time.time()),
        "currency": intent["currency"],
        "metadata": texts(fields.get("metadata")),
        "payment_intent": intent["id"],
        "status": "succeeded",
    }
    ledger.put(changed)
    ledger.put(made)
    ledger.tell(REFUNDED, charge(changed))
    return made


def dispute(ledger: Ledger, session: Object) -> Object:
    """The cardholder's bank takes the money back until the dispute is decided; once a payment."""
    intent = ledger.get(session["payment_intent"] or "")
    if intent is None or intent["status"] != "succeeded" or intent.get("portal_dispute"):
        return session
    amount = intent["amount"] - intent["amount_refunded"]
    made = {
        "id": new_id("du_local"),
        "object": "dispute",
        "amount": amount,
        "balance_transactions": [moved(-amount)],
        "charge": intent["latest_charge"],
        "currency": intent["currency"],
        "metadata": {},
        "payment_intent": intent["id"],
        "reason": "general",
        "status": "needs_response",
    }
    ledger.put(made)
    ledger.put({**intent, "portal_dispute": made["id"]})
    ledger.tell(DISPUTED, made)
    ledger.tell(TAKEN, made)
    return session


def decide(ledger: Ledger, session: Object, *, won: bool) -> Object:
    """The cardholder's bank decides a dispute; won by the practice, the money comes back. Only the first counts."""
    intent = ledger.get(session["payment_intent"] or "")
    open_one = ledger.get(intent["portal_dispute"]) if intent is not None and "portal_dispute" in intent else None
    if open_one is None or open_one["status"] != "needs_response":
        return session
    moves = [*open_one["balance_transactions"], *([moved(open_one["amount"])] if won else [])]
    decided = {**open_one, "status": "won" if won else "lost", "balance_transactions": moves}
    ledger.put(decided)
    ledger.tell(DECIDED, decided)
    if won:
        ledger.tell(RETURNED, decided)
    return session


def moved(amount: int) -> Object:
    """Money that a dispute moved: negative where it left the practice."""
    return {"id": new_id("txn_local"), "object": "balance_transaction", "amount": amount, "fee": 0, "net": amount}


def charge(intent: Object) -> Object:
    return {
        "id": intent["latest_charge"],
        "object": "charge",
        "amount": intent["amount"],
        "amount_refunded": intent["amount_refunded"],
        "currency": intent["currency"],
        "metadata": intent["metadata"],
        "paid": True,
        "payment_intent": intent["id"],
        "refunded": intent["amount_refunded"] == intent["amount"],
        "status": "succeeded",
    }

"""Bills as a caller may see them: charges, statements, balance, and the money that staff have to send back."""

from google.api.httpbody_pb2 import HttpBody

from services.billing import messages
from services.billing.api.callers import before, named_statement, sees_all
from services.billing.projections import balances, charges, payments, statements
from services.billing.statement_pdf import WORDS, statement_pdf
from shared.contracts.billing.v1 import api_pb2
from shared.names import Names
from shared.rpc.call import Call
from shared.rpc.fields import choice_field, uuid_field
from shared.rpc.owning import own_patients


class Reading:
    """Queries; a statement's charges and payments are read at one moment."""

    def __init__(self, names: Names) -> None:
        self._names = names

    async def ListCharges(self, request: api_pb2.ListChargesRequest, call: Call) -> api_pb2.ListChargesResponse:
        keyset, size = call.page(request.page_token, request.page_size)
        async with call.rows() as rows:
            found = await charges.page(
                rows, uuid_field(request.patient_id, "patient_id"), sees_all(call), before(keyset), size + 1
            )
        answer = api_pb2.ListChargesResponse(charges=[messages.charge(row, sees_all(call)) for row in found[:size]])
        if len(found) > size:
            answer.next_page_token = call.next_page(str(found[size - 1].position))
        return answer

    async def ListStatements(
        self, request: api_pb2.ListStatementsRequest, call: Call
    ) -> api_pb2.ListStatementsResponse:
        keyset, size = call.page(request.page_token, request.page_size)
        async with call.rows() as rows:
            found = await statements.page(
                rows, uuid_field(request.patient_id, "patient_id"), sees_all(call), before(keyset), size + 1
            )
        answer = api_pb2.ListStatementsResponse(statements=[messages.statement(row) for row in found[:size]])
        if len(found) > size:
            answer.next_page_token = call.next_page(str(found[size - 1].position))
        return answer

    async def GetStatement(self, request: api_pb2.GetStatementRequest, call: Call) -> api_pb2.GetStatementResponse:
        async with call.rows() as rows:
            row = await named_statement(rows, request.statement_id, call)
            lines = await charges.of_statement(rows, row.statement_id)
            paid = await payments.of_statement(rows, row.statement_id)
            adjusted = await charges.adjustments(rows, row.statement_id)
        call.viewed(row.statement_id)
        return api_pb2.GetStatementResponse(
            statement=messages.statement(row),
            charges=messages.charges_paid(lines, paid, sees_all(call)),
            payments=[messages.payment(one) for one in paid],
            adjustments=[messages.adjustment(one, sees_all(call)) for one in adjusted],
        )

    async def DownloadStatement(self, request: api_pb2.DownloadStatementRequest, call: Call) -> HttpBody:
        language = choice_field(request.language or "en", "language", frozenset(WORDS))
        async with call.rows() as rows:
            row = await named_statement(rows, request.statement_id, call)
            lines = await charges.of_statement(rows, row.statement_id)
        names = await self._names.of(row.practice_id, row.patient_id)
        call.viewed(row.statement_id)
        made = await statement_pdf(row, lines, names, with_descriptions=sees_all(call), language=language)
        return HttpBody(content_type="application/pdf", data=made)

    async def GetBalance(self, request: api_pb2.GetBalanceRequest, call: Call) -> api_pb2.GetBalanceResponse:
        async with call.rows() as rows:
            found = await balances.balance(rows, uuid_field(request.patient_id, "patient_id"), sees_all(call))
        return api_pb2.GetBalanceResponse(
            balance_cents=found.cents,
            charges_cents=found.charges_cents,
            payments_cents=found.payments_cents,
            adjustments_cents=found.adjustments_cents,
            refunds_cents=found.refunds_cents,
            currency=found.currency,
        )

    async def ListRefundTasks(
        self, request: api_pb2.ListRefundTasksRequest, call: Call
    ) -> api_pb2.ListRefundTasksResponse:
        keyset, size = call.page(request.page_token, request.page_size)
        practice_id, own = uuid_field(request.practice_id, "practice_id"), await own_patients(call)
        async with call.rows() as rows:
            found = await statements.with_credit(rows, practice_id, own, int(keyset or 0), size + 1)
        answer = api_pb2.ListRefundTasksResponse(statements=[messages.statement(row) for row in found[:size]])
        if len(found) > size:
            answer.next_page_token = call.next_page(str(found[size - 1].position))
        return answer

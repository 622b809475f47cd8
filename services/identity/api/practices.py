"""Practices and providers."""

from uuid import UUID

from services.identity.commands.practices import (
    ActivateProvider,
    DeactivateProvider,
    RegisterProvider,
    SetUpPractice,
    activate_provider,
    deactivate_provider,
    register_provider,
    set_up_practice,
)
from services.identity.domain.values import PracticeDetails, PracticeId, ProviderId
from services.identity.messages import (
    address_field,
    email_field,
    name_field,
    npi_field,
    optional_text,
    phone_field,
    practice_message,
)
from services.identity.parts import Servicer
from services.identity.projections import practices, providers
from shared.contracts.identity.v1 import api_pb2
from shared.rpc.call import Call
from shared.rpc.fields import text_field, uuid_field

FIRST = UUID(int=0)


class PracticesApi(Servicer):
    async def ListPractices(self, request: api_pb2.ListPracticesRequest, call: Call) -> api_pb2.ListPracticesResponse:
        async with call.rows() as rows:
            found = await practices.everyone(rows)
        return api_pb2.ListPracticesResponse(
            practices=[practice_message(row, practices.details_of(row)) for row in found]
        )

    async def GetPractice(self, request: api_pb2.GetPracticeRequest, call: Call) -> api_pb2.GetPracticeResponse:
        async with call.rows() as rows:
            found = await practices.one(rows, uuid_field(request.practice_id, "practice_id"))
        return api_pb2.GetPracticeResponse(practice=practice_message(found, practices.details_of(found)))

    async def SetUpPractice(self, request: api_pb2.SetUpPracticeRequest, call: Call) -> api_pb2.SetUpPracticeResponse:
        details = PracticeDetails(
            text_field(request.name, "name"),
            phone_field(request.support_phone, "support_phone"),
            email_field(request.support_email, "support_email"),
            optional_text(request.support_hours, "support_hours"),
            address_field(request.address, "address"),
            phone_field(request.fax, "fax"),
        )
        command = SetUpPractice(_practice(request.practice_id), details)
        return api_pb2.SetUpPracticeResponse(position=str(await call.perform(set_up_practice, command)))

    async def ListProviders(self, request: api_pb2.ListProvidersRequest, call: Call) -> api_pb2.ListProvidersResponse:
        after, size = call.page(request.page_token, request.page_size)
        is_staff = call.actor.kind == "staff"
        async with call.rows() as rows:
            found = await providers.page(
                rows,
                _practice(request.practice_id),
                UUID(after) if after else FIRST,
                size + 1,
                only_participating=not is_staff,
            )
        shown = found[:size]
        return api_pb2.ListProvidersResponse(
            providers=[
                api_pb2.Provider(
                    provider_id=str(row["provider_id"]),
                    display_name=row["display_name"],
                    takes_part=row["takes_part"],
                    npi=row["npi"] if is_staff else "",
                )
                for row in shown
            ],
            next_page_token=call.next_page(str(shown[-1]["provider_id"])) if len(found) > size else "",
        )

    async def RegisterProvider(
        self, request: api_pb2.RegisterProviderRequest, call: Call
    ) -> api_pb2.RegisterProviderResponse:
        command = RegisterProvider(
            _practice(request.practice_id),
            npi_field(request.npi, "npi"),
            name_field(request.name, "name"),
            optional_text(request.credentials, "credentials", most=40),
        )
        created = await call.perform(register_provider, command)
        return api_pb2.RegisterProviderResponse(provider_id=str(created.id), position=str(created.position))

    async def ActivateProvider(
        self, request: api_pb2.ActivateProviderRequest, call: Call
    ) -> api_pb2.ActivateProviderResponse:
        command = ActivateProvider(_practice(request.practice_id), _provider(request.provider_id))
        return api_pb2.ActivateProviderResponse(position=str(await call.perform(activate_provider, command)))

    async def DeactivateProvider(
        self, request: api_pb2.DeactivateProviderRequest, call: Call
    ) -> api_pb2.DeactivateProviderResponse:
        command = DeactivateProvider(_practice(request.practice_id), _provider(request.provider_id))
        return api_pb2.DeactivateProviderResponse(position=str(await call.perform(deactivate_provider, command)))


def _practice(text: str) -> PracticeId:
    return PracticeId(uuid_field(text, "practice_id"))


def _provider(text: str) -> ProviderId:
    return ProviderId(uuid_field(text, "provider_id"))

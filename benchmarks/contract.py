"""A contract of two RPCs, made without a compiler: an echo and a durable command."""

from types import ModuleType
from typing import Any

from google.protobuf import descriptor_pool
from google.protobuf.descriptor_pb2 import FieldDescriptorProto, FileDescriptorProto

from shared.rpc.contract import Rpc, rpcs_of
from shared.service import Endpoint

SERVICE = "bench.v1.BenchApi"


def _contract() -> ModuleType:
    file = FileDescriptorProto(name="bench.proto", package="bench.v1", syntax="proto3")
    for name, fields in {"Asked": ("owner_id", "text"), "Answered": ("id", "position", "text")}.items():
        message = file.message_type.add(name=name)
        for number, field in enumerate(fields, 1):
            message.field.add(
                name=field,
                number=number,
                type=FieldDescriptorProto.TYPE_STRING,
                label=FieldDescriptorProto.LABEL_OPTIONAL,
            )
    service = file.service.add(name="BenchApi")
    for name in ("Echo", "Open"):
        service.method.add(name=name, input_type=".bench.v1.Asked", output_type=".bench.v1.Answered")
    pool = descriptor_pool.Default()
    pool.AddSerializedFile(file.SerializeToString())
    module = ModuleType("bench_pb2")
    vars(module)["DESCRIPTOR"] = pool.FindFileByName("bench.proto")
    return module


CONTRACT = _contract()


def endpoint(servicer: object) -> Endpoint:
    return Endpoint(SERVICE, CONTRACT, servicer)


RPCS: dict[str, Rpc] = {rpc.name: rpc for rpc in rpcs_of(endpoint(None))}
ASKED: Any = RPCS["Echo"].request
ANSWERED: Any = RPCS["Echo"].response

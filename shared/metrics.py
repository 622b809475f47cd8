"""What is counted and measured for whoever runs the portal. Attributes are the portal's own words: no id, no person."""

from opentelemetry import metrics

_METER = metrics.get_meter("portal")

COMMANDS = _METER.create_counter("portal.commands", "1", "Appends by outcome: appended, conflict, repeated or failed.")
BATCH_COMMANDS = _METER.create_histogram(
    "portal.batch.commands",
    "1",
    "Appends that one commit took in.",
    explicit_bucket_boundaries_advisory=[1, 2, 4, 8, 16, 32, 64, 128, 256, 512],
)
RPC_SECONDS = _METER.create_histogram(
    "portal.rpc.duration",
    "s",
    "From a request's arrival to its answer, by method and gRPC code.",
    explicit_bucket_boundaries_advisory=[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
)

RELAY_LEADING = _METER.create_gauge("portal.relay.leading", "1", "1 where this process leads the relay, else 0.")
RELAY_POSITION = _METER.create_gauge("portal.relay.position", "1", "The last position that the broker confirmed.")
RELAY_LAG = _METER.create_gauge("portal.relay.lag", "1", "Positions between what was confirmed and the store's head.")

READER_RECORDS = _METER.create_counter(
    "portal.reader.records",
    "1",
    "Records by what became of them: applied, duplicates, gaps, strangers, overtaken, held, read_again.",
)
READER_LAG = _METER.create_gauge("portal.reader.lag", "1", "Records in a source's topic that were not read yet.")

PARKED_RECORDS = _METER.create_gauge("portal.parked.records", "1", "Records of a source that wait for operations.")
EFFECTS = _METER.create_gauge("portal.effects", "1", "Effects by state: due, later or parked.")
EFFECTS_AGE = _METER.create_gauge("portal.effects.age", "s", "How long the oldest due effect has been due.")
LEASE_AGE = _METER.create_gauge("portal.lease.age", "s", "How old a lease's answer is; above 1 it does not hold.")

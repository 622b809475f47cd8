-- How far the service's relay has sent its own events. Kept by the leader, on the connection that holds its lock.

-- Everything up to this position that has a public face is confirmed by the broker.
CREATE TABLE relay_progress (
    one_row  boolean PRIMARY KEY DEFAULT true CHECK (one_row),
    position bigint  NOT NULL DEFAULT 0
);

INSERT INTO relay_progress DEFAULT VALUES;

-- The last confirmed event of each partition and where it lies in the log: a log that says otherwise is a new one.
CREATE TABLE relay_partitions (
    partition    integer PRIMARY KEY,
    position     bigint  NOT NULL,
    kafka_offset bigint  NOT NULL
);

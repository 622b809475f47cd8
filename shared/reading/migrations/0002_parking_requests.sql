-- What operations asks for about parked records; a service's process carries it out, as only it has the code.

CREATE TABLE parking_requests (
    id           uuid        PRIMARY KEY,
    action       text        NOT NULL CHECK (action IN ('retry', 'drop')),
    source       text        NOT NULL,
    -- The parked record; a retry takes all records of its key.
    position     bigint      NOT NULL,
    reason       text        NOT NULL DEFAULT '',
    -- How it ended: the number of records that went in, or what was wrong.
    applied      integer,
    error        text,
    requested_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    ended_at     timestamptz
);

CREATE INDEX parking_requests_open ON parking_requests (requested_at) WHERE ended_at IS NULL;

-- What follows from events once: a row by (cause, kind, recipient), kept when done so that it stays once.

CREATE TABLE effects (
    -- UUIDv5(cause, kind, recipient).
    id          uuid        PRIMARY KEY,
    -- The order in which effects of one key run.
    number      bigint      GENERATED ALWAYS AS IDENTITY,
    cause       text        NOT NULL,
    kind        text        NOT NULL,
    key         uuid        NOT NULL,
    recipient   text        NOT NULL,
    -- The causing event's time.
    at          timestamptz NOT NULL,
    -- On the rules' clock; -infinity: at once.
    due_at      timestamptz NOT NULL,
    -- Ids and words only.
    details     jsonb       NOT NULL,
    traceparent text        NOT NULL,
    state       text        NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'done', 'parked')),
    attempt     integer     NOT NULL DEFAULT 0,
    -- On the machine's clock: the end of a claim, or of the pause after a failure.
    free_at     timestamptz NOT NULL DEFAULT '-infinity',
    -- Kind of the last error and where it was raised, never a value.
    error       text        NOT NULL DEFAULT '',
    ended_at    timestamptz
);

CREATE INDEX effects_due ON effects (due_at, number) WHERE state = 'pending';
CREATE INDEX effects_key ON effects (key, number) WHERE state = 'pending';
CREATE INDEX effects_parked ON effects (number) WHERE state = 'parked';
CREATE INDEX effects_of ON effects (key);

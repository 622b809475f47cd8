-- How far each source was read, what could not be applied, and the generations of read models.

-- What queries see: one view a table of a read model, named like it, over the generation that is live.
CREATE SCHEMA live;

-- The live position of each source: the own store (partition 0) and the partitions of peers' topics. Whoever
-- moves it, parks, retries or swaps holds its row.
CREATE TABLE positions (
    source    text    NOT NULL,
    partition integer NOT NULL,
    position  bigint  NOT NULL,
    PRIMARY KEY (source, partition)
);

-- Records that could not be applied, and the later ones of their keys, which wait behind them.
CREATE TABLE parked (
    source    text        NOT NULL,
    partition integer     NOT NULL,
    position  bigint      NOT NULL,
    key       uuid        NOT NULL,
    -- A peer's record as it came: ids and the portal's own words. Own events are read from the store again.
    raw       bytea       NOT NULL,
    -- Kind of error and where it was raised, never a value; empty: waits behind an earlier record of its key.
    error     text        NOT NULL,
    -- The read models (and 'effects') that have this record already.
    done      text[]      NOT NULL DEFAULT '{}',
    parked_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (source, position)
);

CREATE INDEX parked_key ON parked (source, key, position);

-- Parked records that were given up. Every later replay skips them, too.
CREATE TABLE drops (
    source     text        NOT NULL,
    position   bigint      NOT NULL,
    reason     text        NOT NULL,
    dropped_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (source, position)
);

CREATE SEQUENCE generation_numbers AS integer;

-- Which generation's tables the views show, a row a read model.
CREATE TABLE live_models (
    read_model  text    PRIMARY KEY,
    generation  integer NOT NULL,
    fingerprint text    NOT NULL,
    tables      text[]  NOT NULL
);

-- A read model being built beside the live one, and what it is built from.
CREATE TABLE building_models (
    generation  integer     NOT NULL,
    read_model  text        NOT NULL,
    fingerprint text        NOT NULL,
    tables      text[]      NOT NULL,
    begun_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (generation, read_model)
);

CREATE TABLE building_positions (
    generation integer NOT NULL,
    source     text    NOT NULL,
    partition  integer NOT NULL,
    position   bigint  NOT NULL,
    PRIMARY KEY (generation, source, partition)
);

CREATE TABLE building_parked (
    generation integer NOT NULL,
    source     text    NOT NULL,
    partition  integer NOT NULL,
    position   bigint  NOT NULL,
    key        uuid    NOT NULL,
    raw        bytea   NOT NULL,
    error      text    NOT NULL,
    PRIMARY KEY (generation, source, position)
);

-- What `portal replay` asks for; the service's own process picks it up and says here how far it is.
CREATE TABLE rebuilds (
    id           uuid        PRIMARY KEY,
    -- Empty: all of them.
    read_models  text[]      NOT NULL DEFAULT '{}',
    verify       boolean     NOT NULL DEFAULT true,
    state        text        NOT NULL DEFAULT 'requested'
                 CHECK (state IN ('requested', 'building', 'verifying', 'swapping', 'done', 'differs', 'failed')),
    generation   integer,
    progress     jsonb       NOT NULL DEFAULT '{"done": 0, "of": 0}',
    report       jsonb       NOT NULL DEFAULT '{}',
    requested_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    ended_at     timestamptz
);

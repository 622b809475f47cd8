-- The event store of one service. Positions are given under the advisory lock, without gaps: their order is
-- commit order.

CREATE TABLE events (
    position       bigint      NOT NULL PRIMARY KEY,
    stream_id      uuid        NOT NULL,
    version        integer     NOT NULL,
    type           text        NOT NULL,
    schema_version smallint    NOT NULL,
    subject_id     uuid        NOT NULL,
    at             timestamptz NOT NULL,
    -- On the first event of a command only: what makes it repeatable.
    command_id     uuid,
    command_events integer,
    fingerprint    bytea,
    data           bytea       NOT NULL,
    metadata       jsonb       NOT NULL,
    recorded_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    UNIQUE (stream_id, version)
);

CREATE UNIQUE INDEX events_command ON events (command_id) WHERE command_id IS NOT NULL;

-- Whose keys were destroyed. Kept for ever: a restore applies them before it serves.
CREATE TABLE tombstones (
    subject_id uuid        PRIMARY KEY,
    erased_at  timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- The state of long streams. A cache: another state_version is other code, and is not read.
CREATE TABLE snapshots (
    stream_id     uuid    PRIMARY KEY,
    state_version text    NOT NULL,
    version       integer NOT NULL,
    subject_id    uuid    NOT NULL,
    data          bytea   NOT NULL
);

-- outcome: appended, exists, erased (stream_id is the subject's id then) or conflict (a stream and its version).
CREATE TYPE appended AS (command integer, outcome text, first bigint, last bigint, stream_id uuid, actual integer);

-- Appends a batch of commands: all or nothing for each, one conflict never fails its neighbours.
-- command_events: the number of events of each command. head_*: the version that a command (its place in the
-- batch) expects of each stream it read. event_*: in the order that positions are to have; command ids and
-- fingerprints stand on a command's first event. The committer gives no batch in which a command reads a stream
-- that an earlier one of the batch writes, and none with a command id twice.
CREATE FUNCTION append_batch(
    command_events integer[],
    head_command integer[], head_stream uuid[], head_version integer[],
    event_command integer[], event_stream uuid[], event_version integer[], event_type text[],
    event_schema smallint[], event_subject uuid[], event_at timestamptz[], event_command_id uuid[],
    event_count integer[], event_fingerprint bytea[], event_data bytea[], event_metadata jsonb[]
) RETURNS SETOF appended LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    base     bigint;
    accepted boolean[] := array_fill(true, ARRAY[cardinality(command_events)]);
    existing integer[];
    stale    appended[];
    erased   appended[];
    answer   appended;
BEGIN
    PERFORM pg_advisory_xact_lock(1);

    -- New statements, hence new snapshots: they see whatever committed while we waited for the lock.
    SELECT coalesce(max(position), 0) INTO base FROM events;

    -- Scalar subqueries, so that every plan is one index look-up a row, also on a table that was empty
    -- when the plan was made. The stream of an erased subject reads as absent, and may be guarded as such.
    SELECT array_agg(row(head.command, 'conflict', NULL, NULL, head.stream_id, head.actual)::appended)
    INTO stale
    FROM (
        SELECT given.*, coalesce((SELECT version FROM events WHERE events.stream_id = given.stream_id
                                  ORDER BY version DESC LIMIT 1), 0) AS actual
        FROM unnest(head_command, head_stream, head_version) AS given (command, stream_id, expected)
    ) AS head
    WHERE head.actual <> head.expected
      AND NOT (head.expected = 0
               AND (SELECT true FROM tombstones WHERE tombstones.subject_id =
                        (SELECT subject_id FROM events WHERE events.stream_id = head.stream_id
                         ORDER BY version LIMIT 1)) IS NOT NULL);

    SELECT array_agg(given.command) INTO existing
    FROM unnest(event_command, event_command_id) AS given (command, id)
    WHERE given.id IS NOT NULL
      AND (SELECT position FROM events WHERE events.command_id = given.id) IS NOT NULL;

    -- A process may hold the key of an erased subject for a minute yet: nothing follows the tombstone, which is
    -- put up under the same lock.
    SELECT array_agg(row(given.command, 'erased', NULL, NULL, given.subject_id, NULL)::appended) INTO erased
    FROM unnest(event_command, event_subject) AS given (command, subject_id)
    WHERE (SELECT true FROM tombstones WHERE tombstones.subject_id = given.subject_id) IS NOT NULL;

    stale := coalesce(erased, '{}'::appended[]) || coalesce(stale, '{}'::appended[]);
    FOREACH answer IN ARRAY stale LOOP
        accepted[answer.command] := false;
    END LOOP;
    FOR i IN 1 .. coalesce(cardinality(existing), 0) LOOP
        accepted[existing[i]] := false;
    END LOOP;

    INSERT INTO events (position, stream_id, version, type, schema_version, subject_id, at, command_id,
                        command_events, fingerprint, data, metadata)
    SELECT base + row_number() OVER (ORDER BY e.place), e.stream_id, e.version, e.type, e.schema_version,
           e.subject_id, e.at, e.command_id, e.events, e.fingerprint, e.data, e.metadata
    FROM unnest(event_command, event_stream, event_version, event_type, event_schema, event_subject, event_at,
                event_command_id, event_count, event_fingerprint, event_data, event_metadata)
         WITH ORDINALITY AS e (command, stream_id, version, type, schema_version, subject_id, at, command_id,
                               events, fingerprint, data, metadata, place)
    WHERE accepted[e.command]
    ORDER BY e.place;

    RETURN QUERY
    SELECT given.command::integer,
           CASE WHEN given.command = ANY (existing) THEN 'exists'
                WHEN accepted[given.command] THEN 'appended' ELSE why.outcome END,
           given.until - given.events + 1, given.until, why.stream_id, why.actual
    FROM (
        SELECT command, events,
               base + sum(CASE WHEN accepted[command] THEN events ELSE 0 END) OVER (ORDER BY command) AS until
        FROM unnest(command_events) WITH ORDINALITY AS counted (events, command)
    ) AS given
    LEFT JOIN (SELECT DISTINCT ON (command) command, outcome, stream_id, actual
               FROM unnest(stale) ORDER BY command, outcome DESC) AS why USING (command)
    ORDER BY given.command;
END
$$;

-- The first step of an erasure. Under the appends' lock: what is in the store before it was written before it.
CREATE FUNCTION put_up_tombstone(erased uuid) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(1);
    INSERT INTO tombstones (subject_id) VALUES (erased) ON CONFLICT DO NOTHING;
    DELETE FROM snapshots WHERE snapshots.subject_id = erased;
END
$$;

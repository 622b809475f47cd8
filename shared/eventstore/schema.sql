-- The event store of one service. Positions are given under the advisory lock, so position order is commit order.

CREATE SEQUENCE event_positions AS bigint;

CREATE TABLE events (
    position       bigint      NOT NULL,
    stream_id      uuid        NOT NULL,
    version        integer     NOT NULL CHECK (version > 0),
    type           text        NOT NULL,
    schema_version smallint    NOT NULL,
    subject_id     uuid        NOT NULL,
    command_id     uuid,
    data           bytea       NOT NULL,
    metadata       jsonb       NOT NULL,
    recorded_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (position),
    UNIQUE (stream_id, version)
);

CREATE UNIQUE INDEX events_command ON events (command_id) WHERE command_id IS NOT NULL;

CREATE TYPE appended AS (command integer, outcome text, first bigint, last bigint, stream_id uuid, actual integer);

-- Appends a batch of commands: all or nothing for each, one conflict never fails its neighbours.
-- The committer gives a batch in which no stream and no command id stands twice.
-- Heads: the version that each command expects of each stream it read. Events: in the order they are to have.
CREATE FUNCTION append_batch(
    command_ids uuid[],
    head_command integer[], head_stream uuid[], head_version integer[],
    event_command integer[], event_stream uuid[], event_version integer[], event_type text[],
    event_schema smallint[], event_subject uuid[], event_data bytea[], event_metadata jsonb[]
) RETURNS SETOF appended LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    answers appended[];
BEGIN
    PERFORM pg_advisory_xact_lock(1);

    -- A new statement, hence a new snapshot: it sees whatever committed while we waited for the lock.
    SELECT array_agg(row(given.command,
                         CASE WHEN given.id IS NOT NULL AND EXISTS (SELECT FROM events WHERE command_id = given.id)
                              THEN 'exists'
                              WHEN stale.stream_id IS NOT NULL THEN 'conflict'
                              ELSE 'appended' END,
                         NULL, NULL, stale.stream_id, stale.actual)::appended ORDER BY given.command)
    INTO answers
    FROM unnest(command_ids) WITH ORDINALITY AS given (id, command)
    LEFT JOIN LATERAL (
        SELECT heads.stream_id, heads.actual
        FROM (
            SELECT head.stream_id, head.expected,
                   coalesce((SELECT version FROM events WHERE events.stream_id = head.stream_id
                             ORDER BY version DESC LIMIT 1), 0) AS actual
            FROM unnest(head_command, head_stream, head_version) AS head (command, stream_id, expected)
            WHERE head.command = given.command
        ) AS heads
        WHERE heads.actual <> heads.expected
        LIMIT 1
    ) AS stale ON true;

    RETURN QUERY
    WITH written AS (
        INSERT INTO events (position, stream_id, version, type, schema_version, subject_id, command_id, data, metadata)
        SELECT nextval('event_positions'), kept.*
        FROM (
            SELECT e.stream_id, e.version, e.type, e.schema_version, e.subject_id,
                   CASE WHEN row_number() OVER (PARTITION BY e.command ORDER BY e.place) = 1
                        THEN command_ids[e.command] END,
                   e.data, e.metadata
            FROM unnest(event_command, event_stream, event_version, event_type, event_schema, event_subject,
                        event_data, event_metadata)
                 WITH ORDINALITY AS e (command, stream_id, version, type, schema_version, subject_id, data, metadata, place)
            WHERE (answers[e.command]).outcome = 'appended'
            ORDER BY e.place
        ) AS kept
        RETURNING position, stream_id, version
    ), spans AS (
        SELECT e.command, min(written.position) AS first, max(written.position) AS last
        FROM written
        JOIN unnest(event_command, event_stream, event_version) AS e (command, stream_id, version)
          USING (stream_id, version)
        GROUP BY e.command
    )
    SELECT answer.command, answer.outcome, spans.first, spans.last, answer.stream_id, answer.actual
    FROM unnest(answers) AS answer
    LEFT JOIN spans USING (command)
    ORDER BY answer.command;
END
$$;

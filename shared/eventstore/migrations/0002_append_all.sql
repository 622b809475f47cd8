-- The short way to append: a whole batch, or nothing of it. The answer is the position before the first event, or null
-- where a look at each command is due (append_batch): a head that is not as expected, or a tombstone. A stream that
-- exists already, and a command id, are found out by the unique indexes: unique_violation, and nothing was written.
--
-- head_*: heads to look up; those of new streams, whose first event is in the batch, need none.
-- event_*: in the order that positions are to have. An event's word is event_types[event_type], its data are
-- event_size bytes from event_begin (counted from 1) of event_data, its metadata one element of event_metadata.
CREATE FUNCTION append_all(
    head_stream uuid[], head_version integer[],
    event_types text[], event_stream uuid[], event_version integer[], event_type integer[], event_schema smallint[],
    event_subject uuid[], event_at timestamptz[], event_command_id uuid[], event_count integer[],
    event_fingerprint bytea[], event_begin integer[], event_size integer[], event_data bytea, event_metadata jsonb
) RETURNS bigint LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    base bigint;
BEGIN
    PERFORM pg_advisory_xact_lock(1);

    -- A new statement, hence a new snapshot: it sees whatever committed while we waited for the lock.
    SELECT CASE
               WHEN EXISTS (SELECT FROM unnest(head_stream, head_version) AS head (stream_id, expected)
                            WHERE coalesce((SELECT version FROM events WHERE events.stream_id = head.stream_id
                                            ORDER BY version DESC LIMIT 1), 0) <> head.expected)
                 OR EXISTS (SELECT FROM tombstones WHERE subject_id = ANY (event_subject)) THEN NULL
               ELSE (SELECT coalesce(max(position), 0) FROM events)
           END
    INTO base;

    IF base IS NOT NULL THEN
        INSERT INTO events (position, stream_id, version, type, schema_version, subject_id, at, command_id,
                            command_events, fingerprint, data, metadata)
        SELECT base + e.place, e.stream_id, e.version, event_types[e.type], e.schema_version, e.subject_id, e.at,
               e.command_id, e.events, e.fingerprint, substr(event_data, e.begin, e.size), e.metadata
        FROM ROWS FROM (
                 unnest(event_stream), unnest(event_version), unnest(event_type), unnest(event_schema),
                 unnest(event_subject), unnest(event_at), unnest(event_command_id), unnest(event_count),
                 unnest(event_fingerprint), unnest(event_begin), unnest(event_size),
                 jsonb_array_elements(event_metadata)
             ) WITH ORDINALITY AS e (stream_id, version, type, schema_version, subject_id, at, command_id, events,
                                     fingerprint, begin, size, metadata, place);
    END IF;

    RETURN base;
END
$$;

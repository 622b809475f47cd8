-- The second database of a service: one wrapped key a subject. Backed up apart from the events.

CREATE TABLE subject_keys (
    subject_id uuid        PRIMARY KEY,
    key_id     bigint      NOT NULL UNIQUE,
    wrapped    bytea       NOT NULL,
    made_at    timestamptz NOT NULL DEFAULT clock_timestamp()
);

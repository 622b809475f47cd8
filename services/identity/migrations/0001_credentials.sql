-- What is secret, or of the moment: never events. Sealed columns are encrypted under the account's key.

CREATE TABLE credential_passwords (
    account_id uuid  PRIMARY KEY,
    sealed     bytea NOT NULL
);

CREATE TABLE credential_answers (
    account_id uuid  PRIMARY KEY,
    sealed     bytea NOT NULL
);

-- One row a confirmed or waiting authenticator. last_step: a code counts once. issue names the ten recovery codes.
CREATE TABLE credential_totp (
    account_id uuid    NOT NULL,
    confirmed  boolean NOT NULL,
    issue      uuid    NOT NULL,
    last_step  bigint  NOT NULL DEFAULT 0,
    sealed     bytea   NOT NULL,
    PRIMARY KEY (account_id, confirmed)
);

CREATE TABLE credential_recovery_used (
    account_id uuid     NOT NULL,
    issue      uuid     NOT NULL,
    number     smallint NOT NULL,
    PRIMARY KEY (account_id, issue, number)
);

CREATE TABLE credential_sessions (
    session_id   uuid        PRIMARY KEY,
    account_id   uuid        NOT NULL,
    cookie_hash  bytea       UNIQUE,
    opened_at    timestamptz NOT NULL,
    seen_at      timestamptz NOT NULL,
    factor_at    timestamptz NOT NULL,
    idle_seconds integer     NOT NULL,
    ends_at      timestamptz NOT NULL,
    ended_at     timestamptz,
    sealed       bytea       NOT NULL
);

CREATE INDEX credential_sessions_account ON credential_sessions (account_id) WHERE ended_at IS NULL;
CREATE INDEX credential_sessions_ended ON credential_sessions (ended_at) WHERE ended_at IS NOT NULL;

CREATE TABLE credential_refresh (
    hash       bytea       PRIMARY KEY,
    session_id uuid        NOT NULL REFERENCES credential_sessions ON DELETE CASCADE,
    used_at    timestamptz
);

-- Counted before anything is checked, in one statement.
CREATE TABLE credential_tries (
    bucket text        PRIMARY KEY,
    since  timestamptz NOT NULL,
    count  integer     NOT NULL
);

-- Who fetched an address or a one-time link, for which event.
CREATE TABLE credential_fetches (
    fetched_at timestamptz NOT NULL,
    caller     text        NOT NULL,
    what       text        NOT NULL,
    object_id  uuid        NOT NULL,
    cause      text        NOT NULL
);

-- How far the rules' clock is ahead of the machine's; it only grows.
CREATE TABLE clock_offset (
    one   boolean  PRIMARY KEY DEFAULT true CHECK (one),
    ahead interval NOT NULL
);

INSERT INTO clock_offset (ahead) VALUES ('0');

-- A chosen password waits until the event that makes it count is stored; issue is named by that event.
CREATE TABLE credential_passwords_waiting (
    account_id uuid        NOT NULL,
    issue      uuid        NOT NULL,
    since      timestamptz NOT NULL DEFAULT now(),
    sealed     bytea       NOT NULL,
    PRIMARY KEY (account_id, issue)
);

-- Tokens that support gave out, as hashes: which recovery, or which other thing, each one opens.
CREATE TABLE credential_tokens (
    hash      bytea       PRIMARY KEY,
    purpose   text        NOT NULL,
    object_id uuid        NOT NULL,
    since     timestamptz NOT NULL DEFAULT now()
);

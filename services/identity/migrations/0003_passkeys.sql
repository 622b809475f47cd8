-- Public keys of passkeys, found by the hash of the credential's id. Sealed: id, key and the holder's name for it.
CREATE TABLE credential_passkeys (
    passkey_id      uuid        PRIMARY KEY,
    account_id      uuid        NOT NULL,
    credential_hash bytea       NOT NULL UNIQUE,
    sign_count      bigint      NOT NULL,
    added_at        timestamptz NOT NULL,
    used_at         timestamptz,
    sealed          bytea       NOT NULL
);

CREATE INDEX credential_passkeys_account ON credential_passkeys (account_id);

-- What an authenticator is to sign: taken out by the first answer, right or wrong. account_id is nil for sign-in.
CREATE TABLE credential_challenges (
    hash       bytea       PRIMARY KEY,
    account_id uuid        NOT NULL,
    expires_at timestamptz NOT NULL
);

CREATE INDEX credential_challenges_expiry ON credential_challenges (expires_at);

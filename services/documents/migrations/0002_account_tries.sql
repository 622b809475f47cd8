-- What one account brings and sends, counted before it is taken: files for messages, transmitted records.
CREATE TABLE account_tries (
    bucket text        PRIMARY KEY,
    since  timestamptz NOT NULL,
    count  integer     NOT NULL
);

-- Guests' tries, counted before anything is checked, in one statement. A bucket names no patient and no number in clear.
CREATE TABLE guest_tries (
    bucket text        PRIMARY KEY,
    since  timestamptz NOT NULL,
    count  integer     NOT NULL
);

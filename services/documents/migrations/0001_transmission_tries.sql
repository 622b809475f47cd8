-- Wrong codes beside the mailed links of transmitted records: counted before a code is checked, a right one taken back.
CREATE TABLE transmission_tries (
    transmission_id uuid    PRIMARY KEY,
    tries           integer NOT NULL
);

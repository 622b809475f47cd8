-- Records of patients that a practice has joined, as shared/access/replicas.py keeps them: nothing is rewritten, every
-- query asks for all records of the one it was asked about. Both functions read the live rows of access_joined.

-- The record that a patient's record belongs to: the survivor's where it was joined to one, else itself.
CREATE FUNCTION record_of(record uuid) RETURNS uuid
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE AS $$
BEGIN
    RETURN coalesce((SELECT survivor_id FROM access_joined WHERE duplicate_id = record), record);
END
$$;

-- All records of the patient whose record that is: the survivor first, then its duplicates.
CREATE FUNCTION records_of(record uuid) RETURNS uuid[]
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE AS $$
DECLARE
    survivor uuid := record_of(record);
BEGIN
    RETURN survivor || ARRAY(SELECT duplicate_id FROM access_joined WHERE survivor_id = survivor ORDER BY duplicate_id);
END
$$;

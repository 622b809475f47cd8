"""A patient's record for a range of dates, as they may take it with them: FHIR R4 and tagged PDF (R39)."""

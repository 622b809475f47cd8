"""Practices and who takes part: providers, staff, patients, persons, invitations, enrolments, accounts."""

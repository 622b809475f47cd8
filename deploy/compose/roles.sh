#!/bin/bash
# The ten databases, each with a role of its own that nobody else may use. PostgreSQL's image runs this once.
set -euo pipefail
sql() { psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --username "${POSTGRES_USER:-postgres}" --dbname postgres "$@"; }
sql --command "REVOKE CONNECT ON DATABASE postgres, template1 FROM PUBLIC"
for service in identity consent messaging documents billing; do
    for name in "$service" "${service}_keys"; do
        sql --set name="$name" --set file="${SECRETS:-/run/secrets}/$name.password" <<'SQL'
\set password `cat :'file'`
CREATE ROLE :"name" LOGIN PASSWORD :'password';
CREATE DATABASE :"name" OWNER :"name" TEMPLATE template0;
REVOKE CONNECT ON DATABASE :"name" FROM PUBLIC;
SQL
    done
done

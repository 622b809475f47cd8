#!/bin/bash
# Prints the secrets of the parts, made of the folder that `python -m deploy.compose.prepare FOLDER` filled.
# The databases' addresses are its own ones for containers: put yours into FOLDER/*/portal_*_database_url first.
set -euo pipefail
folder=$1
secret() {
    local name=$1 && shift
    echo "---"
    kubectl create secret generic "$name" --dry-run=client --output=yaml \
        --from-file=authority.pem="$folder/$name/certificates/authority.pem" \
        --from-file=certificate.pem="$folder/$name/certificates/$name.pem" \
        --from-file=certificate.key="$folder/$name/certificates/$name.key" "${@/#/--from-file=}"
}
for service in identity consent messaging documents billing; do
    more=()
    case $service in
        identity) more=("signing.jwk=$folder/identity/keys/identity-signing.jwk") ;;
        messaging) more=("smtp_url=$folder/messaging/portal_smtp_url") ;;
        billing) more=("stripe_secret_key=$folder/billing/portal_stripe_secret_key"
            "stripe_webhook_secrets=$folder/billing/portal_stripe_webhook_secrets") ;;
    esac
    secret "$service" "jwks.json=$folder/$service/jwks.json" "master.key=$folder/$service/keys/$service.key" \
        "analytics.key=$folder/$service/keys/analytics.key" \
        "database_url=$folder/$service/portal_${service}_database_url" \
        "keys_database_url=$folder/$service/portal_${service}_keys_database_url" "${more[@]}"
done
secret web "jwks.json=$folder/web/jwks.json"
secret gateway "jwks.json=$folder/gateway/jwks.json" "public.pem=$folder/gateway/public/public.pem" \
    "public.key=$folder/gateway/public/public.key"
secret operations

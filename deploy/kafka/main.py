"""``python -m deploy.kafka.main kafka:9092 CERTIFICATES``: provisions a broker, and ends once topics and ACLs hold."""

import argparse
from pathlib import Path

from deploy.kafka.provisioning import provision


def main() -> None:
    """To be run after each start of a broker, by hand or as a job; again and again gives the same."""
    parser = argparse.ArgumentParser(prog="python -m deploy.kafka.main", description=main.__doc__)
    parser.add_argument("servers", help="host:port of one or more brokers, with commas between")
    parser.add_argument("certificates", type=Path, help="folder of authority.pem, operations.pem and operations.key")
    parser.add_argument("--prefix", default="", help="PORTAL_TOPIC_PREFIX, where it is set")
    parser.add_argument("--replicas", type=int, default=1, help="copies of each partition")
    given = parser.parse_args()
    provision(given.servers, given.certificates, given.prefix, replicas=given.replicas)


if __name__ == "__main__":
    main()

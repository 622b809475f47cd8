"""Free loopback ports for a test, until the process ends nobody else's."""

from deploy.local.ports import free_ports


class ReservedPorts:
    """``numbers`` are this test's."""

    def __init__(self, count: int) -> None:
        self.numbers = free_ports(count)

    def close(self) -> None:
        """Nothing is to be given back."""

"""Free loopback ports for a test: chosen by the machine and kept until the server that takes them starts."""

import socket


class ReservedPorts:
    """``numbers`` stay taken until ``close``; a second close does nothing."""

    def __init__(self, count: int) -> None:
        self._sockets = [socket.socket() for _ in range(count)]
        for place in self._sockets:
            place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            place.bind(("127.0.0.1", 0))
        self.numbers: list[int] = [place.getsockname()[1] for place in self._sockets]

    def close(self) -> None:
        for place in self._sockets:
            place.close()

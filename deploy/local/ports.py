"""Free loopback ports for portals beside each other, taken in blocks that no two processes share."""

import random
import socket
from itertools import islice

HOST = "127.0.0.1"
FIRST, LAST, SIZE = 10_000, 32_000, 40
"""Below the ports that machines give to outgoing connections: while a server is down, nobody else takes its port."""
HELD: list[socket.socket] = []
"""A process listens at the first port of each of its blocks until it ends; that makes them its own."""
LEFT: list[int] = []


def free_ports(count: int) -> list[int]:
    """Ports at which nobody listens, and which no other process is given while this one runs. OSError: none is left."""
    while len(LEFT) < count:
        LEFT.extend(block())
    taken = list(islice(LEFT, count))
    del LEFT[:count]
    return taken


def block() -> list[int]:
    """The free ports of one more block."""
    firsts = list(range(FIRST, LAST, SIZE))
    random.shuffle(firsts)
    for first in firsts:
        keeper = socket.socket()
        try:
            keeper.bind((HOST, first))
            keeper.listen()
        except OSError:
            keeper.close()
            continue
        HELD.append(keeper)
        return [port for port in range(first + 1, first + SIZE) if is_free(port)]
    raise OSError(f"expected a free block of ports between {FIRST} and {LAST}")


def is_free(port: int) -> bool:
    with socket.socket() as place:
        place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            place.bind((HOST, port))
        except OSError:
            return False
    return True

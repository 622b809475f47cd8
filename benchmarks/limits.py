"""What was tried where a goal is out of reach, and where the limit lies; printed under the table, row by row."""

from collections.abc import Mapping

LIMITS: Mapping[int, str] = {
    1: (
        "tried: columns sent as text, unique indexes instead of look-ups, the next batch made ready while one commits, "
        "keys and places without a coroutine (ADR 19). Limit: an event takes 20 µs of Python, 25 where it is sealed, "
        "and 12 µs of PostgreSQL, most of them for its row and three indexes. Both work at once, so Python's "
        "interpreter sets the pace; the goal leaves both together 6 µs."
    ),
    2: "the same limit as row 1: the recorder commits once an event, the lane is bound by Python's time for one.",
    3: (
        "tried: one statement instead of seven, plans made once, fewer notifications. Limit: the event loop's turns "
        "and the driver take as long again as the INSERT itself, where pgbench waits for the disk only."
    ),
    4: (
        "tried: constructors left out, rows as tuples, the next page fetched ahead, garbage collected seldom. Limit: "
        "10 µs of Python an event: 3 to take the row from the driver, 4 for metadata, place and fields, 3 for the "
        "library's fold; sealed 1.3 more. COPY makes no objects and takes 2.4."
    ),
    5: (
        "tried: cheaper appends, spans and garbage collection. Limit: the library's aggregate (15 µs), the command "
        "loop and the append come to a third of what a gRPC call costs, in the same process and thread."
    ),
    7: (
        "tried: headers and keys made once a class, JSON in one step, longer pages. Limit: an event is read, opened "
        "and decoded (10 µs) and told in the published language (8 µs) before it is sent; bare send_batch only sends."
    ),
    8: (
        "tried: records packed only when they are parked, statements' texts made once. Limit: rows, position and "
        "compare-and-set are written durably, a transaction a partition and batch; bare getmany writes nothing."
    ),
    9: (
        "tried: pages fetched ahead and shorter ways in relay and reader. Limit: between the two ends lie the look of "
        "the relay into the store, its confirmation, FastStream's poll (5 ms at most) and a durable transaction."
    ),
}
"""Row → what to know of it."""

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
        "12 µs of Python an event: 3 to take the row from the driver, 6 for metadata, place, fields and record, 3 for "
        "the library's fold; sealed 15. COPY makes no objects and takes 2.4; the library's recorder, too, reads bytes "
        "without decoding or folding them."
    ),
    5: (
        "tried: cheaper appends, spans and garbage collection. Limit: beyond the call itself a command costs 35 µs for "
        "the library's aggregate and the command loop and 25 for the append, in the same thread."
    ),
    7: (
        "tried: headers made once a class, JSON in one step, longer pages. Limit: before it is sent, an event is read, "
        "opened and decoded (12 µs) and told in the published language (8 µs); bare send_batch only sends."
    ),
    8: (
        "tried: records packed only when they are parked, statements' texts made once. Limit: a record is decoded "
        "(11 µs) and its row made and sent to PostgreSQL, in one thread; each partition's batch is a transaction."
    ),
    9: (
        "tried: pages fetched ahead, cheaper relay and reader. Limit: in one process, as by default, relay and reader "
        "take as much of the one thread as appends do; roles of their own take none. From commit to row lie the "
        "relay's look into the store, the broker's confirmation, FastStream's poll (5 ms at most; each "
        "millisecond less costs every idle service processor time) and a durable transaction."
    ),
}
"""Row → what to know of it."""

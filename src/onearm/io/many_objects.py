"""Make many objects that all stay, without the search for garbage among them.

Python looks for unreachable objects as their number grows; where a table becomes
a million records and none is thrown away, that takes up to half the time. Records
and results never refer to each other in a circle, so that none waits to be found.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def many_objects() -> Iterator[None]:
    """Pause the search for garbage, if it runs; what was made then counts as long-lived."""
    was_collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_collecting:
            if not gc.get_freeze_count():  # else a caller's own frozen objects would thaw
                gc.freeze()
                gc.unfreeze()  # into the oldest generation, without a look at each
            gc.enable()

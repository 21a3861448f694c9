"""Make many objects that all stay, without the search for garbage among them.

Python looks for unreachable objects as their number grows; where a table becomes
a million records and none is thrown away, that takes up to half the time.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def many_objects() -> Iterator[None]:
    """Pause the search for garbage, if it runs."""
    was_collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_collecting:
            gc.enable()

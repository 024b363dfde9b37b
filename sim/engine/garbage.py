"""Python's garbage collector during a simulation."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

_OBJECTS_BETWEEN_COLLECTIONS = 50_000


@contextmanager
def rare_collections() -> Iterator[None]:
    """Collect garbage more rarely, and look only at objects that are made from now on.

    A simulation makes millions of short-lived objects and hardly any cycle of them; searching all
    modules for cycles again and again took an eighth of a pass.
    """
    thresholds = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS, *thresholds[1:])
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)
        gc.unfreeze()

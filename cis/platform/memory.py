"""What a process that serves for long does about its memory, once, when its work begins."""

import gc


def keep_what_is_loaded() -> None:
    """
    Take what is loaded out of the collector's sight: modules, models and packs stay until the process ends.

    Else each full collection walks through a million of them again, a tenth of a second amid somebody's work. Called
    before workers fork, so that they share these pages.
    """
    gc.collect()
    gc.freeze()

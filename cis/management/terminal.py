"""Words and bars for a person at a terminal."""

import sys

WIDTH = 32


def bar(words: str, done: int, total: int) -> None:
    """Draw a progress bar; where nobody watches (no terminal), say nothing until it is full."""
    is_full = done >= total
    if not sys.stderr.isatty() and not is_full:
        return
    filled = WIDTH * done // total if total else WIDTH
    line = f"\r  {words:12} [{'#' * filled}{'.' * (WIDTH - filled)}] {done:,}/{total:,}"
    sys.stderr.write(line + ("\n" if is_full else ""))
    sys.stderr.flush()


def say(words: str) -> None:
    """Print one line at once."""
    sys.stdout.write(words + "\n")
    sys.stdout.flush()

"""An iterator that works one item ahead in a thread of its own, while the last one is used."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")


def one_ahead(items: Iterator[Item]) -> Iterator[Item]:
    """
    Yield items in order; while one is used, the next is made in another thread.

    What raises there is raised here in its place. Who stops early waits for the item that is being made; no thread is
    left. The items must not use the database: its connection belongs to the thread of the caller.
    """
    end = object()
    with ThreadPoolExecutor(1, thread_name_prefix="ahead") as thread:
        coming = thread.submit(next, items, end)
        while (item := coming.result()) is not end:
            coming = thread.submit(next, items, end)
            yield item  # type: ignore[misc]

"""What is drawn of an event."""

from typing import Any

from django.utils import timezone

from contracts.queries.demand_events import PartDetail


def hours(detail: PartDetail, *, expected: str, used: str) -> dict[str, Any]:
    """Return the hours of a part as its chart takes them; ``expected`` and ``used`` are the words of its rows. [Wh]"""
    return {
        "labels": [f"{timezone.localtime(hour.start_at):%H:%M}" for hour in detail.hours],
        "old": [hour.baseline_wh for hour in detail.hours],
        "new": [hour.actual_wh for hour in detail.hours],
        "words": {"old": expected, "new": used, "unit": "kWh"},
    }

"""Days and periods as pages show them."""

from datetime import date

import pytest
from django.utils import translation

from cis.platform.templatetags.local import until


@pytest.mark.parametrize(
    ("end", "english", "chinese"),
    [
        (date(2026, 12, 1), "Nov 2026", "2026年11月"),
        (date(2026, 11, 3), "1 Nov 2026 – 2 Nov 2026", "2026-11-01 – 2026-11-02"),
        (date(2026, 11, 2), "1 Nov 2026", "2026-11-01"),
        (None, "from 1 Nov 2026 on", "2026-11-01 起"),
    ],
)
def test_a_period_is_named_by_its_last_day_and_one_day_by_itself(end, english, chinese):
    for language, words in (("en", english), ("zh-hans", chinese)):
        with translation.override(language):
            assert until(date(2026, 11, 1), end) == words

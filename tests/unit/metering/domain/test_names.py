"""Names of registers on paper."""

import pytest

from metering.domain.names import register_names
from metering.domain.places import Direction, Quantity


@pytest.mark.parametrize(
    ("code", "period", "quantity", "direction", "zh", "en"),
    [
        ("total", "", "active", "import", "总", "All hours"),
        ("7", "peak", "active", "import", "峰", "Peak"),
        ("E1", "", "active", "import", "E1", "E1"),
        ("B1", "", "active", "export", "B1上网", "B1 given to the grid"),
        ("reactive", "", "reactive", "import", "无功", "reactive"),
        ("Q1", "valley", "reactive", "import", "谷无功", "Valley reactive"),
        ("demand", "", "demand", "import", "最大需量", "largest demand"),
        ("demand-peak", "peak", "demand", "import", "峰最大需量", "Peak largest demand"),
    ],
)
def test_a_register_is_called_by_its_hours_and_by_what_it_counts(code, period, quantity, direction, zh, en):
    named = register_names(code=code, period_of_use=period, quantity=Quantity(quantity), direction=Direction(direction))
    assert named == {"zh": zh, "en": en}

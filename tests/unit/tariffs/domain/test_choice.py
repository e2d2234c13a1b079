"""Who may choose a tariff, as its document says it."""

import pytest

from tariffs.domain import document
from tariffs.domain.choice import Choice, Chooser, is_open
from tests.factories.tariffs import FLAT

HOME = Chooser(kind="resident", voltage="220V", features=frozenset(), capacity_va=None, customer_class="residential")
FACTORY = Chooser(
    kind="company", voltage="10kV", features=frozenset({"relief"}), capacity_va=400_000, customer_class="industrial"
)


def read(more):
    return document.examine(text=FLAT.replace("[labels.energy]", f"{more}\n[labels.energy]"))


def test_a_tariff_that_says_nothing_is_open_to_nobody():
    assert document.parse(text=FLAT).plan.choice is None
    assert not is_open(choice=None, customer_class="", who=HOME)


def test_a_choice_is_read_as_it_is_written():
    found, findings = read('[choice]\nkinds = ["company"]\nvoltages = ["10kV"]\nfrom_kva = "100"\nbelow_kva = "315.5"')
    assert not findings
    assert found.plan.choice == Choice(
        kinds=frozenset({"company"}), voltages=frozenset({"10kV"}), from_va=100_000, below_va=315_500
    )


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("[choice]", "missing_key"),
        ("[choice]\nkinds = []", "empty_list"),
        ('[choice]\nkinds = ["everybody"]', "unknown_word"),
        ('[choice]\nkinds = ["resident"]\nvoltages = ["12V"]', "unknown_word"),
        ('[choice]\nkinds = ["resident"]\nfrom_kva = 5', "not_text"),
        ('[choice]\nkinds = ["resident"]\ncities = ["x"]', "unknown_key"),
    ],
)
def test_findings_are_named(text, code):
    _, findings = read(text)
    assert code in {finding.code for finding in findings}


@pytest.mark.parametrize(
    ("choice", "customer_class", "who", "is_offered"),
    [
        ({"kinds": {"resident"}}, "", HOME, True),
        ({"kinds": {"resident"}}, "", FACTORY, False),
        ({"kinds": {"resident", "company"}}, "residential", HOME, True),
        ({"kinds": {"resident", "company"}}, "residential", FACTORY, False),
        ({"kinds": {"resident"}, "voltages": {"380V"}}, "", HOME, False),
        ({"kinds": {"company"}, "voltages": {"380V", "10kV"}}, "", FACTORY, True),
        ({"kinds": {"company"}, "features": {"relief", "school"}}, "", FACTORY, True),
        ({"kinds": {"company"}, "features": {"school"}}, "", FACTORY, False),
        ({"kinds": {"company"}, "from_va": 400_000}, "", FACTORY, True),
        ({"kinds": {"company"}, "below_va": 400_000}, "", FACTORY, False),
        ({"kinds": {"resident"}, "from_va": 0}, "", HOME, False),
    ],
)
def test_to_whom_it_is_open(choice, customer_class, who, is_offered):
    sets = {key: frozenset(value) if isinstance(value, set) else value for key, value in choice.items()}
    assert is_open(choice=Choice(**sets), customer_class=customer_class, who=who) is is_offered

"""The order of an address on an envelope."""

import pytest

from accounts.domain import postal


@pytest.mark.parametrize(
    ("country", "address", "expected"),
    [
        ("cn", "上海市普陀区长寿路101号", ("上海市普陀区长寿路101号", "李娜")),
        ("cn", "200060 上海市普陀区长寿路101号", ("200060", "上海市普陀区长寿路101号", "李娜")),
        ("cn", "上海市普陀区长寿路101号,200060", ("200060", "上海市普陀区长寿路101号", "李娜")),
        ("cn", "上海市长寿路13812345678号", ("上海市长寿路13812345678号", "李娜")),
        ("cn", "12 High Street, London, SW1A 1AA, UK", ("李娜", "12 High Street", "London", "SW1A 1AA", "UK")),
        ("gb", "12 High Street\nLondon\nSW1A 1AA", ("李娜", "12 High Street", "London", "SW1A 1AA")),
        ("us", "a,b,c,d,e,f,g", ("李娜", "a", "b", "c", "d", "e, f, g")),
        ("gb", "上海市 200060", ("李娜", "上海市 200060")),
    ],
)
def test_an_envelope_is_written_as_the_post_of_the_country_reads_it(country, address, expected):
    assert postal.lines(name="李娜", address=address, country=country) == expected

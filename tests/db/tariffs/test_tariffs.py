"""The price book: take in, publish, freeze, read."""

from datetime import date

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection

from cis.kernel.actors import SYSTEM
from tariffs.domain.document import InvalidTariff
from tariffs.models.tariff import Tariff, TariffVersion
from tariffs.operations import tariffs
from tariffs.operations.tariffs import NoFiles, NotText, RedVectors, StartTaken
from tariffs.queries import plans
from tariffs.queries.plans import NoPrice, UnknownTariff, UnknownVersion
from tests import factories
from tests.factories.tariffs import FLAT

pytestmark = pytest.mark.django_db(transaction=True)
Y2020, Y2022, Y2024 = (date(year, 1, 1) for year in (2020, 2022, 2024))


def text(start="2020-01-01", price="0.617", total="61.70", until=""):
    changed = FLAT.replace(
        "valid_from = 2020-01-01", f"valid_from = {start}" + (f"\nvalid_to = {until}" if until else "")
    )
    return changed.replace('price = "0.617"', f'price = "{price}"').replace('total = "61.70"', f'total = "{total}"')


def publish(source):
    version_id = tariffs.draft(text=source, actor=SYSTEM)
    tariffs.publish(version_id=version_id, actor=SYSTEM)
    return version_id


def in_force():
    found = plans.versions(start_date=date(2000, 1, 1), end_date=date(2100, 1, 1))
    return [(version.version_id, version.start_date, version.end_date) for version in found]


def test_a_draft_is_no_price_yet():
    version_id = tariffs.draft(text=FLAT, actor=SYSTEM)
    assert in_force() == []
    with pytest.raises(UnknownVersion):
        plans.compiled(version_id)


def test_the_same_document_is_the_same_version_whatever_its_layout():
    first = tariffs.draft(text=FLAT, actor=SYSTEM)
    assert tariffs.draft(text=f"# a comment\n\n{FLAT}\n", actor=SYSTEM) == first
    tariffs.publish(version_id=first, actor=SYSTEM)
    assert tariffs.draft(text=FLAT, actor=SYSTEM) == first
    assert TariffVersion.objects.count() == Tariff.objects.count() == 1


def test_a_document_with_findings_is_refused_whole():
    with pytest.raises(InvalidTariff):
        tariffs.load(texts=[FLAT, FLAT.replace('currency = "CNY"', "")], is_published=False, actor=SYSTEM)
    assert not Tariff.objects.exists()


def test_a_published_version_holds_and_is_compiled():
    version_id = publish(FLAT)
    (version,) = plans.versions(start_date=Y2022, end_date=Y2024)
    assert (version.version_id, version.tariff_code, version.start_date, version.end_date) == (
        version_id,
        "flat",
        Y2020,
        None,
    )
    assert plans.compiled(version_id).code == "flat"
    assert plans.compiled(version_id) is plans.compiled(version_id)
    tariffs.publish(version_id=version_id, actor=SYSTEM)
    assert in_force() == [(version_id, Y2020, None)]


@pytest.mark.parametrize("source", [text(total="61.71"), FLAT[: FLAT.index("[[vector]]")]])
def test_a_version_whose_vectors_are_red_is_not_published(source):
    version_id = tariffs.draft(text=source, actor=SYSTEM)
    with pytest.raises(RedVectors) as refused:
        tariffs.publish(version_id=version_id, actor=SYSTEM)
    assert refused.value.detail["findings"]
    assert in_force() == []


def test_a_red_version_keeps_the_whole_delivery_out():
    with pytest.raises(RedVectors):
        tariffs.load(texts=[FLAT, text("2022-01-01", total="1.00")], is_published=True, actor=SYSTEM)
    assert not Tariff.objects.exists()


def test_a_successor_ends_the_version_before_it():
    first = publish(FLAT)
    draft = tariffs.draft(text=text("2022-01-01", "0.7", "70.00"), actor=SYSTEM)
    assert in_force() == [(first, Y2020, None)]
    tariffs.publish(version_id=draft, actor=SYSTEM)
    assert in_force() == [(first, Y2020, Y2022), (draft, Y2022, None)]


def test_versions_may_come_in_any_order():
    late = publish(text("2024-01-01", "0.8", "80.00"))
    early = publish(FLAT)
    middle = publish(text("2022-01-01", "0.7", "70.00"))
    assert in_force() == [(early, Y2020, Y2022), (middle, Y2022, Y2024), (late, Y2024, None)]


def test_a_tariff_is_called_as_its_latest_version_calls_it():
    publish(text("2024-01-01", "0.8", "80.00").replace('"One price"', '"New name"'))
    publish(FLAT)
    assert Tariff.objects.get().name_en == "New name"
    publish(text("2025-01-01", "0.8", "80.00").replace('"One price"', '"Newest name"'))
    assert Tariff.objects.get().name_en == "Newest name"


def test_a_version_keeps_the_end_that_its_text_gives():
    first = publish(text(until="2021-01-01"))
    second = publish(text("2022-01-01", "0.7", "70.00"))
    assert in_force() == [(first, Y2020, date(2021, 1, 1)), (second, Y2022, None)]
    with pytest.raises(NoPrice):
        plans.version_on(tariff_id=plans.tariff_id("flat"), day=date(2021, 6, 1))


def test_two_published_versions_cannot_begin_on_one_day():
    publish(FLAT)
    other = tariffs.draft(text=text(price="0.7", total="70.00"), actor=SYSTEM)
    with pytest.raises(StartTaken):
        tariffs.publish(version_id=other, actor=SYSTEM)


@pytest.mark.parametrize("change", ["source = source || ' '", "state = 'draft'", "sha256 = 'x'"])
def test_a_published_version_is_frozen_in_the_database(change):
    version_id = publish(FLAT)
    with pytest.raises(DatabaseError, match="frozen"), connection.cursor() as cursor:
        cursor.execute(f"UPDATE tariffs_tariffversion SET {change} WHERE id = %s", [version_id])
    with pytest.raises(DatabaseError, match="frozen"):
        TariffVersion.objects.filter(id=version_id).delete()


def test_an_unknown_version_is_refused():
    with pytest.raises(UnknownVersion):
        tariffs.publish(version_id=999_999, actor=SYSTEM)
    with pytest.raises(UnknownVersion):
        plans.compiled(999_999)
    with pytest.raises(UnknownTariff):
        plans.tariff_id("none")


def test_the_price_on_a_date_is_that_of_its_version():
    publish(FLAT)
    publish(text("2022-01-01", "0.7", "70.00"))
    tariff_id = plans.tariff_id("flat")

    def price_on(day):
        (line,) = plans.prices_on(tariff_id=tariff_id, day=day)
        return line.price, line.unit, line.labels["zh"]

    assert price_on(date(2021, 12, 31)) == ("0.617", "kWh", "电度电费")
    assert price_on(Y2022) == ("0.70", "kWh", "电度电费")
    with pytest.raises(NoPrice):
        plans.prices_on(tariff_id=tariff_id, day=date(2019, 12, 31))


def test_versions_are_read_in_one_statement_and_the_price_book_in_two(django_assert_num_queries):
    publish(FLAT)
    publish(text("2022-01-01", "0.7", "70.00"))
    with django_assert_num_queries(1):
        assert len(plans.versions(start_date=Y2020, end_date=Y2024)) == 2
    with django_assert_num_queries(2):
        (card,) = plans.price_book()
    assert [version.start_date for version in card.versions] == [Y2022, Y2020]
    assert plans.versions(start_date=date(2019, 1, 1), end_date=Y2020) == ()


def test_the_pack_is_loaded_and_published_twice_with_the_same_result(capsys):
    call_command("tariffs", "load", "--pack", "cn-shanghai", "--publish")
    first = in_force()
    call_command("tariffs", "load", "--publish")

    assert in_force() == first
    assert {card.code for card in plans.price_book()} >= {"residential-tiered", "residential-tiered-tou"}
    printed = capsys.readouterr().out
    assert "residential-tiered from" in printed
    assert "known, published" in printed


def test_the_command_checks_documents_without_writing(tmp_path, capsys):
    good, red, broken = (tmp_path / f"{name}.toml" for name in ("good", "red", "broken"))
    good.write_text(FLAT, encoding="utf-8")
    call_command("tariffs", "check", str(good))
    assert "green" in capsys.readouterr().out

    red.write_text(text(total="1.00"), encoding="utf-8")
    broken.write_text("schema = ", encoding="utf-8")
    with pytest.raises(CommandError, match="2 of 3"):
        call_command("tariffs", "check", str(tmp_path))
    printed = capsys.readouterr().out
    line = text(total="1.00").splitlines().index('total = "1.00"') + 1
    assert f"red.toml:{line}: vector[0].total: a hundred kilowatt-hours: the total is 61.70, expected 1.00." in printed
    assert "Find out who is wrong" in printed
    assert "broken.toml:1: document: The text is not TOML" in printed
    assert not Tariff.objects.exists()


def test_the_command_tells_what_changes_and_prints_a_document(tmp_path, capsys):
    publish(FLAT)
    publish(text("2022-01-01", "0.7", "70.00"))
    file = tmp_path / "next.toml"
    file.write_text(text("2024-01-01", "0.8", "80.00"), encoding="utf-8")
    call_command("tariffs", "diff", "flat@2021-12-31", str(file))
    assert capsys.readouterr().out.splitlines() == [
        "Validity and text:",
        "  Holds from: 2020-01-01 → 2024-01-01",
        "Prices and steps:",
        "  Energy: 0.617 → 0.80 CNY/kWh (+29.7 %)",
        "Test cases:",
        "  Case “a hundred kilowatt-hours” expects: 61.70 → 80.00",
    ]
    call_command("tariffs", "diff", "flat", "flat@2022-01-01")
    assert capsys.readouterr().out == "They say the same.\n"
    call_command("tariffs", "export", "flat", "--on", "2021-12-31")
    assert capsys.readouterr().out == FLAT
    for wrong, why in (("flat@2019-01-01", "no price"), ("flat@soon", "YYYY-MM-DD"), ("none", "no tariff none")):
        with pytest.raises(CommandError, match=why):
            call_command("tariffs", "diff", wrong, str(file))


def test_the_command_says_what_it_cannot_read(tmp_path):
    with pytest.raises(CommandError, match="no tariff document"):
        call_command("tariffs", "check", str(tmp_path))
    latin = tmp_path / "latin.toml"
    latin.write_bytes('name_zh = "电"'.encode("gb18030"))
    with pytest.raises(CommandError, match="not UTF-8"):
        call_command("tariffs", "load", str(latin))
    with pytest.raises(NotText):
        tariffs.text_of(latin)
    with pytest.raises(NoFiles):
        tariffs.documents_of_pack("nowhere")


def test_the_default_document_of_the_factories_can_be_published():
    publish(FLAT)
    world = factories.contracts.world(source=FLAT)
    assert plans.compiled(world.version.id).code == "flat"

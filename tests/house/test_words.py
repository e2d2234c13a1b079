"""Both languages are complete, every refusal has its sentence, every picture and page exists."""

import importlib
import re

import pytest
from django.template.loader import get_template
from django.test import override_settings
from django.utils import translation

from cis.desk import navigation
from cis.desk.job_words import JOB_NAMES
from cis.kernel.errors import Refused
from cis.platform import jobs
from cis.platform.frontend import FILES
from cis.platform.icon_names import ICONS
from cis.platform.phrases import SENTENCES, explain
from metering.domain.formats.faults import Fault
from metering.domain.reads import ReadFault
from tests.house import source

CATALOGUE = source.ROOT / "locale" / "zh_Hans" / "LC_MESSAGES" / "django.po"
TEMPLATES = source.ROOT / "templates"
NOT_ON_PAGES = {
    # told by commands, interfaces or the deepest machinery only
    "refused", "amount_overflow", "bad_key_name", "bad_pack", "bad_provider_message", "bad_receipt", "bad_signature", "drafts_moved", "idempotency_key_missing",
    "idempotency_key_reused", "invalid_load", "key_name_taken", "missing_rule", "no_files", "no_mail_service",
    "request_in_progress", "supplier_not_loaded", "unknown_base", "unknown_key",
    "unknown_role", "unknown_scope", "unknown_user", "unknown_zone", "unusable_rate",
    "bad_address", "bad_document", "bad_openadr_object", "bad_query", "kept_by_the_house", "name_taken",
    "no_such_parent", "ven_blocked", "ambiguous_resource", "too_many_subscriptions",
    "unusable_weights", "values_too_large", "wrong_periods", "yearly_limits_differ", "file_taken",
}  # fmt: skip


def _entries():
    for block in re.split(r"\n\n+", CATALOGUE.read_text(encoding="utf-8"))[1:]:
        yield block, re.findall(r"^msgstr(?:\[\d\])? (.*(?:\n\".*)*)", block, re.MULTILINE)


def test_every_text_has_its_chinese_words_and_none_is_a_guess():
    missing = [block for block, texts in _entries() if "fuzzy" in block or any(text == '""' for text in texts)]
    assert missing == []


def test_every_job_that_is_registered_has_its_words():
    """A job without words stands on the front page by its bare name, where a failed one is to be read by people."""
    assert sorted(set(jobs.REGISTRY) - set(JOB_NAMES)) == []
    for language in ("en", "zh-hans"):
        with translation.override(language):
            assert all(str(name).strip() for name in JOB_NAMES.values())


def test_every_text_of_pages_and_code_is_in_the_catalogue():
    """A word added to a page and forgotten in the catalogue would stay English on a Chinese page."""
    known = {
        _joined(found.group(1))
        for block, _ in _entries()
        for found in [re.search(r"^msgid (.*(?:\n\".*)*)", block, re.MULTILINE)]
        if found
    }
    pages = [path.read_text(encoding="utf-8") for path in TEMPLATES.rglob("*.html")]
    used = {text for page in pages for _, text in re.findall(r"{% translate (['\"])(.+?)\1", page)}
    calls = re.compile(r"(?<![\w.])(?:_|gettext|text|noop)\(\s*\"((?:[^\"\\]|\\.)+)\"\s*\)")
    desk = [p for p in source.files() if "desk" in p.parts or p.name in {"phrases.py", "navigation.py"}]
    used |= {text for path in desk for text in calls.findall(path.read_text(encoding="utf-8"))}
    assert len(used) > 400
    assert sorted(used - known) == []


def _joined(quoted):
    return "".join(re.findall(r'"((?:[^"\\]|\\.)*)"', quoted)).replace('\\"', '"')


def _refusals(kind=Refused):
    yield kind
    for child in kind.__subclasses__():
        yield from _refusals(child)


def test_every_refusal_that_a_page_may_show_has_its_sentence():
    for path in source.files():
        name = ".".join(path.relative_to(source.ROOT).with_suffix("").parts)
        if name.split(".")[0] in source.ROOMS and not {"migrations", "__init__"} & set(name.split(".")):
            importlib.import_module(name)
    codes = {kind.code for kind in _refusals() if kind.__module__.split(".")[0] in {*source.ROOMS, "cis"}}
    codes |= {str(fault) for fault in (*Fault, *ReadFault)}
    assert sorted(codes - SENTENCES.keys() - NOT_ON_PAGES) == []


def test_a_refusal_is_told_in_the_language_of_the_page():
    with translation.override("en"):
        assert explain("no_price", "The tariff has no price on 2026-03-10.", "Choose.").advice == "Choose."
    with translation.override("zh-hans"):
        words = explain("no_price", "The tariff has no price on 2026-03-10.", "Choose.")
        assert words.message == "该电价在此日期没有已发布的价格。"
        assert words.detail == "The tariff has no price on 2026-03-10."
        assert explain("never heard of", "English.").message == "English."


@pytest.mark.parametrize("page", sorted(str(p.relative_to(TEMPLATES)) for p in TEMPLATES.rglob("*.html")))
def test_every_page_compiles(page):
    with override_settings(DEBUG=True):
        get_template(page)


def test_every_picture_that_a_page_names_is_served_and_no_other():
    pages = [p.read_text(encoding="utf-8") for p in TEMPLATES.rglob("*.html")]
    named = {name for page in pages for name in re.findall(r'{% icon "([^"]+)"', page)}
    named |= {entry.icon for entry in navigation.ENTRIES} | {"user", "gauge", "map-pin", "file-invoice"}
    assert len(named) > 40
    assert named == ICONS


def test_every_served_picture_exists_in_its_package():
    places = [path for name, path in FILES.items() if name.startswith("vendor/icons/")]
    if not places[0].parent.is_dir():
        pytest.skip("front-end packages are not installed")
    assert [path.name for path in places if not path.is_file()] == []

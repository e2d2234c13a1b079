"""A model of classes: the same texts make the same one, it says how sure it is, and what is kept of it is numbers."""

import numpy as np
import pytest

from complaints.domain import class_model
from complaints.domain.class_model import BadModel, Example, TooFewTexts
from complaints.domain.class_texts import FEATURES, features, language_of
from tests.factories.class_examples import EXAMPLES

LEARNED = class_model.learn(EXAMPLES)
MODEL = LEARNED.model


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("停电了", "zh-hans"),
        ("No power", "en"),
        ("我家WiFi路由器坏了", "zh-hans"),
        ("my address is 人民路", "en"),
        ("123 !?", ""),
        ("", ""),
    ],
)
def test_the_language_is_that_of_most_of_a_text(text, language):
    assert language_of(text) == language


def test_runs_forget_numbers_case_and_width():
    assert features("Bill 1,204.50") == features("ｂｉｌｌ 7")
    assert features("停电") != features("来电")
    assert max(features("停电 no power")[0]) < FEATURES


@pytest.mark.parametrize(
    ("text", "code"),
    [("咱这条街都没电啦", "supply/outage/area"), ("nobody read my meter and it is estimatd", "billing/amount/estimated"),
     ("窗口那人态度太差", "service/staff/manner")],
)  # fmt: skip
def test_what_was_not_learned_word_by_word_is_found(text, code):
    assert MODEL.confidences(text)[0][0] == code


def test_confidences_are_of_the_classes_that_may_be_and_one_together():
    everything = MODEL.confidences("停电")
    assert sum(share for _, share in everything) == pytest.approx(1)
    assert [share for _, share in everything] == sorted((share for _, share in everything), reverse=True)
    two = MODEL.confidences("停电", among={"billing/amount/too_high", "service/staff/manner", "no/such/class"})
    assert {code for code, _ in two} == {"billing/amount/too_high", "service/staff/manner"}
    assert sum(share for _, share in two) == pytest.approx(1)
    assert MODEL.confidences("停电", among=()) == ()


def test_a_text_of_which_nothing_is_known_is_as_likely_each():
    shares = [share for _, share in MODEL.confidences("xyzzy")]
    assert max(shares) - min(shares) < 0.01


def test_the_same_texts_make_the_same_model_and_it_survives_being_kept():
    again = class_model.learn(EXAMPLES)
    assert again.crossed == LEARNED.crossed
    assert np.array_equal(again.model.weights, MODEL.weights)
    kept = class_model.from_bytes(MODEL.to_bytes())
    assert kept.confidences("停电了") == MODEL.confidences("停电了")


def test_what_is_no_model_is_refused():
    for wrong in (b"", b"PK", MODEL.to_bytes()[:200]):
        with pytest.raises(BadModel):
            class_model.from_bytes(wrong)


def test_pickled_content_is_never_run(tmp_path):
    path = tmp_path / "bad.npz"
    objects = np.array([{"run": "me"}], dtype=object)
    np.savez(path, codes=objects, weights=objects, rarity=objects, scale=objects)
    with pytest.raises(BadModel):
        class_model.from_bytes(path.read_bytes())


def test_too_few_texts_are_refused():
    with pytest.raises(TooFewTexts):
        class_model.learn([Example("停电", "a/b/c", str(one)) for one in range(9)])


def test_f1_counts_each_class_the_same():
    assert class_model.macro_f1(truth=["a", "a", "b"], said=["a", "a", "b"]) == 1
    assert class_model.macro_f1(truth=["a", "a", "b"], said=["a", "a", "a"]) == pytest.approx(0.4)
    assert class_model.f1_by_class(truth=["a"], said=["b"]) == {"a": 0, "b": 0}


def test_about_a_tenth_is_kept_out_and_always_the_same():
    out = [class_model.is_kept_out(f"case {one}") for one in range(2_000)]
    assert 150 < sum(out) < 250

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cis.kernel.text import bigrams, like, query_bigrams

WORDS = st.lists(st.text(st.sampled_from("abzAZß019张伟上海路"), min_size=1, max_size=6), min_size=1, max_size=4)


def finds(query, *texts):
    wanted = query_bigrams(query)
    return bool(wanted) and set(wanted) <= set(bigrams(*texts))


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("张伟", "张伟"), ("伟", "张伟"), ("南京", "上海市南京东路100号"), ("京东", "上海市南京东路100号"),
        ("南京 100", "上海市南京东路100号"), ("wei zhang", "Zhang Wei"), ("zhangwei", "Zhang Wei"),
        ("ZHANG", "zhang wei"), ("3812", "138-1234-5678"), ("138 1234", "13812345678"), ("１３８", "13812345678"),
        ("strasse", "Hauptstraße 7"), ("hauptstr. 7", "Hauptstraße 7"), ("O'Brien", "obrien"), ("7", "Unit 7"),
        ("é", "e\u0301"), ("b a", "a b"),
    ],
)  # fmt: skip
def test_a_query_finds_the_text(query, text):
    assert finds(query, text)


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("张三", "张伟"),
        ("北京", "上海市南京东路"),
        ("7", "Unit 17"),
        ("9999", "13812345678"),
        ("", "x"),
        (" -–。", "x"),
    ],
)
def test_a_query_does_not_find_another_text(query, text):
    assert not finds(query, text)


@given(WORDS, st.data())
def test_any_part_of_two_characters_of_any_word_is_found(words, data):
    word = data.draw(st.sampled_from([word for word in words if len(word) > 1] or ["ab"]))
    start = data.draw(st.integers(0, len(word) - 2))
    part = word[start : data.draw(st.integers(start + 2, len(word)))]
    assert finds(part, "else", f"({', '.join([*words, word])})")


@given(WORDS)
def test_pieces_are_unique_sorted_and_of_at_most_two_characters(words):
    for pieces in (bigrams(*words), query_bigrams(" ".join(words))):
        assert pieces == sorted(set(pieces))
        assert all(1 <= len(piece) <= 2 for piece in pieces)


def test_pieces_do_not_run_from_one_text_into_the_next():
    assert bigrams("ab", "cd") == ["ab", "cd"]
    assert bigrams("ab cd") == ["ab", "bc", "cd"]
    assert bigrams() == bigrams("", " -") == []


def test_wildcards_of_a_text_are_letters():
    assert like("5%_\\") == "%5\\%\\_\\\\%"
    assert like("3101", left="") == "3101%"

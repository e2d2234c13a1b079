"""Names as they are compared, and how sure it is that two customers are one."""

import pytest

from accounts.domain.duplicates import Alike, Likeness, likeness, normal_name, scored


def alike(one="王芳", other="王芳", *kinds, ids=("", ""), is_of_bodies=False):
    return Alike(
        first_id=1, second_id=2, names=(one, other), id_numbers=ids, kinds=frozenset(kinds), is_of_bodies=is_of_bodies
    )


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ａｃｍｅ Ｃｏ．， Ｌｔｄ．", "ACME"),
        ("上海示范电气股份有限公司", "上海示范电气 有限公司"),
        ("上海（示范）电气有限公司", "上海(示范)电气有限责任公司"),
        ("王 芳", "王芳"),
        ("O'Brien", "OBRIEN"),
    ],
)
def test_signs_width_and_legal_form_do_not_count(one, other):
    assert normal_name(one) == normal_name(other)


@pytest.mark.parametrize(("one", "other"), [("王芳", "王方"), ("有限公司", "公司"), ("Marco", "Mar"), ("公司", "")])
def test_a_name_is_not_only_its_suffix(one, other):
    assert normal_name(one) != normal_name(other)


def test_names_are_alike_by_their_pieces():
    assert (likeness("zhangsan", other="zhangsan"), likeness("ab", other="cd"), likeness("", other="a")) == (100, 0, 0)
    assert likeness("上海示范电气", other="上海示范电器") == 80


def test_the_same_number_is_certain_and_two_numbers_are_two():
    assert scored(alike("a", "b", ids=("1", "1"))).score == 100
    assert scored(alike("王芳", "王芳", "mobile", ids=("1", "2"))) is None
    old = scored(alike("王芳", "王芳", ids=("310101900101123", "31010119900101123X")))
    assert (old.score, old.reasons) == (99, (Likeness.IDENTITY,))


def test_each_further_likeness_makes_it_surer_but_never_certain():
    one = scored(alike("王芳", "王芳", "mobile"))
    more = scored(alike("王芳", "王芳", "mobile", "email", "post", "phone"))
    assert (one.score, one.reasons) == (90, (Likeness.NAME_PHONE,))
    assert one.score < more.score < 100


def test_what_is_shared_without_a_name_like_it_tells_nothing():
    assert scored(alike("王芳", "李四", "mobile")) is None
    assert scored(alike("王芳", "王芳")) is None
    similar = scored(alike("上海示范电气", "上海示范电器", "post"))
    assert similar.reasons == (Likeness.SIMILAR_ADDRESS,)
    assert scored(alike("示范有限公司", "示范公司", is_of_bodies=True)).reasons == (Likeness.COMPANY_NAME,)

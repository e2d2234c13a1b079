import pytest

from accounts.domain.names import PINYIN_MOST, BadName, pinyin, plain_name


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        (" 张三 ", "张三"),
        ("Anna \t Li", "Anna Li"),
        ("阿卜杜拉·买买提", "阿卜杜拉·买买提"),
        ("示范（上海）有限公司", "示范（上海）有限公司"),
    ],
)
def test_a_name_keeps_what_belongs_to_it(typed, kept):
    assert plain_name(typed) == kept


@pytest.mark.parametrize("typed", ["", "　", "张\x00三", "张\ue000三", "x" * 201])
def test_what_cannot_stand_on_a_bill_is_no_name(typed):
    with pytest.raises(BadName):
        plain_name(typed)


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("张三", "zhang san"),
        ("单田芳", "shan tian fang"),
        ("曾国藩", "zeng guo fan"),
        ("尉迟恭", "yu chi gong"),
        ("任我行", "ren wo xing"),
        ("Anna Li", "anna li"),
    ],
)
def test_a_person_sorts_by_how_the_name_is_read(name, key):
    assert pinyin(name, is_person=True) == key


def test_a_surname_is_read_as_one_only_in_the_name_of_a_person():
    assert pinyin("单位食堂", is_person=False) == "dan wei shi tang"
    assert pinyin("曾", is_person=True) == "ceng"


def test_a_long_name_has_a_key_that_fits():
    assert len(pinyin("上" * 200, is_person=False)) == PINYIN_MOST

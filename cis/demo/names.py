"""Made-up people, firms and addresses of Shanghai; no real person's number can come out."""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from pypinyin import lazy_pinyin
from stdnum.cn import uscc

SURNAMES = tuple(
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段"
)
GIVEN = tuple(
    "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉兰文建国志海云飞鹏宇浩然欣怡雨梓涵子轩思佳慧琳雪梅晓东红春燕玲波斌宁晨阳博瑞嘉俊毅诗语"
)
DISTRICTS = (
    ("浦东新区", "200120", ("灵山路", "张杨路", "锦绣路", "川沙路", "东方路", "杨高中路")),
    ("徐汇区", "200030", ("天钥桥路", "漕溪北路", "龙华中路", "宛平南路", "肇嘉浜路")),
    ("静安区", "200040", ("新闸路", "武定路", "共和新路", "余姚路")),
    ("杨浦区", "200082", ("控江路", "平凉路", "黄兴路", "国权路", "长阳路")),
    ("闵行区", "201100", ("莘松路", "七莘路", "水清路", "都市路")),
    ("普陀区", "200060", ("长寿路", "曹杨路", "真北路", "武宁路")),
    ("宝山区", "201900", ("牡丹江路", "友谊路", "共富路", "长江西路")),
    ("嘉定区", "201800", ("清河路", "塔城路", "博乐路", "曹安公路")),
)
FIRMS = ("物业管理有限公司", "养老服务中心", "社区学校", "文化服务有限公司", "幼儿园")
WORKS = ("精密机械有限公司", "食品加工有限公司", "包装材料有限公司", "电子科技有限公司", "纺织有限公司")
FIRM_WORDS = ("安居", "和谐", "春晖", "康宁", "明德", "佳园", "银杏", "新苑", "百合", "阳光")
FIRST_BIRTH = date(1950, 1, 1)
BIRTH_DAYS = 19_000
ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


@dataclass(frozen=True, slots=True)
class Person:
    """Who a made-up customer is."""

    name: str
    id_number: str
    mobile: str
    email: str


def person(rng: np.random.Generator, *, number: int) -> Person:
    """Return a resident with a valid ID number of sequence 00x, which no authority gives out."""
    given = "".join(rng.choice(GIVEN, size=int(rng.integers(1, 3)), replace=False))
    name = str(rng.choice(SURNAMES)) + given
    birth = FIRST_BIRTH + timedelta(days=number % BIRTH_DAYS)
    body = f"310115{birth:%Y%m%d}{number // BIRTH_DAYS % 10:03d}"
    check = "10X98765432"[sum(int(c) * w for c, w in zip(body, ID_WEIGHTS, strict=True)) % 11]
    return Person(name=name, id_number=body + check, mobile=_mobile(number), email=_email(name, number))


def firm(rng: np.random.Generator, *, number: int, is_works: bool) -> Person:
    """Return a works, or a body in residential-priced premises: a property manager, a school, a care home."""
    name = f"上海{rng.choice(FIRM_WORDS)}{rng.choice(FIRM_WORDS)}{rng.choice(WORKS if is_works else FIRMS)}"
    body = f"91310000{number:09d}"
    return Person(
        name=name, id_number=body + uscc.calc_check_digit(body), mobile=_mobile(number), email=_email(name[2:6], number)
    )


def address(rng: np.random.Generator) -> tuple[str, str, str]:
    """Return (address, district, postcode) of a flat."""
    district, postcode, roads = DISTRICTS[int(rng.integers(len(DISTRICTS)))]
    road = rng.choice(roads)
    lane, house, floor, door = (int(rng.integers(low, high)) for low, high in ((1, 1500), (1, 60), (1, 25), (1, 5)))
    return f"上海市{district}{road}{lane}弄{house}号{floor}{door:02d}室", district, postcode


def _mobile(number: int) -> str:
    return f"+86138{number % 100_000_000:08d}"


def _email(name: str, number: int) -> str:
    return f"{''.join(lazy_pinyin(name))}{number}@example.com"

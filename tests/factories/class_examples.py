"""Texts of five classes, from which a model is learned in no time."""

from complaints.domain import text_patterns

ESTIMATED, MANNER = "billing/amount/estimated", "service/staff/manner"

_WORDS = {
    "zh": {"open": ["您好，", ""], "close": ["谢谢", ""]},
    "en": {"open": ["Hello, ", ""], "close": [" Thanks", ""]},
}
PATTERNS = {
    ESTIMATED: {
        "zh": ["电费是估抄的", "没人抄表就估算电费", "账单按估计读数", "估抄电费不对", "估了三百度", "为什么估电量"],
        "en": ["the bill is estimated", "nobody read the meter, you estimated", "an estimate again", "estimated use"],
    },
    "billing/amount/too_high": {
        "zh": ["电费太高了", "电费偏高", "这个月电费贵了一倍", "电费怎么这么多", "电费翻番", "金额太大"],
        "en": ["the bill is too high", "far too expensive", "twice the usual amount", "so much to pay", "high bill"],
    },
    "supply/outage/area": {
        "zh": ["整条街都没电", "整个小区停电", "变压器爆炸全村没电", "一大片停电了", "家家没电", "几栋楼停电"],
        "en": ["the whole street is dark", "blackout in the area", "entire village without power", "whole block out"],
    },
    "supply/outage/single": {
        "zh": ["就我家没电", "我家停电邻居有电", "家里跳闸没电", "只有我这户停电", "屋里没电", "我家断电"],
        "en": ["only my house has no power", "my flat is dark", "breaker trips at home", "just us without power"],
    },
    MANNER: {
        "zh": ["窗口态度差", "工作人员骂人", "客服挂电话", "态度冷淡", "感谢师傅", "服务恶劣"],
        "en": ["the clerk was rude", "your agent hung up", "bad attitude", "thank you to the technician", "unfriendly"],
    },
}
EXAMPLES = list(text_patterns.texts(patterns=PATTERNS, words=_WORDS))

"""
The class of a case from its text: our small model beside words of a clerk's manual and the commonest class, in one run.

Learned from the patterns of the pack alone, as in a new installation; judged on texts that were written before them and
that nothing is learned from (case_texts/README.md). F1 is the mean over classes: each counts the same.
"""

import re
import time
import tomllib
from pathlib import Path

import _report  # first: makes the project importable

from complaints.domain import class_model, text_patterns
from complaints.domain.class_model import macro_f1

GOAL_RATIO = 1.3
SURE = 0.75
TEXTS = Path(__file__).with_name("case_texts")
PACK = _report.ROOT / "cis" / "packs" / "cn"
CHINESE = re.compile(r"[\u3400-\u9fff]")


def judged() -> list[tuple[str, str, str]]:
    """Return text, class and language of each text that is judged."""
    rows, code = [], ""
    for language in ("zh", "en"):
        for line in (TEXTS / f"{language}.txt").read_text(encoding="utf-8").splitlines():
            if line.startswith("["):
                code = line.strip("[] ")
            elif line.strip():
                rows.append((line.strip(), code, language))
    return rows


def by_words(texts: list[str]) -> list[str]:
    """Return the class most of whose words a text has; of none, the class that people most often come with."""
    words = tomllib.loads((TEXTS / "keywords.toml").read_text(encoding="utf-8"))["words"]
    said = []
    for text in (one.lower() for one in texts):
        points = {code: sum(has(text, word) for word in some) for code, some in words.items()}
        best = max(points, key=lambda code: points[code])
        said.append(best if points[best] else "billing/amount/too_high")
    return said


def has(text: str, word: str) -> bool:
    return word in text if CHINESE.search(word) else bool(re.search(rf"\b{re.escape(word)}", text))


def main() -> None:
    _report.parser(__doc__).parse_args()
    start = time.perf_counter()
    patterns = tomllib.loads((PACK / "case_texts.toml").read_text(encoding="utf-8"))
    examples = list(text_patterns.texts(patterns=patterns["texts"], words=patterns["words"]))
    learned = class_model.learn(examples)
    _report.progress(f"learned from {len(examples)} texts; kept out in turn: macro-F1 {learned.crossed:.3f}")
    rows = judged()
    texts, truth = [text for text, _, _ in rows], [code for _, code, _ in rows]
    guessed = [learned.model.confidences(text) for text in texts]
    ours = [found[0][0] for found in guessed]
    keywords = by_words(texts)
    majority = max(sorted(set(truth)), key=truth.count)
    value, floor = macro_f1(truth=truth, said=ours), macro_f1(truth=truth, said=keywords)
    sure = [found[0][0] == code for found, code in zip(guessed, truth, strict=True) if found[0][1] >= SURE]
    _report.finish(
        name="classifier", value=round(value, 4), unit="macro-F1", goal=f">= {GOAL_RATIO} x keywords",
        holds=value >= GOAL_RATIO * floor,
        reference={"name": "keywords", "value": round(floor, 4), "unit": "macro-F1"},
        ratio=round(value / floor, 3), n=len(rows), taken_s=time.perf_counter() - start,
        majority=round(macro_f1(truth=truth, said=[majority] * len(truth)), 4),
        by_language={one: scores(rows, ours, keywords, one) for one in ("zh", "en")},
        in_first_three=share([code in dict(found[:3]) for found, code in zip(guessed, truth, strict=True)]),
        sure={"from": SURE, "share": round(len(sure) / len(rows), 3), "right": share(sure)},
        learned_from=len(examples), crossed=round(learned.crossed, 4), model_bytes=len(learned.model.to_bytes()),
    )  # fmt: skip


def scores(rows: list[tuple[str, str, str]], ours: list[str], keywords: list[str], language: str) -> dict[str, float]:
    picked = [at for at, row in enumerate(rows) if row[2] == language]
    truth = [rows[at][1] for at in picked]
    return {
        "ours": round(macro_f1(truth=truth, said=[ours[at] for at in picked]), 4),
        "keywords": round(macro_f1(truth=truth, said=[keywords[at] for at in picked]), 4),
    }


def share(right: list[bool]) -> float:
    return round(sum(right) / max(len(right), 1), 4)


if __name__ == "__main__":
    main()

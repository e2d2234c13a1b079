"""
Recompute a bill from its proof, apart from the program that made it, and say what differs.

    python3 tools/recompute_proof.py FILE...

FILE is what `manage.py bill_proof`, the desk, the portal or the API gave; "-" is standard input. Exit code 0: every
line, tax and total follows from the inputs to the minor unit; 1: something differs, and each difference is named;
2: a proof cannot be read, or asks for something that this program does not know. Python 3.11, no other packages.
"""

import json
import sys
from pathlib import Path

from recompute.bill import Proof
from recompute.numbers import CannotTell


def main(names: list[str]) -> int:
    """Check some proofs; return the exit code."""
    if not names or names[0] in ("-h", "--help"):
        print(__doc__.strip())
        return 2
    return max(check(name) for name in names)


def check(name: str) -> int:
    """Check one proof and print what was found."""
    try:
        text = sys.stdin.read() if name == "-" else Path(name).read_text(encoding="utf-8")
        proof = Proof(json.loads(text))
        found = proof.check()
    except CannotTell as reason:
        print(f"{name}: cannot be recomputed: {reason}")
        return 2
    except (OSError, ValueError, KeyError, TypeError, AttributeError, StopIteration) as fault:
        print(f"{name}: is no readable proof: {type(fault).__name__}: {fault}")
        return 2
    for one in found:
        print(f"{name}: {one}")
    bill = proof.told["bill"]
    lines = sum(len(one["lines"]) for one in proof.told["segments"])
    verdict = f"DIFFERS in {len(found)} places" if found else "holds"
    print(
        f"{name}: bill {bill['number'] or 'draft'} {verdict}: {len(proof.told['segments'])} segments, {lines} lines,"
        f" {bill['amount_minor']} minor units of {bill['currency']}"
    )
    if proof.taken:
        print(f"{name}: taken as given: {', '.join(sorted(proof.taken))}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

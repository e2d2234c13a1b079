"""
What the test of the simulator does in another process: pull what meters say, and close days, until it is ended.

    python -m tests.chaos.head_end_puller DATABASE
"""

import os
import sys
import time

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cis.settings")
django.setup()

from django.utils import timezone  # noqa: E402

from cis.platform import jobs  # noqa: E402
from metering.gateways.head_end import BadAnswer, Unreachable  # noqa: E402
from metering.operations import head_end_pulls, live_closing  # noqa: E402
from tests import template  # noqa: E402

PAUSE_S = 0.05
"""Between two pulls: so often, that kills come in the middle of them."""


def work() -> None:
    while True:
        try:
            if head_end_pulls.pull():
                live_closing.work(timezone.now())
        except (Unreachable, BadAnswer) as error:
            print(error, flush=True)  # noqa: T201 - the simulator was just killed
        time.sleep(PAUSE_S)


if __name__ == "__main__":
    template.use(sys.argv[1])
    jobs.send = lambda *_, **__: None
    print("pulling", flush=True)  # noqa: T201
    work()

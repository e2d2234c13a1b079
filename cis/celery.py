"""
The Celery application.

PostgreSQL is the record of what is to be done; Celery only wakes workers. So results are ignored, tasks carry
no data but a key, and a lost, doubled or flushed message does no harm.
"""

import os

from celery import Celery, signals
from django_structlog.celery.steps import DjangoStructLogInitStep

from cis.platform import memory

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cis.settings")

app = Celery("wattline")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.steps["worker"].add(DjangoStructLogInitStep)
app.autodiscover_tasks()


@signals.worker_init.connect
def _settle(**_said: object) -> None:
    """Tasks are imported by now, and no process is forked yet."""
    memory.keep_what_is_loaded()

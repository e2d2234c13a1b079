"""
The Celery application.

PostgreSQL is the record of what is to be done; Celery only wakes workers. So results are ignored, tasks carry
no data but a key, and a lost, doubled or flushed message does no harm.
"""

import os

from celery import Celery
from django_structlog.celery.steps import DjangoStructLogInitStep

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cis.settings")

app = Celery("wattline")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.steps["worker"].add(DjangoStructLogInitStep)
app.autodiscover_tasks()

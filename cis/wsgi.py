"""The WSGI entry point that granian serves."""

import os

from django.core.wsgi import get_wsgi_application

from cis.platform import memory

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cis.settings")
os.environ.setdefault("DATABASE_KEEPS_PLANS", "on")

application = get_wsgi_application()
memory.keep_what_is_loaded()

"""The WSGI entry point that granian serves."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cis.settings")
os.environ.setdefault("DATABASE_KEEPS_PLANS", "on")

application = get_wsgi_application()

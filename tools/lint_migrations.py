"""
Lint the project's own migrations: would one lock or break a running installation?

The linter is a Django app of the development group, so it is added here and not in the settings.
"""

import os
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(PROJECT))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cis.settings")

import django  # noqa: E402 (after the path)
from django.apps import apps  # noqa: E402
from django.conf import settings  # noqa: E402
from django.core.management import call_command  # noqa: E402

# Until the first release no installation has rows in these tables, so what only locks, fills or renames one is allowed.
BEFORE_FIRST_RELEASE = [
    "NOT_NULL",
    "ADD_UNIQUE",
    "CREATE_INDEX",
    "CREATE_INDEX_EXCLUSIVE",
    "ALTER_COLUMN",
    "DROP_INDEX",
    "RENAME_TABLE",
]

settings.INSTALLED_APPS = [*settings.INSTALLED_APPS, "django_migration_linter"]
django.setup()
ours = [app.label for app in apps.get_app_configs() if PROJECT in Path(app.path).parents and ".venv" not in app.path]
call_command(
    "lintmigrations",
    include_apps=ours,
    project_root_path=str(PROJECT),
    exclude_migration_tests=BEFORE_FIRST_RELEASE,
    ignore_initial_migrations=True,
    no_cache=True,
    quiet=["ok", "ignore"],
)

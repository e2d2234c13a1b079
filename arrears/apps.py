"""The arrears room as a Django app."""

from django.apps import AppConfig


class ArrearsConfig(AppConfig):
    name = "arrears"
    default_auto_field = "django.db.models.BigAutoField"

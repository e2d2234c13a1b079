"""The cashiering room as a Django app."""

from django.apps import AppConfig


class CashieringConfig(AppConfig):
    name = "cashiering"
    default_auto_field = "django.db.models.BigAutoField"

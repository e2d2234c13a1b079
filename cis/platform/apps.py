"""The platform as a Django app."""

from django.apps import AppConfig


class PlatformConfig(AppConfig):
    name = "cis.platform"
    label = "platform"
    default_auto_field = "django.db.models.BigAutoField"

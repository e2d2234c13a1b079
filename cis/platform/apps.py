"""The platform as a Django app."""

from django.apps import AppConfig


class PlatformConfig(AppConfig):
    """Keeps the label of the tables short."""

    name = "cis.platform"
    label = "platform"
    default_auto_field = "django.db.models.BigAutoField"

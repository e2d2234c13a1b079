"""The platform as a Django app."""

from django.apps import AppConfig

from cis.platform import lookups, plans


class PlatformConfig(AppConfig):
    """Keeps the label of the tables short."""

    name = "cis.platform"
    label = "platform"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        lookups.register()
        plans.register()

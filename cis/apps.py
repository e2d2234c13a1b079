"""The roof as a Django app: pages, endpoints and commands that span rooms."""

from django.apps import AppConfig


class CisConfig(AppConfig):
    name = "cis"
    verbose_name = "Wattline"

    def ready(self) -> None:
        from cis import celery, wiring

        celery.app.set_default()
        wiring.bind()

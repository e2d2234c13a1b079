"""Addresses of the desk: energy that is looked at, and the day as it grows."""

from django.urls import path

from cis.desk import exceptions, live

urlpatterns = [
    path("places/<int:service_point_id>/today/", live.show, name="place_today"),
    path("exceptions/", exceptions.index, name="exceptions"),
    path("exceptions.csv", exceptions.export, name="exceptions_file"),
    path("exceptions/<int:exception_id>/", exceptions.show, name="exception"),
    path("exceptions/<int:exception_id>/accept/", exceptions.accept, name="accept_exception"),
]

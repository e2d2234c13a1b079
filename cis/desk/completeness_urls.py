"""Addresses of the desk: where the energy of every day is."""

from django.urls import path

from cis.desk import completeness

urlpatterns = [
    path("completeness/", completeness.index, name="completeness"),
    path("completeness.csv", completeness.export, name="completeness_file"),
    path("completeness-months.csv", completeness.export_months, name="completeness_months_file"),
    path("customers/<int:account_id>/days/", completeness.account_days, name="account_days"),
]

"""Addresses of the desk: care of customers."""

from django.urls import path

from cis.desk import protections

urlpatterns = [
    path("care/protections/", protections.index, name="protections"),
    path("care/protections.csv", protections.export, name="protections_file"),
    path("care/protections/<int:protection_id>/", protections.show, name="protection"),
    path("care/protections/<int:protection_id>/act/", protections.act, name="act_on_protection"),
    path("customers/<int:account_id>/protect/", protections.new, name="new_protection"),
]

"""Addresses of the desk: customers who are one, and what happened to a customer."""

from django.urls import path

from cis.desk import customer_timeline, duplicates, merges

urlpatterns = [
    path("care/duplicates/", duplicates.index, name="duplicates"),
    path("care/duplicates.csv", duplicates.export, name="duplicates_file"),
    path("care/duplicates/name/", duplicates.name, name="name_duplicates"),
    path("care/duplicates/<int:pair_id>/", duplicates.show, name="duplicate"),
    path("care/duplicates/<int:pair_id>/act/", duplicates.act, name="act_on_duplicate"),
    path("care/merges/", merges.index, name="merges"),
    path("care/merges/<int:merge_id>/", merges.show, name="merge"),
    path("care/merges/<int:merge_id>/act/", merges.act, name="act_on_merge"),
    path("customers/<int:account_id>/timeline/", customer_timeline.show, name="customer_timeline"),
]

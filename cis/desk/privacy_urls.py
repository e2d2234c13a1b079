"""Addresses of the desk: personal data of customers."""

from django.urls import path

from cis.desk import privacy

urlpatterns = [
    path("privacy/access-log/", privacy.access_log, name="access_log"),
    path("privacy/access-log.csv", privacy.access_log_file, name="access_log_file"),
    path("privacy/erasures/", privacy.index, name="erasures"),
    path("privacy/erasures.csv", privacy.export, name="erasures_file"),
    path("privacy/erasures/<int:erasure_id>/decide/", privacy.decide, name="decide_erasure"),
    path("customers/<int:account_id>/data/", privacy.customer, name="customer_data"),
    path("customers/<int:account_id>/data/act/", privacy.act, name="act_on_customer_data"),
    path("customers/<int:account_id>/data/<int:export_id>.zip", privacy.fetch, name="customer_data_file"),
]

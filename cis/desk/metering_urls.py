"""Addresses of the desk: energy that is looked at, what is unusual, losses, the day as it grows, values, streams."""

from django.urls import path

from cis.desk import (
    anomalies,
    balances,
    exception_acts,
    exceptions,
    live,
    place_values,
    re_reads,
    stream_names,
)

urlpatterns = [
    path("places/<int:service_point_id>/today/", live.show, name="place_today"),
    path("field/<int:work_order_id>/re-read/", re_reads.show, name="field_re_read"),
    path("exceptions/", exceptions.index, name="exceptions"),
    path("exceptions.csv", exceptions.export, name="exceptions_file"),
    path("exceptions/<int:exception_id>/", exceptions.show, name="exception"),
    path("exceptions/<int:exception_id>/accept/", exception_acts.accept, name="accept_exception"),
    path("exceptions/<int:exception_id>/edit/", exception_acts.edit, name="edit_exception"),
    path("exceptions/<int:exception_id>/estimate/", exception_acts.estimate, name="estimate_exception"),
    path("exceptions/<int:exception_id>/visit/", exception_acts.visit, name="visit_exception"),
    path("exceptions/<int:exception_id>/changes/<int:change_id>/", exception_acts.decide, name="decide_read_change"),
    path("exceptions/act/", exception_acts.many, name="act_on_exceptions"),
    path("places/<int:service_point_id>/readings/", place_values.show, name="place_values"),
    path("files/names/", stream_names.index, name="stream_names"),
    path("files/names.csv", stream_names.export, name="stream_names_file"),
    path("files/names/new/", stream_names.new, name="new_stream_name"),
    path("files/names/<int:name_id>/end/", stream_names.end, name="end_stream_name"),
    path("anomalies/", anomalies.index, name="anomalies"),
    path("anomalies.csv", anomalies.export, name="anomalies_file"),
    path("anomalies/<int:anomaly_id>/", anomalies.show, name="anomaly"),
    path("anomalies/<int:anomaly_id>/follow/", anomalies.follow, name="follow_anomaly"),
    path("anomalies/<int:anomaly_id>/dismiss/", anomalies.dismiss, name="dismiss_anomaly"),
    path("network/losses/", balances.index, name="losses"),
    path("network/losses.csv", balances.export, name="losses_file"),
    path("network/transformer/<int:transformer_id>/losses/", balances.show, name="transformer_losses"),
    path("network/transformer/<int:transformer_id>/losses.csv", balances.days_file, name="transformer_losses_file"),
    path("network/transformer/<int:transformer_id>/master/", balances.set_master, name="set_master_meter"),
    path("network/transformer/<int:transformer_id>/master/end/", balances.end_master, name="end_master_meter"),
]

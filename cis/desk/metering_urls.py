"""Addresses of the desk: energy that is looked at, values of places, names of streams, usage inspections."""

from django.urls import path

from cis.desk import exception_acts, exceptions, live, place_values, re_reads, stream_names, usage_inspections

urlpatterns = [
    path("places/<int:service_point_id>/today/", live.show, name="place_today"),
    path("field/<int:work_order_id>/re-read/", re_reads.show, name="field_re_read"),
    path("places/<int:service_point_id>/suspect/", usage_inspections.new, name="new_usage_inspection"),
    path("usage-inspections/", usage_inspections.index, name="usage_inspections"),
    path("usage-inspections.csv", usage_inspections.export, name="usage_inspections_file"),
    path("usage-inspections/<int:inspection_id>/", usage_inspections.show, name="usage_inspection"),
    path("usage-inspections/<int:inspection_id>/act/", usage_inspections.act, name="act_on_usage_inspection"),
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
]

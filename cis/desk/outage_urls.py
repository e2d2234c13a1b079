"""Addresses of the desk: outages."""

from django.urls import path

from cis.desk import meter_alarms, outages, planned_outages, reliability

urlpatterns = [
    path("outages/", outages.index, name="outages"),
    path("outages.csv", outages.export, name="outages_file"),
    path("outages/report/", outages.report, name="report_fault"),
    path("outages/alarms/", meter_alarms.index, name="meter_alarms"),
    path("outages/alarms.csv", meter_alarms.export, name="meter_alarms_file"),
    path("outages/planned/", planned_outages.index, name="planned_outages"),
    path("outages/planned.csv", planned_outages.export, name="planned_outages_file"),
    path("outages/planned/new/", planned_outages.new, name="new_planned_outage"),
    path("outages/planned/<int:plan_id>/", planned_outages.show, name="planned_outage"),
    path("outages/planned/<int:plan_id>/act/", planned_outages.act, name="act_on_planned_outage"),
    path("outages/reliability/", reliability.show, name="reliability"),
    path("outages/reliability.csv", reliability.export, name="reliability_file"),
    path("outages/<int:outage_id>/", outages.show, name="outage"),
    path("outages/<int:outage_id>/act/", outages.act, name="act_on_outage"),
]

"""Addresses of the desk: events of demand response."""

from django.urls import path

from cis.desk import demand_events, openadr

urlpatterns = [
    path("demand-events/", demand_events.index, name="demand_events"),
    path("demand-events.csv", demand_events.export, name="demand_events_file"),
    path("demand-events/new/", demand_events.new, name="new_demand_event"),
    path("demand-events/<int:event_id>/", demand_events.show, name="demand_event"),
    path("demand-events/<int:event_id>/parts.csv", demand_events.parts_file, name="demand_event_file"),
    path("demand-events/<int:event_id>/act/", demand_events.act, name="act_on_demand_event"),
    path("demand-events/parts/<int:part_id>/", demand_events.show_part, name="demand_part"),
    path("demand-events/parts/<int:part_id>/opt-out/", demand_events.opt_out, name="opt_out_of_demand"),
    path("demand-events/parts/<int:part_id>/act/", demand_events.act_on_part, name="act_on_demand_part"),
    path("openadr/", openadr.index, name="vens"),
    path("openadr/<int:ven_id>/", openadr.show, name="ven"),
    path("openadr/<int:ven_id>/act/", openadr.act, name="act_on_ven"),
    path("openadr/resources/<int:resource_id>/act/", openadr.act_on_resource, name="act_on_resource"),
]

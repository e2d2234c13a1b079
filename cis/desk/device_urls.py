"""Addresses of the desk: tests of meters, meters that fall due, transformers before meters."""

from django.urls import path

from cis.desk import due_meters, meter_tests, place_transformers

urlpatterns = [
    path("meters/due/", due_meters.index, name="due_meters"),
    path("meters/due.csv", due_meters.export, name="due_meters_file"),
    path("meters/due/order/", due_meters.order, name="order_exchanges"),
    path("meters/<int:meter_id>/tests/", meter_tests.index, name="meter_tests"),
    path("meters/<int:meter_id>/tests/ask/", meter_tests.ask, name="ask_meter_test"),
    path("meters/tests/<int:test_id>/", meter_tests.show, name="meter_test"),
    path("meters/tests/<int:test_id>/act/", meter_tests.act, name="act_on_meter_test"),
    path("places/<int:service_point_id>/transformers/", place_transformers.show, name="place_transformers"),
    path("places/<int:service_point_id>/transformers/put/", place_transformers.put, name="put_transformers"),
]

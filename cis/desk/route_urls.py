"""Addresses of the desk: reading routes and their rounds."""

from django.urls import path

from cis.desk import field_reads, read_rounds, reading_routes

urlpatterns = [
    path("routes/", reading_routes.index, name="routes"),
    path("routes.csv", reading_routes.export, name="routes_file"),
    path("routes/new/", reading_routes.new, name="new_route"),
    path("routes/<int:route_id>/", reading_routes.show, name="route"),
    path("routes/<int:route_id>/edit/", reading_routes.edit, name="edit_route"),
    path("routes/<int:route_id>/stops/", reading_routes.change_stops, name="route_stops"),
    path("routes/<int:route_id>/rounds/", reading_routes.open_round, name="open_round"),
    path("routes/rounds/<int:round_id>/", read_rounds.grid, name="reading_round"),
    path("routes/rounds/<int:round_id>.csv", read_rounds.export, name="round_file"),
    path("routes/rounds/<int:round_id>/sheet.pdf", reading_routes.sheet, name="round_sheet"),
    path("routes/rounds/<int:round_id>/rows/<int:register_id>/", read_rounds.row, name="round_row"),
    path("routes/rounds/<int:round_id>/act/", read_rounds.act, name="act_on_round"),
    path("routes/rounds/<int:round_id>/upload/", read_rounds.upload, name="upload_round"),
    path("field/rounds/worker.js", field_reads.worker, name="field_worker"),
    path("field/rounds/<int:round_id>/", field_reads.walk, name="field_round"),
    path("field/rounds/<int:round_id>/sync/", field_reads.sync, name="sync_field_round"),
]

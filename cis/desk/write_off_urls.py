"""Addresses of the desk: debts that are given up."""

from django.urls import path

from cis.desk import write_offs

urlpatterns = [
    path("refunds/write-offs/", write_offs.index, name="write_offs"),
    path("refunds/write-offs.csv", write_offs.export, name="write_offs_file"),
    path("refunds/write-offs/<int:write_off_id>/", write_offs.show, name="write_off"),
    path("refunds/write-offs/<int:write_off_id>/act/", write_offs.act, name="act_on_write_off"),
    path("refunds/write-offs/<int:write_off_id>/paper/", write_offs.paper, name="write_off_paper"),
    path("refunds/write-offs/candidates/", write_offs.candidates, name="write_off_candidates"),
    path("refunds/write-offs/candidates.csv", write_offs.candidates_file, name="write_off_candidates_file"),
    path("refunds/write-offs/batches/new/", write_offs.propose_batch, name="new_write_off_batch"),
    path("refunds/write-offs/batches/<int:batch_id>/", write_offs.batch, name="write_off_batch"),
    path("refunds/write-offs/batches/<int:batch_id>/decide/", write_offs.decide_batch, name="decide_write_off_batch"),
    path("refunds/write-offs/months/", write_offs.report, name="write_off_report"),
    path("refunds/write-offs/months.csv", write_offs.report_file, name="write_off_report_file"),
    path("customers/<int:account_id>/write-off/", write_offs.new, name="new_write_off"),
]

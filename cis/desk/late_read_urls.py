"""Addresses of the desk: reads that came after their days were billed."""

from django.urls import path

from cis.desk import late_reads

urlpatterns = [
    path("late-reads/", late_reads.index, name="late_reads"),
    path("late-reads.csv", late_reads.export, name="late_reads_file"),
    path("late-reads/<int:rebill_id>/", late_reads.show, name="late_read"),
    path("late-reads/<int:rebill_id>/decide/", late_reads.decide, name="decide_late_read"),
]

"""Addresses of the desk: plans of instalments."""

from django.urls import path

from cis.desk import instalments

urlpatterns = [
    path("overdue/plans/", instalments.index, name="plans"),
    path("overdue/plans.csv", instalments.export, name="plans_file"),
    path("overdue/plans/<int:plan_id>/", instalments.show, name="plan"),
    path("overdue/plans/<int:plan_id>/act/", instalments.act, name="act_on_plan"),
    path("overdue/plans/<int:plan_id>/agreement.pdf", instalments.agreement, name="plan_agreement"),
    path("overdue/plans/<int:plan_id>/cards.pdf", instalments.cards, name="plan_cards"),
    path("customers/<int:account_id>/plan/", instalments.new, name="new_plan"),
]

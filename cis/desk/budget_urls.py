"""Addresses of the desk: budget plans."""

from django.urls import path

from cis.desk import budgets

urlpatterns = [
    path("budgets/", budgets.index, name="budgets"),
    path("budgets.csv", budgets.export, name="budgets_file"),
    path("budgets/<int:plan_id>/", budgets.show, name="budget"),
    path("budgets/<int:plan_id>/months.csv", budgets.months_file, name="budget_months_file"),
    path("budgets/<int:plan_id>/act/", budgets.act, name="act_on_budget"),
    path("customers/<int:account_id>/budget/", budgets.offer, name="offer_budget"),
]

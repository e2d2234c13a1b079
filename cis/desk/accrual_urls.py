"""Addresses of the desk: accruals of revenue."""

from django.urls import path

from cis.desk import accruals

urlpatterns = [
    path("books/accruals/", accruals.index, name="accruals"),
    path("books/accruals.csv", accruals.export, name="accruals_file"),
    path("books/accruals/new/", accruals.new, name="new_accrual"),
    path("books/accruals/<int:accrual_id>/", accruals.show, name="accrual"),
    path("books/accruals/<int:accrual_id>/act/", accruals.act, name="act_on_accrual"),
    path("books/accruals/<int:accrual_id>/totals.csv", accruals.totals_file, name="accrual_totals_file"),
    path("books/accruals/<int:accrual_id>/accounts/", accruals.accounts, name="accrual_accounts"),
    path("books/accruals/<int:accrual_id>/accounts.csv", accruals.accounts_file, name="accrual_accounts_file"),
]

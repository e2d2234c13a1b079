"""Addresses of the desk."""

from django.urls import path

from cis.desk import account_page, bills, customers, files, payments, reads, runs, search, supply, tariffs, usage

app_name = "desk"
urlpatterns = [
    path("search/", search.show, name="search"),
    path("customers/", customers.index, name="customers"),
    path("customers.csv", customers.export, name="customers_file"),
    path("customers/new/", customers.new, name="new_customer"),
    path("customers/<int:account_id>/", account_page.show, name="account"),
    path("customers/<int:account_id>/ledger.csv", account_page.movements_file, name="movements_file"),
    path("customers/<int:account_id>/holder/<int:customer_id>/", customers.edit, name="edit_customer"),
    path("customers/<int:account_id>/holder/<int:customer_id>/contacts/", customers.contacts, name="contacts"),
    path("customers/<int:account_id>/supply/", supply.begin, name="supply"),
    path("customers/<int:account_id>/supply/<int:agreement_id>/", supply.term, name="term"),
    path("customers/<int:account_id>/supply/<int:agreement_id>/end/", supply.end, name="end_supply"),
    path("customers/<int:account_id>/read/", reads.enter, name="read"),
    path("customers/<int:account_id>/payment/", payments.take, name="payment"),
    path("bills/", bills.index, name="bills"),
    path("bills.csv", bills.export, name="bills_file"),
    path("bills/<int:bill_id>/", bills.show, name="bill"),
    path("bills/<int:bill_id>/bill.pdf", bills.paper, name="bill_paper"),
    path("bills/<int:bill_id>/cancel/", bills.cancel, name="cancel_bill"),
    path("runs/", runs.index, name="runs"),
    path("runs.csv", runs.export, name="runs_file"),
    path("runs/new/", runs.new, name="new_run"),
    path("runs/<int:run_id>/", runs.show, name="run"),
    path("runs/<int:run_id>/approve/", runs.approve, name="approve_run"),
    path("runs/<int:run_id>/drop/", runs.drop, name="drop_run"),
    path("runs/<int:run_id>/held/", runs.held, name="held"),
    path("runs/<int:run_id>/held.csv", runs.held_file, name="held_file"),
    path("files/", files.index, name="files"),
    path("files.csv", files.export, name="files_file"),
    path("files/upload/", files.upload, name="upload"),
    path("files/imports/<int:job_id>/", files.importing, name="import"),
    path("files/<int:read_file_id>/", files.show, name="file"),
    path("files/<int:read_file_id>/rejected.csv", files.rejections_file, name="rejections_file"),
    path("files/<int:read_file_id>/again/", files.again, name="import_again"),
    path("usage/", usage.approve, name="usage"),
    path("usage/<int:job_id>/", usage.approval, name="approval"),
    path("tariffs/", tariffs.index, name="tariffs"),
    path("tariffs/<int:tariff_id>/", tariffs.show, name="tariff"),
    path("tariffs/<int:tariff_id>/prices.csv", tariffs.export, name="prices_file"),
]

"""Addresses of the desk: what is billed together."""

from django.urls import path

from cis.desk import consolidated, telephone

urlpatterns = [
    path("bills/consolidated/", consolidated.index, name="consolidated_bills"),
    path("bills/consolidated.csv", consolidated.export, name="consolidated_bills_file"),
    path("bills/consolidated/<int:consolidated_bill_id>/", consolidated.show, name="consolidated_bill"),
    path("bills/consolidated/<int:consolidated_bill_id>/bills.csv", consolidated.bills_file, name="consolidated_items"),
    path("bills/consolidated/<int:consolidated_bill_id>/bill.pdf", consolidated.paper, name="consolidated_paper"),
    path("till/consolidated/<int:consolidated_bill_id>/", consolidated.take_money, name="take_consolidated"),
    path("customers/<int:account_id>/consolidated/", consolidated.arrange, name="arrange_consolidated"),
    path("customers/<int:account_id>/telephone-pin/", telephone.pin, name="telephone_pin"),
]

"""Addresses of the desk: deposits of customers."""

from django.urls import path

from cis.desk import deposits

urlpatterns = [
    path("refunds/deposits/", deposits.index, name="deposits"),
    path("refunds/deposits.csv", deposits.export, name="deposits_file"),
    path("refunds/deposits/<int:deposit_id>/", deposits.show, name="deposit"),
    path("refunds/deposits/<int:deposit_id>/receipt.pdf", deposits.receipt, name="deposit_receipt"),
    path("refunds/deposits/<int:deposit_id>/ask/", deposits.ask, name="ask_deposit"),
    path("refunds/deposits/<int:deposit_id>/increase/", deposits.increase, name="increase_deposit"),
    path("refunds/deposits/<int:deposit_id>/wish/", deposits.wish, name="wish_deposit"),
    path("refunds/deposits/<int:deposit_id>/decide/<int:request_id>/", deposits.decide, name="decide_deposit"),
    path("customers/<int:account_id>/deposit/", deposits.new, name="new_deposit"),
]

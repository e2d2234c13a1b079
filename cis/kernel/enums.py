"""Words that several rooms share."""

from enum import StrEnum


class Role(StrEnum):
    """What a signed-in person may be; one person may have several."""

    CLERK = "clerk"
    CASHIER = "cashier"
    BILLING = "billing"
    METERING = "metering"
    FIELD = "field"
    SUPERVISOR = "supervisor"
    AUDITOR = "auditor"
    ADMIN = "admin"
    CUSTOMER = "customer"

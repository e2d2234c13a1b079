"""Who may open which page of the desk."""

from cis.kernel.enums import Role

READERS = (
    Role.CLERK, Role.CASHIER, Role.BILLING, Role.METERING, Role.FIELD, Role.SUPERVISOR, Role.AUDITOR, Role.ADMIN,
)  # fmt: skip
"""All staff may look; looking at a customer is recorded."""
CLERKS = (Role.CLERK, Role.SUPERVISOR)
CASHIERS = (Role.CASHIER, Role.SUPERVISOR)
SUPERVISORS = (Role.SUPERVISOR,)
METERERS = (Role.METERING, Role.SUPERVISOR)
READ_TAKERS = (Role.CLERK, Role.METERING, Role.FIELD, Role.SUPERVISOR)
BILLERS = (Role.BILLING, Role.SUPERVISOR)
ADMINS = (Role.ADMIN,)
DISPATCHERS = (Role.CLERK, Role.METERING, Role.SUPERVISOR)
"""Who sends crews out."""
FIELD_WORKERS = (Role.FIELD, Role.METERING, Role.SUPERVISOR)
"""Who does work in the field, on the phone pages."""

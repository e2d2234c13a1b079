"""What binds the rights of customers over their own data: where these stand, who is asked before they go."""

from datetime import time, timedelta

from django.conf import settings

from accounts.operations import data_exports, erasures
from accounts.queries import personal as of_accounts
from arrears.queries import personal as of_arrears
from billing.queries import personal as of_billing
from cashiering.queries import personal as of_cashiering
from cis.platform import jobs, personal, sealed_documents
from cis.platform.schedules import Daily, Every
from complaints.queries import personal as of_complaints
from contracts.queries import personal as of_contracts
from metering.queries import personal as of_metering

ERASURES_AT = time(5, 0)
"""When it is looked whose personal data have been kept long enough."""

SEAL_EVERY = timedelta(minutes=5)
"""How often new documents are looked at, and encrypted if they are a customer's."""


def bind() -> None:
    """Bind all; called once by ``cis.wiring``."""
    personal.declare(*of_accounts.HELD)
    personal.declare(*of_metering.HELD)
    personal.declare(*of_contracts.HELD)
    personal.declare(*of_billing.HELD)
    personal.declare(*of_cashiering.HELD)
    personal.declare(*of_arrears.HELD)
    personal.declare(*of_complaints.HELD)
    personal.ask("accounts", of_accounts.obstacles)
    personal.ask("contracts", of_contracts.obstacles)
    personal.ask("billing", of_billing.obstacles)
    personal.ask("cashiering", of_cashiering.obstacles)
    personal.ask("arrears", of_arrears.obstacles)
    personal.ask("complaints", of_complaints.obstacles)
    jobs.register(erasures.WORK, erasures.work)
    jobs.register(erasures.NIGHT, erasures.night, schedule=Daily(ERASURES_AT, settings.TIME_ZONE))
    jobs.register(data_exports.WORK, data_exports.work)
    jobs.register(data_exports.TIDY, data_exports.forget, schedule=Daily(ERASURES_AT, settings.TIME_ZONE))
    jobs.register(sealed_documents.WORK, sealed_documents.seal_new, schedule=Every(SEAL_EVERY))
    jobs.register(sealed_documents.AGAIN, sealed_documents.look_again, schedule=Daily(ERASURES_AT, settings.TIME_ZONE))

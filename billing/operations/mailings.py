"""Mailings: who is chosen is known here, where accounts, places, tariffs and cycles are seen together."""

from datetime import date

from accounts.domain.mailing import NewMailing
from accounts.operations import mailings
from billing.queries import mailing_targets
from billing.queries.mailing_targets import Choice
from cis.kernel.actors import Actor
from cis.platform.db import opens_transaction


@opens_transaction
def propose(*, new: NewMailing, choice: Choice, today: date, actor: Actor) -> int:
    """
    Keep a mailing with the customers whom the choice has today; return its id.

    :raises BadText, NobodyChosen, TooMany: see ``accounts.operations.mailings.propose_step``.
    """
    account_ids, customer_ids = mailing_targets.chosen(choice=choice, at_date=today)
    return mailings.propose_step(
        new=new,
        account_ids=account_ids,
        customer_ids=customer_ids,
        chosen_by={
            "customer_kind": choice.customer_kind,
            "district": choice.district,
            "tariff": choice.tariff,
            "cycle": choice.cycle,
            "segment": choice.segment,
        },
        actor=actor,
    )

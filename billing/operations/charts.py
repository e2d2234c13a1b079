"""The company's chart of accounts: entries are added, never changed; what a closed month was exported with stays."""

from datetime import date

from billing.domain import journals
from billing.domain.entries import CUSTOMER
from billing.models.chart import ChartEntry
from billing.models.period import AccountingPeriod
from cis.kernel.actors import Actor
from cis.kernel.enums import Role
from cis.kernel.errors import Refused
from cis.kernel.workflow import NotAllowed
from cis.platform import audit
from cis.platform.db import opens_transaction

WRITERS = frozenset({Role.BILLING, Role.SUPERVISOR})


class BadChartEntry(Refused):
    """A number of the chart cannot be kept as given."""

    code = "bad_chart_entry"


@opens_transaction
def enter(*, code: str, since_month: date, number: str, name: str, actor: Actor) -> int:
    """
    Say under which number and name a ledger account is kept from a month on; the id of the entry.

    The same once more keeps the first. An account without a number may get one for closed months too: nothing was
    written of them yet that it could change.

    :raises NotAllowed: the actor neither bills nor supervises.
    :raises BadChartEntry: number, name or code are not as they must be, or a closed month has another number.
    """
    if not actor.is_one_of(WRITERS):
        raise NotAllowed("The chart of accounts is kept by billing.")
    number, name = number.strip(), " ".join(name.split())
    if journals.root_of(code) is None or (code != CUSTOMER and "." not in code):
        raise BadChartEntry(f"No ledger account is called {code}.", field="code")
    if not journals.NUMBER.fullmatch(number):
        raise BadChartEntry(
            "A number has letters, digits and hyphens, and begins with a capital or a digit.", field="number"
        )
    if not name:
        raise BadChartEntry("The account needs a name.", field="name")
    since_month = since_month.replace(day=1)
    known = ChartEntry.objects.filter(code=code).order_by("since_month")
    same = known.filter(since_month=since_month).first()
    if same is not None and (same.number, same.name) == (number, name):
        return int(same.id)
    closed = AccountingPeriod.objects.filter(state="closed").order_by("-month").first()
    changes_closed = closed is not None and since_month <= closed.month and known.filter(since_month__lte=closed.month)
    if same is not None or changes_closed:
        raise BadChartEntry(
            "A month that has another number keeps it.",
            advice="Begin in a later month that is open.",
            field="since_month",
        )
    made = ChartEntry.objects.create(
        code=code, since_month=since_month, number=number, name=name[:100], actor_id=actor.id
    )
    audit.record(actor, "enter", "chart entry", made.id, code=code, number=number)
    return int(made.id)

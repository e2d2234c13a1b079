"""What waits for whoever comes in, by role."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from accounts.queries import notices
from billing.queries import cycles, late_reads, listing, runs
from billing.queries.listing import Wanted
from cashiering.queries import checkouts, debits, payouts
from cis.desk import tasks
from cis.desk.answers import today
from cis.desk.roles import BILLERS, CASHIERS, CLERKS, METERERS
from cis.kernel.enums import Role
from cis.platform import progress
from cis.platform.access import actor_of, allow_signed_in
from contracts.domain.charge_workflow import DECIDERS, ChargeState
from contracts.queries import breaches, charges
from metering.domain.correction_workflow import CORRECTORS
from metering.queries import corrections, exceptions, files

HELD_SHOWN = 8
RUNS_SHOWN = 5
FILES_SHOWN = 5
JOBS_SHOWN = 6


@allow_signed_in
def show(request: HttpRequest) -> HttpResponse:
    """Show the desk's first page; customers go to their portal."""
    actor = actor_of(request)
    if Role.CUSTOMER in actor.roles:
        return redirect("portal:bills")
    held = runs.held(most=HELD_SHOWN + 1)
    latest = runs.latest(most=RUNS_SHOWN)
    overdue = listing.sums(wanted=Wanted(state="overdue"), today=today())
    context = {
        "held": held[:HELD_SHOWN],
        "has_more_held": len(held) > HELD_SHOWN,
        "runs": latest,
        "run_sums": cycles.run_sums(run_ids=[card.id for card in latest]),
        "files": files.listed(most=FILES_SHOWN),
        "jobs": progress.latest(most=JOBS_SHOWN),
        "overdue": overdue,
        "tasks": tasks.waiting(actor),
        "corrections": corrections.count(state=corrections.WAITING) if actor.is_one_of(CORRECTORS) else None,
        "late_reads": late_reads.count(state=late_reads.WAITING) if actor.roles & set(BILLERS) else None,
        "breaches": breaches.count(wanted=breaches.Wanted(state=breaches.WAITING))
        if actor.is_one_of(DECIDERS)
        else None,
        "charges": charges.count(wanted=charges.WantedCharges(state=ChargeState.PROPOSED.value, is_by_hand=True))
        if actor.is_one_of(DECIDERS)
        else None,
        "online": checkouts.needing() if actor.roles & set(CASHIERS) else None,
        "payouts": payouts.to_look_at() if actor.roles & set(CASHIERS) else None,
        "debits": debits.waiting(at=timezone.now()) if actor.roles & set(CASHIERS) else None,
        "to_mend": notices.count_to_mend() if actor.roles & set(CLERKS) else None,
        "cycles": cycles.listed(),
        "today": today(),
        "is_clerk": bool(actor.roles & set(CLERKS)),
        "is_cashier": bool(actor.roles & set(CASHIERS)),
        "is_biller": bool(actor.roles & set(BILLERS)),
        "is_meterer": bool(actor.roles & set(METERERS)),
        "exceptions": exceptions.count(wanted=exceptions.Wanted(state="open")) if actor.roles & set(METERERS) else None,
        "name": actor.name,
    }
    return render(request, "desk/home.html", context)

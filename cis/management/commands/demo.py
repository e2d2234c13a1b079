"""`manage.py demo`: everything that `make demo` does once the private services run."""

import json
import os
import sys
from argparse import ArgumentParser
from datetime import date, timedelta
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connections
from django.utils import timezone

from accounts.operations import users
from accounts.queries import accounts as account_queries
from billing.operations import completeness, issuing, proof
from billing.queries import bills
from cis import serving
from cis.demo import (
    applying,
    budgets,
    building,
    caring,
    carrying,
    cash_desk,
    changes_of_use,
    charting,
    complaining,
    consolidating,
    darkening,
    debiting,
    deposits,
    field_work,
    foretelling,
    giving_up,
    inspecting,
    invoicing,
    late_reading,
    learning,
    meter_store,
    metering_day,
    money,
    overdue,
    pairing,
    paperwork,
    paying,
    prepaying,
    programmes,
    saving,
    suspecting,
    telling,
    watching,
)
from cis.demo.building import Billed, Imported
from cis.demo.world import TARIFF_FLAT, Scale
from cis.kernel import fixed
from cis.kernel.actors import SYSTEM
from cis.kernel.enums import Role
from cis.management.terminal import bar, say
from cis.platform import outbox

STAFF = {
    "admin": (Role.ADMIN, Role.SUPERVISOR, Role.CLERK, Role.CASHIER, Role.BILLING, Role.METERING),
    "clerk": (Role.CLERK, Role.CASHIER),
    "billing": (Role.BILLING,),
    "metering": (Role.METERING,),
    "auditor": (Role.AUDITOR,),
    "field": (Role.FIELD,),
    "field2": (Role.FIELD,),
}
CUSTOMER, COMPANY = "customer", "company"
DONE = "done.json"
PRINTED_AFTER = timedelta(days=1)


class Command(BaseCommand):
    help = "Set up the demo supplier, bill it, print a summary, and serve."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--accounts", type=int, default=2_000)
        parser.add_argument("--months", type=int, default=14)
        parser.add_argument("--seed", type=int, default=1)
        parser.add_argument("--no-serve", action="store_true")

    def handle(self, *_args: object, **options: object) -> None:
        folder = settings.VAR_DIR / "demo"
        folder.mkdir(parents=True, exist_ok=True)
        call_command("migrate", verbosity=0, interactive=False)
        kept = folder / DONE
        if kept.exists():
            say("the demo supplier is there already; `make clean-demo` removes it")
        else:
            summary = _build(
                folder, accounts=int(str(options["accounts"])), months=int(str(options["months"])),
                seed=int(str(options["seed"])),
            )  # fmt: skip
            kept.touch(mode=0o600)
            kept.write_text(json.dumps(summary, ensure_ascii=False))
        summary = json.loads(kept.read_text())
        _print(summary["figures"])
        if not options["no_serve"]:
            self._serve(summary["logins"], folder)

    def _serve(self, logins: dict[str, str], folder: Path) -> None:
        connections.close_all()

        def announce(line: str) -> None:
            say("")
            say(line)
            for username, password in logins.items():
                say(f"  {username:10} {password}")
            say("Ctrl-C stops everything.")

        address = serving.free_address(
            os.environ.get("WATTLINE_HOST", "127.0.0.1"), int(os.environ.get("WATTLINE_PORT", "8000"))
        )
        # Codes on bills and the sandbox provider lead to where the demo is, also where the usual port was taken.
        os.environ.setdefault("SITE_URL", address.url.rstrip("/"))
        beside = metering_day.beside(folder, web_port=address.port)
        sys.exit(serving.serve(address, logs=settings.VAR_DIR / "log", announce=announce, beside=beside))


def _build(folder: Path, *, accounts: int, months: int, seed: int) -> dict[str, dict[str, str]]:
    today = timezone.localdate()
    scale = Scale(accounts=accounts, months=building.past_months(today=today, count=months), seed=seed)
    imported = building.seed(scale=scale, folder=folder, today=today, say=say, bar=bar)
    for month in scale.months[:-1]:
        consolidating.agree(month=month, scale=scale)
        past = building.bill(month=month, bar=_quiet)
        building.release_held(billed=past, today=today)
        building.pay(billed=past, today=today, but=consolidating.accounts())
        consolidating.month_over(billed=past, scale=scale, today=today)
        budgets.month_over(billed=past, months=scale.months, today=today)
        bar("past months", scale.months.index(month) + 1, len(scale.months) - 1)
    say(f"billing run over {accounts:,} accounts for {scale.months[-1]}")
    consolidating.agree(month=scale.months[-1], scale=scale)
    billed = building.bill(month=scale.months[-1], bar=bar)
    debited = debiting.build(run_id=billed.run_id, today=today)
    building.pay(billed=billed, today=today, but=debited | consolidating.accounts())
    consolidating.month_over(billed=billed, scale=scale, today=today)
    budgets.month_over(billed=billed, months=scale.months, today=today)
    breaches = proof.verify()
    if breaches:
        raise CommandError("; ".join(f"{breach.law.name}: {breach.count}" for breach in breaches))
    pdf = building.one_pdf(billed=billed, folder=folder)
    # Paper takes longest: workers print it while the demo is served.
    outbox.put_off(kind=issuing.PRINT, until=timezone.now() + PRINTED_AFTER)
    logins = _logins(billed)
    _live(scale, billed, today=today)
    said = metering_day.build(scale=scale, folder=folder, today=today, at=timezone.now())
    outbox.put_off(kind=issuing.PRINT, until=timezone.now())
    figures = _figures(imported, billed, pdf=pdf, accounts=accounts) | {"head-end": _words(said)}
    return {"figures": figures, "logins": logins}


def _live(scale: Scale, billed: Billed, *, today: date) -> None:
    """Let everything happen that is not a bill; what comes later may build on what came before."""
    field_work.build(today=today, field_users=("field", "field2"))
    meter_store.build(run_id=billed.run_id, today=today)
    telling.build(today=today)
    applying.build(tariff=TARIFF_FLAT)
    paperwork.build(run_id=billed.run_id, today=today)
    programmes.seed(today=today)
    saving.build(month=scale.months[-1], today=today, at=timezone.now())
    inspecting.build(today=today)
    suspecting.build(run_id=billed.run_id, today=today)
    paying.build(run_id=billed.run_id, today=today)
    changes_of_use.build(run_id=billed.run_id, today=today)
    cash_desk.build(run_id=billed.run_id, cashier="clerk", today=today)
    money.build(run_id=billed.run_id, today=today)
    deposits.build(run_id=billed.run_id, today=today)
    overdue.build(run_id=billed.run_id, today=today)
    giving_up.build(today=today)
    prepaying.build(run_id=billed.run_id, today=today)
    invoicing.build(today=today)
    complaining.build(run_id=billed.run_id, today=today, at=timezone.now())
    darkening.build(today=today, at=timezone.now())
    caring.build(run_id=billed.run_id, today=today)
    pairing.build(run_id=billed.run_id, today=today)
    learning.build(today=today, at=timezone.now())
    charting.build()
    late_reading.build(scale=scale, today=today)
    watching.build(scale=scale)
    foretelling.build(scale=scale, at=timezone.now())
    completeness.check(today=today)
    carrying.build(today=today)


def _words(said: metering_day.Said) -> str:
    event = ", some obey an event of demand response now" if said.has_event else ""
    return f"{said.meters:,} simulated meters, {said.messages:,} messages of two days{event}"


def _figures(imported: Imported, billed: Billed, *, pdf: Path, accounts: int) -> dict[str, str]:
    totals = billed.totals
    return {
        "accounts": f"{accounts:,}",
        "reads imported": f"{imported.reads:,} counter values, {imported.interval_values:,} interval values",
        "lines rejected": f"{imported.rejected:,}",
        "billed month": str(billed.month),
        "kWh": fixed.to_text(totals.energy_wh, places=3),
        "bills": f"{totals.bills:,}",
        "amount": f"¥{fixed.to_text(totals.amount_minor, places=2)}",
        "held": f"{totals.held:,} accounts, with their reasons on the run's page",
        "bills/s": f"{totals.bills / billed.seconds:,.0f}",
        "ledger": f"proved, {len(proof.LAWS)} laws hold",
        "one bill": str(pdf),
    }


def _logins(billed: Billed) -> dict[str, str]:
    logins = {}
    for username, roles in STAFF.items():
        logins[username] = users.new_password()
        users.create_staff(username=username, roles=roles, password=logins[username], actor=SYSTEM)
    [card] = bills.of_run(run_id=billed.run_id, state="issued", most=1)
    [holder] = account_queries.holders(account_ids=[card.account_id])
    holders = {CUSTOMER: holder.customer_id, COMPANY: consolidating.customer_id()}
    for username, customer_id in holders.items():
        if customer_id is not None:
            logins[username] = users.new_password()
            users.create_portal_user(
                customer_id=customer_id, username=username, password=logins[username], actor=SYSTEM
            )  # fmt: skip
    return logins


def _print(figures: dict[str, str]) -> None:
    say("")
    for name, value in figures.items():
        say(f"  {name:16}{value}")


def _quiet(_words: str, _done: int, _total: int) -> None:
    """Draw nothing."""

"""Effects of a change that nobody has agreed to, for whoever rolls them back: to see what it would mean."""

from dataclasses import replace
from datetime import date

from accounts.domain.customer import NewCustomer
from cis.kernel.actors import Actor
from cis.platform.db import joins_transaction
from contracts.domain import change_effects
from contracts.domain.changes import Wanted
from contracts.models.change import ChangeSet
from contracts.operations import change_effects as doing
from contracts.operations.changes import COLUMNS, refuse
from contracts.operations.newcomers import with_newcomer
from contracts.queries import change_facts
from metering.operations import reads, resolver


@joins_transaction
def try_reads(*, wanted: Wanted, today: date, actor: Actor) -> None:
    """Keep the counter values that come with a change, and nothing else of it, for whoever rolls that back."""
    if wanted.effective_date > today:
        return
    resolver.lock_meters(sorted({read.serial for read in wanted.reads}))
    for read in wanted.reads:
        reads.keep(
            serial=read.serial, register=read.register, read_date=wanted.effective_date,
            reading_wh=read.reading_wh, today=today, actor=actor,
        )  # fmt: skip


@joins_transaction
def try_out(
    *, wanted: Wanted, asked_date: date, today: date, actor: Actor, newcomer: NewCustomer | None = None
) -> doing.Doing:
    """
    Do all effects of a change that nobody has agreed to, for whoever rolls them back: to see what it would mean.

    What would only be refused for arrears or want of papers is done all the same.

    :raises ChangeRefused: it cannot be.
    """
    wanted = with_newcomer(wanted=wanted, newcomer=newcomer, actor=actor)
    facts = change_facts.of_wanted(wanted, asked_date=asked_date, today=today)
    refuse(wanted, facts, but="arrears_owed")
    # A read of a day that is still to come is not known; what would be used until then is assumed by who asks.
    known = replace(wanted, reads=() if wanted.effective_date > today else wanted.reads)
    change = ChangeSet.objects.create(
        kind=wanted.kind.value,
        asked_date=asked_date,
        request_key="trial",
        request_sha256="",
        **{name: getattr(wanted, name) for name in COLUMNS},
    )
    return doing.do(
        change=change, effects=change_effects.effects_of(wanted=known, facts=facts), today=today, actor=actor
    )

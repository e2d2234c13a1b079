"""
At what price: pure rules of tariffs, from the text of a version to the lines of a bill.

    document.parse(text=)                   TOML -> TariffDocument(plan, vectors, text, text_hash); raises InvalidTariff
    document.examine(text=)                 the same with all findings instead of a refusal
    document.check(document=)               Findings that keep a version from being published
    batch.RatingBatch.of(used_wh=, ...)     columns of n segments, int64
    batch.month_share_e9(period=)           months of a period, for the column of that name
    rating.rate(plan=, batch=)              Rated(amount_minor (n, l), quantity (n, l), total_minor (n,))
    rating.rate_many(plans=, plan_of=, batch=)   a mixed batch, grouped by plan
    chain.rate_months(plan=, months=, first_month=)   consecutive months, each built on those before
    chain.carried_of, .past_peaks_of, .year_minor_of, .year_start_of; rating.billed_wh   what a bill hands to the next
    shares.split_by_share, .split_by_quantity, .less_submeters   one meter for several classes
    rating.by_ledger_class(plan=, rated=)   what to post under each ledger class, summing to the total
    plan.slots[j]                           static half of line j: code, label, unit, price, ledger class, step, period
    urdb.importing.documents(text=, choices=, ...)   a rate of the OpenEI URDB as documents, or findings by field
    lines.price_text(slot=, decimals=)      the price as printed
    plan.tier_cycle.start_of(on=), .cuts(period=)   from when ``before_wh`` counts, where a segment must be cut
    time_of_use.periods_of_run(calendar=plan.calendar, clock=, start_at=, ...)   period of use of each interval, (s,)
    time_of_use.split(values_wh=, period_of_slot=, periods=)   interval energy by period of use, (d, s) -> (d, p)

A component is a small frozen value behind the protocol ``lines.Component``. A new one needs its class in
``components``, a reader in ``parts`` that ``parts.readers.READERS`` names and, if it prices something new, an entry in
``inputs``; rating does not change. ``lines.Adjusting`` changes what is billed before anything is priced,
``lines.Scoped`` says in which months and for whom a component holds.
"""

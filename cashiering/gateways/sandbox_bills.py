"""Settlement files of the sandbox's wallets: what they were paid and gave back on a day, as wallets write it."""

import csv
from datetime import date, datetime, time, timedelta
from io import StringIO
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
from django.db.models import F

from cashiering.domain.checkouts import Word
from cashiering.domain.formats.wallet_bills import BATCH_NAMES, COLUMNS, DAY_NAMES, SUMS
from cashiering.gateways.sandbox import FEE_E9
from cashiering.models.checkout import SandboxSaying
from cis.kernel import fixed

CHINA: Final = ZoneInfo("Asia/Shanghai")


def bill(*, name: str, on: date) -> bytes | None:
    """Return the file of a wallet for a day, the same each time; None: nothing was paid or given back."""
    start = datetime.combine(on, time(), CHINA)
    rows = SandboxSaying.objects.filter(
        checkout__provider=name, word__in=[Word.PAID.value, Word.REVERSED.value], due_at__gte=start,
        due_at__lt=start + timedelta(days=1), currency=F("checkout__currency"),
    )  # fmt: skip
    lines: dict[str, list[str]] = {}
    sums = [0, 0, 0]
    for row in rows.select_related("checkout").order_by("due_at", "id"):
        if row.event_id in lines:
            continue  # said more than once, paid once
        is_paid = row.word == Word.PAID.value
        gross, back = (row.amount_minor, 0) if is_paid else (0, row.amount_minor)
        fee = int(fixed.to_minor(np.array([gross * FEE_E9]))[0])
        kind = "SUCCESS" if is_paid else "REFUND" if row.event_id.startswith("refund-") else "CHARGEBACK"
        at = row.due_at.astimezone(CHINA).strftime("%Y-%m-%d %H:%M:%S")
        lines[row.event_id] = [at, row.payment, row.checkout.reference, kind, row.currency, *_texts(gross, back, fee)]
        sums = [one + more for one, more in zip(sums, (gross, back, fee), strict=True)]
    if not lines:
        return None
    text = StringIO()
    text.write(f"#{BATCH_NAMES[0]}：[{name}-{on:%Y%m%d}]\n#{DAY_NAMES[0]}：[{on}]\n")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([spellings[0] for spellings in COLUMNS.values()])
    writer.writerows([f"`{cell}" for cell in cells] for cells in lines.values())
    writer.writerow(SUMS)
    writer.writerow([f"`{one}" for one in (len(lines), *_texts(*sums, sums[0] - sums[1] - sums[2]))])
    return text.getvalue().encode("utf-8-sig")


def _texts(*amounts: int) -> list[str]:
    return [fixed.to_text(one, places=2) for one in amounts]

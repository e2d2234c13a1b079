"""Programmes of the made-up supplier: a green package, a lease, two sales by instalments, and some who have joined."""

from datetime import date
from pathlib import Path

from accounts.queries import accounts
from cis.kernel.actors import SYSTEM, Actor, ActorKind
from cis.kernel.enums import Role
from cis.kernel.errors import Refused
from cis.kernel.periods import add_months, month_of
from contracts.domain.lease import Method
from contracts.domain.programs import NewProgram, ProgramKind, Terms
from contracts.operations import equipment, program_nights, programs
from contracts.queries import agreements
from contracts.queries import programs as queries
from tariffs.operations import tariffs

FOLDER = Path(__file__).parent / "tariffs"
GREEN_TARIFF = "residential-tiered-green"
HOMES = ("residential",)
HANDLER = Actor(ActorKind.STAFF, None, "demo", frozenset({Role.CLERK}))
JOINED = (
    ("home-charger", 3, "HC-2026-0001"),
    ("heat-pump-lease", 2, "HP-2026-0001"),
    ("ebike-charger", 1, ""),
    ("heat-pump-lease", 1, ""),
    ("green-100", 0, ""),
    ("green-100", 0, ""),
)
"""Programme, months ago that it began, and the device that was handed over."""


def seed(*, today: date) -> int:
    """
    Publish the programmes and let some accounts join them; return how many did.

    A company, or a home at another tariff, may not: then the next one does.
    """
    texts = [tariffs.text_of(path) for path in sorted(FOLDER.glob("*.toml"))]
    tariffs.load(texts=texts, is_published=True, actor=SYSTEM)
    for one in _programs():
        programs.publish(program=one, actor=SYSTEM)
    joined = 0
    homes = iter(
        agreements.account_ids_in_force(start_date=today, end_date=date.fromordinal(today.toordinal() + 1)).tolist()
    )
    for code, months_ago, serial in JOINED:
        card = queries.of_code(code)
        start = add_months(month_of(today).start, -months_ago)
        for account_id in homes:
            try:
                made = programs.join(
                    program_id=card.id,
                    account_id=account_id,
                    start_date=start,
                    request_key=f"demo-{code}-{account_id}",
                    accepted_sha256=card.sha256,
                    signed_name=accounts.overview(account_id=account_id, at_date=today).holder.name,
                    signed_by="desk",
                    today=start,
                    actor=SYSTEM,
                )
            except Refused:
                continue
            if serial:
                equipment.hand_over(enrollment_id=made, serial=serial, on_date=today, today=today, actor=HANDLER)
            joined += 1
            break
    program_nights.day(today=today)
    return joined


def _programs() -> tuple[NewProgram, ...]:
    since = date(2026, 1, 1)
    return (
        NewProgram(
            code="green-100",
            name_zh="绿电套餐（每月100千瓦时）",
            name_en="Green package, 100 kWh a month",
            text_zh=_TEXT_ZH.format(what="每月两份绿色电力（每份50千瓦时），按绿电电价结算，另付每月套餐费"),
            text_en=_TEXT_EN.format(what="two blocks of 50 kWh of green energy each month, at the price of its tariff"),
            terms=Terms(kind=ProgramKind.GREEN, months=12, rent_minor=500, green_blocks=2, tariff=GREEN_TARIFF),
            valid_from=since,
            tariffs=("residential-tiered",),
            legal_source="发改体改〔2021〕1260号 绿色电力交易试点工作方案",
        ),
        NewProgram(
            code="heat-pump-lease",
            name_zh="空气源热泵租赁",
            name_en="Lease of a heat pump",
            text_zh=_TEXT_ZH.format(what="租用空气源热泵一台，产权属本公司，按月支付租金"),
            text_en=_TEXT_EN.format(what="the lease of a heat pump, which stays ours, for a rent each month"),
            device_zh="空气源热泵 6 kW",
            device_en="Air-source heat pump, 6 kW",
            terms=Terms(kind=ProgramKind.LEASE, months=36, rent_minor=19_900, leave_e6=100_000),
            valid_from=since,
            customer_classes=HOMES,
            legal_source="民法典 第七百零三条",
        ),
        NewProgram(
            code="ebike-charger",
            name_zh="电动自行车充电桩分期",
            name_en="E-bike charger by instalments",
            text_zh=_TEXT_ZH.format(what="购买电动自行车充电桩一台，首付20%，余款按月等额支付"),
            text_en=_TEXT_EN.format(what="the sale of an e-bike charger: a fifth at once, then equal instalments"),
            device_zh="电动自行车充电桩",
            device_en="E-bike charger",
            terms=Terms(
                kind=ProgramKind.INSTALMENT_SALE, months=12, price_minor=150_000, down_minor=30_000, rate_e6=43_500
            ),
            valid_from=since,
            customer_classes=HOMES,
            legal_source="民法典 第六百三十四条",
        ),
        NewProgram(
            code="home-charger",
            name_zh="家用充电桩（银行分期）",
            name_en="Home charger, financed by a bank",
            text_zh=_TEXT_ZH.format(what="购买家用充电桩一台，合作银行代付价款，分期款付给银行"),
            text_en=_TEXT_EN.format(what="the sale of a home charger: a bank pays us, the instalments go to it"),
            device_zh="家用充电桩 7 kW",
            device_en="Home charger, 7 kW",
            terms=Terms(
                kind=ProgramKind.INSTALMENT_SALE, months=24, price_minor=480_000, down_minor=80_000, rate_e6=39_000,
                method=Method.EQUAL_PRINCIPAL, is_financed=True,
            ),
            valid_from=since,
            customer_classes=HOMES,
            legal_source="民法典 第六百三十四条",
        ),
    )  # fmt: skip


_TEXT_ZH = "双方约定：{what}。费用随电费账单收取。撤销期内可无理由撤销；可随时提前终止或结清，金额事先告知。"
_TEXT_EN = (
    "The parties agree on {what}. Amounts are on the electricity bill. It may be taken back within the cooling-off "
    "days without a reason, and ended or settled on any day; the amount is told before."
)

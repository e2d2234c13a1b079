"""Every kind of component by its name in a tariff document."""

from collections.abc import Mapping
from dataclasses import replace

from tariffs.domain.components.standing import AccountCharge
from tariffs.domain.grammar import CODE, Table
from tariffs.domain.lines import Component, Scoped
from tariffs.domain.parts import (
    basic,
    billed_demand,
    blocks,
    charge_limits,
    demand,
    dynamic,
    export,
    losses,
    power_factor,
    ratios,
    standing,
    tiers,
)
from tariffs.domain.parts.frame import Frame, Reader

DECEMBER = 12

READERS: Mapping[str, Reader] = {
    "fixed": basic.read_fixed,
    "energy": basic.read_energy,
    "time_of_use": basic.read_time_of_use,
    "tiered_energy": tiers.read_tiered_energy,
    "tiered_time_of_use": tiers.read_tiered_time_of_use,
    "tiered_by_period": blocks.read_tiered_by_period,
    "volume_energy": blocks.read_volume_energy,
    "package_energy": blocks.read_package_energy,
    "step_fee": blocks.read_step_fee,
    "dynamic": dynamic.read_dynamic,
    "tax": basic.read_tax,
    "minimum_charge": charge_limits.read_minimum_charge,
    "maximum_charge": charge_limits.read_maximum_charge,
    "yearly_minimum": charge_limits.read_yearly_minimum,
    "yearly_maximum": charge_limits.read_yearly_maximum,
    "netting": export.read_netting,
    "kwh_credits": export.read_kwh_credits,
    "export_credit": export.read_export_credit,
    "tiered_export": export.read_tiered_export,
    "money_credits": export.read_money_credits,
    "billed_demand": billed_demand.read_billed_demand,
    "meter_charge": standing.read_meter_charge,
    "account_charge": standing.read_account_charge,
    "unmetered": standing.read_unmetered,
    "green_premium": standing.read_green_premium,
    "concession": standing.read_concession,
    "capacity": demand.read_capacity,
    "contracted_demand": demand.read_contracted_demand,
    "measured_demand": demand.read_measured_demand,
    "power_factor": power_factor.read_power_factor,
    "power_factor_percent": power_factor.read_power_factor_percent,
    "power_factor_demand": power_factor.read_power_factor_demand,
    "reactive_energy": power_factor.read_reactive_energy,
    "reactive_demand": power_factor.read_reactive_demand,
    "transformer_loss": losses.read_transformer_loss,
    "agreed_loss": losses.read_agreed_loss,
    "line_loss": losses.read_line_loss,
    "ratio_time_of_use": ratios.read_ratio_time_of_use,
}


def read_components(*, table: Table, frame: Frame) -> tuple[Component, ...]:
    """Return the components in the order of the document; noting every finding."""
    components: list[Component] = []
    codes: set[str] = set()
    for part in table.tables("component"):
        kind = part.text("kind")
        code = part.code("code")
        if code in codes:
            part.note("code", "code_taken", f"Two components are called {code}.")
        codes.add(code)
        if kind in READERS:
            component = READERS[kind](table=part, code=code, frame=frame)
            scope = _read_scope(part)
            if isinstance(component, AccountCharge) and scope != Scoped():
                part.note(
                    "kind", "account_scope", "What an account pays once is paid by everybody and in all months.",
                    "Leave out months, only_for and not_for.",
                )  # fmt: skip
            components.append(replace(component, scope=scope))  # type: ignore[type-var]
            part.close()
        elif kind:
            part.note("kind", "unknown_kind", f"{kind!r} is no component.", f"Use one of {', '.join(READERS)}.")
    return tuple(components)


def _read_scope(table: Table) -> Scoped:
    """Return in which months and for whom a component is charged; by default always and for all."""
    months = []
    for place, month in enumerate(table.entries("months", required=False)):
        if type(month) is not int or not 1 <= month <= DECEMBER or month in months:
            table.note(f"months[{place}]", "bad_month", f"{month!r} is no month from 1 to 12, or stands here twice.")
        else:
            months.append(month)
    return Scoped(
        months=frozenset(months), only_for=_read_features(table, "only_for"), not_for=_read_features(table, "not_for")
    )


def _read_features(table: Table, key: str) -> tuple[str, ...]:
    """Return codes of features that an agreement may have."""
    features = []
    for place, value in enumerate(table.entries(key, required=False)):
        if not isinstance(value, str) or not CODE.fullmatch(value) or value in features:
            table.note(f"{key}[{place}]", "bad_code", f"{value!r} is not a code, or stands here twice.")
        else:
            features.append(value)
    return tuple(features)

"""A supply contract to be, as typed on the desk or as an offer brings it."""

from dataclasses import dataclass
from datetime import date

from contracts.domain.terms import MeteringSide, SupplyMode, UseClass
from metering.domain.places import Voltage


@dataclass(frozen=True, slots=True, kw_only=True)
class NewTerms:
    """
    How a place is to be supplied.

    capacity_va  None = none is agreed [VA]
    """

    address: str
    use_class: UseClass
    voltage: Voltage
    supply_mode: SupplyMode
    metering_side: MeteringSide
    capacity_va: int | None = None
    boundary_zh: str = ""
    boundary_en: str = ""

    def columns(self) -> dict[str, object]:
        """Return the terms as columns of a row."""
        return {
            "address": self.address.strip(),
            "use_class": self.use_class.value,
            "voltage": self.voltage.value,
            "supply_mode": self.supply_mode.value,
            "metering_side": self.metering_side.value,
            "capacity_va": self.capacity_va,
            "boundary_zh": self.boundary_zh.strip(),
            "boundary_en": self.boundary_en.strip(),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class NewContract:
    """
    A contract to be.

    account_id           None = one is opened when it is signed
    subject, subject_id  what it follows from, as "application"; "" = made at the desk
    end_date             first day without it; None = until further notice
    renew_months         months by which it goes on each time; 0 = it ends
    service_point_ids    the supplies that it is about; () = found out where only one can be meant
    """

    customer_id: int
    terms: NewTerms
    tariff_id: int
    start_date: date
    end_date: date | None = None
    renew_months: int = 0
    special: str = ""
    account_id: int | None = None
    offer_id: int | None = None
    subject: str = ""
    subject_id: int | None = None
    service_point_ids: tuple[int, ...] = ()

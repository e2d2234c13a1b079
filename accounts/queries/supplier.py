"""The supplier that runs this installation."""

from dataclasses import dataclass
from functools import cache

from django.conf import settings

from accounts.models.supplier import Supplier
from cis.kernel.errors import Refused


class NoSupplier(Refused):
    """The installation does not know yet whose it is."""

    code = "no_supplier"


@dataclass(frozen=True, slots=True, kw_only=True)
class SupplierCard:
    """What stands on the head of each bill."""

    code: str
    name_zh: str
    name_en: str
    tax_number: str
    address: str
    phone: str
    website: str
    bank_name: str
    bank_account: str
    pack: str
    currency: str
    time_zone: str

    def name(self, *, language: str) -> str:
        """Return the supplier's name in a language of the bill."""
        return self.name_zh if language.startswith("zh") else self.name_en


@cache
def current() -> SupplierCard:
    """
    Return the supplier, read once per process.

    :raises NoSupplier: none is set up yet.
    """
    row = Supplier.objects.filter(id=1).values(*SupplierCard.__dataclass_fields__).first()
    if row is None:
        raise NoSupplier("No supplier is set up.", advice="Run manage.py load_supplier or manage.py seed_demo first.")
    return SupplierCard(**row)


def forget() -> None:
    """Read the supplier anew at the next use."""
    current.cache_clear()


def country() -> str:
    """Return the country of the jurisdiction pack, ISO 3166 in small letters, as "cn" of "cn-shanghai"."""
    pack: str = settings.PACK
    return pack.partition("-")[0]

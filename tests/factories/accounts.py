"""Supplier, users, customers, accounts and their holders."""

from datetime import date
from functools import cache
from itertools import count

from django.contrib.auth.hashers import make_password
from django.db.backends.postgresql.psycopg_any import DateRange
from django.utils import timezone
from stdnum import damm

from accounts.domain.names import pinyin
from accounts.models.account import Account, AccountHolder
from accounts.models.contact import ContactPoint
from accounts.models.customer import Customer
from accounts.models.supplier import Supplier
from accounts.models.user import User
from accounts.queries.supplier import forget
from cis.kernel.enums import Role
from cis.kernel.text import bigrams

OPENED = date(2023, 1, 1)
PASSWORD = "a long pass phrase for tests"
_serial = count(1)


def supplier(**values) -> Supplier:
    """The one supplier; a second call returns the same row with the given values."""
    defaults = {
        "code": "demo",
        "name_zh": "示范供电公司",
        "name_en": "Demo Electricity",
        "tax_number": "91310000MA1FL00A1X",
        "address": "上海市黄浦区示范路1号",
        "phone": "95598",
        "pack": "cn-shanghai",
    }
    forget()
    return Supplier.objects.update_or_create(id=1, defaults={**defaults, **values})[0]


def customer(*, name: str = "张三", **values) -> Customer:
    serial = next(_serial)
    key = pinyin(name, is_person=True)
    given = {"kind": "resident", "name_pinyin": key, "search_grams": bigrams(name, key.replace(" ", "")), **values}
    given.setdefault("external_id", f"C{serial:06d}")
    return Customer.objects.create(name=name, **given)


def contact_point(
    *, of: Customer, kind: str = "mobile", value: str = "", is_preferred: bool = True, is_proven: bool = False
) -> ContactPoint:
    """A way to reach the customer, who is found by its number afterwards."""
    serial = next(_serial)
    made_up = {"mobile": f"+86138{serial:08d}", "phone": f"+8621{serial:08d}", "email": f"c{serial}@example.com"}
    value = value or made_up.get(kind, f"上海市黄浦区南京东路{serial}号")
    if kind in {"mobile", "phone"}:
        of.search_grams = sorted({*of.search_grams, *bigrams(value)})
        of.save(update_fields=["search_grams"])
    proven = {"verified_at": timezone.now(), "verified_way": "code"} if is_proven else {}
    return ContactPoint.objects.create(customer=of, kind=kind, value=value, is_preferred=is_preferred, **proven)


def _number(serial: int) -> str:
    """A number whose check digit is wrong: a right one would be known in a payer's text, one time in ten by chance."""
    stem = str(900_000_000 + serial)
    return f"{stem}{(int(damm.calc_check_digit(stem)) + 1) % 10}"


def account(
    *, holder: Customer | None = None, opened_date: date = OPENED, closed_date: date | None = None, **values
) -> Account:
    """An account held by ``holder`` (a new customer by default) since it was opened."""
    serial = next(_serial)
    values.setdefault("external_id", f"A{serial:06d}")
    values.setdefault("number", _number(serial))
    values.setdefault("state", "closed" if closed_date else "open")
    made = Account.objects.create(opened_date=opened_date, closed_date=closed_date, **values)
    AccountHolder.objects.create(
        account=made, customer=holder or customer(), period=DateRange(opened_date, closed_date)
    )
    return made


def staff(*roles: Role, username: str = "", **values) -> User:
    """A member of staff with these roles (clerk by default); the password is PASSWORD."""
    return User.objects.create(
        username=username or f"staff{next(_serial)}",
        password=_hashed(),
        roles=[str(role) for role in roles or (Role.CLERK,)],
        **values,
    )


def portal_user(*, of: Customer | None = None, username: str = "", **values) -> User:
    """A customer's login for the portal; the password is PASSWORD."""
    return User.objects.create(
        username=username or f"portal{next(_serial)}",
        password=_hashed(),
        roles=[str(Role.CUSTOMER)],
        customer=of or customer(),
        **values,
    )


@cache
def _hashed() -> str:
    """The password's hash, made once: hashing is slow on purpose."""
    return make_password(PASSWORD)

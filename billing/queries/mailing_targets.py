"""Who a mailing goes to: the holders of accounts that are supplied today, by class, area, tariff and cycle."""

from dataclasses import dataclass
from datetime import date

from cis.kernel.fixed import Int64
from cis.platform import db

SAMPLE = 10
AFFECTED = ("defects", "protected")
"""Whom a safety campaign may be about: an installation with open defects; life support and vulnerable people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """
    Which accounts; what is empty does not narrow the choice.

    customer_kind  kind of the customer
    district       where the place is
    tariff         code of the tariff of today
    cycle          code of the bill cycle
    segment        of the customer, as the last night gave it
    affected       whom a safety campaign is about: one of ``AFFECTED``
    asked_for      only customers who said yes to offers by some way
    """

    customer_kind: str = ""
    district: str = ""
    tariff: str = ""
    cycle: str = ""
    segment: str = ""
    affected: str = ""
    asked_for: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One customer of a sample, with the account that the mailing names."""

    account_id: int
    account_number: str
    customer_id: int
    name: str
    language: str
    address: str


_CHOSEN = """
    SELECT DISTINCT ON (h.customer_id) a.id AS account_id, h.customer_id
    FROM accounts_account a
    JOIN accounts_accountholder h ON h.account_id = a.id AND h.period @> %(at)s::date
    JOIN accounts_customer c ON c.id = h.customer_id
    JOIN contracts_serviceagreement g ON g.account_id = a.id AND g.period @> %(at)s::date
    JOIN contracts_agreementterm t ON t.agreement_id = g.id AND t.period @> %(at)s::date
    JOIN tariffs_tariff f ON f.id = t.tariff_id
    JOIN metering_servicepoint s ON s.id = g.service_point_id
    JOIN metering_premises p ON p.id = s.premises_id
    LEFT JOIN billing_cyclemember m ON m.account_id = a.id
    LEFT JOIN billing_billcycle y ON y.id = m.cycle_id
    WHERE a.state = 'open'
      AND (%(customer_kind)s = '' OR c.kind = %(customer_kind)s)
      AND (%(district)s = '' OR p.district = %(district)s)
      AND (%(tariff)s = '' OR f.code = %(tariff)s)
      AND (%(cycle)s = '' OR y.code = %(cycle)s)
      AND (%(segment)s = '' OR EXISTS (
           SELECT 1 FROM accounts_customersegment e WHERE e.customer_id = c.id AND e.segment = %(segment)s))
      AND (%(affected)s = '' OR %(affected)s = 'defects' AND EXISTS (
           SELECT 1 FROM contracts_defect d JOIN contracts_safetyinspection i ON i.id = d.inspection_id
           JOIN contracts_serviceagreement ag ON ag.id = i.agreement_id
           WHERE ag.account_id = a.id AND d.closed_date IS NULL)
           OR %(affected)s = 'protected' AND EXISTS (
           SELECT 1 FROM accounts_protection q
           WHERE q.customer_id = c.id AND (q.account_id IS NULL OR q.account_id = a.id)
             AND q.kind IN ('life_support', 'vulnerable') AND (q.until_date IS NULL OR q.until_date > %(at)s::date)))
      AND (NOT %(asked_for)s OR EXISTS (
           SELECT 1 FROM accounts_consent o
           WHERE o.customer_id = c.id AND o.notice_class = 'marketing' AND o.is_given))
    ORDER BY h.customer_id, a.id
"""

_COUNT = f"SELECT count(*) FROM ({_CHOSEN}) AS chosen"  # noqa: S608 (made of constants)


def chosen(*, choice: Choice, at_date: date) -> tuple[Int64, Int64]:
    """Return ids of accounts and of their holders, each customer once, by the oldest account; one statement."""
    account_id, customer_id = db.read_columns(_CHOSEN, _params(choice, at_date), columns=2)
    return account_id, customer_id


def count(*, choice: Choice, at_date: date) -> int:
    """Return how many customers a choice has; one statement."""
    ((found,),) = db.fetch(_COUNT, _params(choice, at_date))
    return int(found)


def sample(*, choice: Choice, at_date: date, most: int = SAMPLE) -> tuple[Target, ...]:
    """Return some customers of a choice, spread over it, the same each time; one statement."""
    rows = db.fetch(_SAMPLE, {**_params(choice, at_date), "most": most})
    return tuple(Target(**dict(zip(Target.__dataclass_fields__, row, strict=True))) for row in rows)


_SAMPLE = f"""
    SELECT a.id, a.number, c.id, c.name, c.language,
           coalesce((SELECT p.address FROM contracts_serviceagreement g
                     JOIN metering_servicepoint s ON s.id = g.service_point_id
                     JOIN metering_premises p ON p.id = s.premises_id
                     WHERE g.account_id = a.id AND g.period @> %(at)s::date ORDER BY g.id LIMIT 1), '')
    FROM (SELECT * FROM ({_CHOSEN}) AS every ORDER BY md5(customer_id::text) LIMIT %(most)s) AS chosen
    JOIN accounts_account a ON a.id = chosen.account_id JOIN accounts_customer c ON c.id = chosen.customer_id
    ORDER BY a.number
"""  # noqa: S608 (made of constants)


def _params(choice: Choice, at_date: date) -> dict[str, object]:
    return {
        "at": at_date,
        "customer_kind": choice.customer_kind,
        "district": choice.district,
        "tariff": choice.tariff,
        "cycle": choice.cycle,
        "segment": choice.segment,
        "affected": choice.affected,
        "asked_for": choice.asked_for,
    }

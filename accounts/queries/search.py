"""Search for accounts by what a customer says on the telephone: number, telephone, name or a part of it."""

import unicodedata
from dataclasses import dataclass
from datetime import date

from accounts.domain import contact
from accounts.queries import supplier
from cis.kernel import text as words
from cis.platform import db

LEAST_DIGITS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountHit:
    """
    One account found.

    customer_id, name  the holder that was found; for a number the holder on the date
    is_holder          False: the customer does not hold the account on the date
    matched            "number", "phone" or "name"
    number_state       of a whole telephone number: "own" it is proven, "unproven", "others" another customer proved it,
                       "ended" it does not work; else ""
    """

    account_id: int
    number: str
    state: str
    customer_id: int
    name: str
    is_holder: bool
    matched: str
    number_state: str = ""


def find(*, text: str, at_date: date, limit: int = 20) -> tuple[AccountHit, ...]:
    """
    Return accounts that fit a text, the surest first; at most one statement.

    An account number fits whole or by its first digits (three at least), an external id whole; a telephone number with
    or without the country, or by any part of it; a name by any part, also of two Chinese characters, or in pinyin.
    By a whole telephone number comes first who proved that it is theirs. The external id of a customer who was merged
    leads to the one who stands in their place.
    """
    plain = " ".join(unicodedata.normalize("NFKC", text).split())
    grams = words.query_bigrams(plain)
    if not plain or not grams:
        return ()
    digits = plain.replace(" ", "").replace("-", "")
    is_number = digits.lstrip("+").isdigit()
    branches = [_EXTERNAL_ID, _NAME]
    if is_number:
        branches = [_EXTERNAL_ID, _NUMBER, _PHONE, _PHONE_PART] if len(digits) >= LEAST_DIGITS else []
    if not branches:
        return ()
    found = db.fetch(
        _FOUND.format(branches=" UNION ALL ".join(branches)),
        {
            "whole": plain,
            "number": words.like(digits, left=""),
            "phone": contact.dialled(plain, country=supplier.country()) or "",
            "digits": words.like(digits.lstrip("+")),
            "grams": words.query_bigrams(digits) if is_number else grams,
            "name": words.like(plain),
            "pinyin": words.like(plain.replace(" ", "").casefold()),
            "at": at_date,
            "limit": limit,
        },
    )
    return tuple(
        AccountHit(
            account_id=account_id,
            number=number,
            state=state,
            customer_id=customer_id,
            name=name,
            is_holder=is_holder,
            matched=matched,
            number_state=number_state,
        )
        for account_id, number, state, customer_id, name, is_holder, matched, number_state in found
    )


# The pieces find customers by the index, and the texts themselves say who of them fits. A text without a piece to
# search by fits nobody.
CUSTOMER_FITS = """
(cardinality(%(grams)s::text[]) > 0 AND c.search_grams @> %(grams)s::text[]
 AND (normalize(c.name, NFKC) ILIKE %(name)s OR replace(c.name_pinyin, ' ', '') LIKE %(pinyin)s
      OR EXISTS (SELECT 1 FROM accounts_contactpoint p WHERE p.customer_id = c.id AND p.kind IN ('mobile', 'phone')
                 AND p.value LIKE %(digits)s)))"""
"""Whether a customer ``c`` fits the ``patterns`` of a text."""


def patterns(text: str) -> dict[str, object]:
    """Return what a list compares with a text: first digits of a number, part of a name, of its pinyin, of a phone."""
    plain = " ".join(unicodedata.normalize("NFKC", text).split())
    digits = plain.replace(" ", "").replace("-", "")
    is_number = digits.lstrip("+").isdigit()
    return {
        "number": words.like(digits, left=""),
        "grams": words.query_bigrams(digits if is_number else plain),
        "name": words.like(plain),
        "pinyin": words.like(plain.replace(" ", "").casefold()),
        "digits": words.like(digits.lstrip("+")) if is_number else "",
    }


# Each branch: account (or NULL), customer (or NULL), order of trust, what matched.
_NUMBER = """
(SELECT id AS account_id, NULL::bigint AS customer_id, 0 AS rank, 'number' AS matched
 FROM accounts_account WHERE number LIKE %(number)s ORDER BY number LIMIT %(limit)s)"""
_EXTERNAL_ID = """
(SELECT id AS account_id, NULL::bigint AS customer_id, 1 AS rank, 'number' AS matched
 FROM accounts_account WHERE external_id = %(whole)s)
UNION ALL
(SELECT NULL, coalesce(merged_into_id, id), 1, 'number' FROM accounts_customer WHERE external_id = %(whole)s)"""
_PHONE = """
(SELECT NULL::bigint, customer_id, 2, 'phone'
 FROM accounts_contactpoint WHERE value = %(phone)s AND kind IN ('mobile', 'phone') LIMIT %(limit)s)"""
_PHONE_PART = """
(SELECT NULL::bigint, p.customer_id, 3, 'phone'
 FROM accounts_customer c JOIN accounts_contactpoint p ON p.customer_id = c.id
 WHERE c.search_grams @> %(grams)s::text[] AND p.kind IN ('mobile', 'phone') AND p.value LIKE %(digits)s
 LIMIT %(limit)s)"""
_NAME = """
(SELECT NULL::bigint, id, 2, 'name' FROM accounts_customer
 WHERE search_grams @> %(grams)s::text[]
   AND (normalize(name, NFKC) ILIKE %(name)s OR replace(name_pinyin, ' ', '') LIKE %(pinyin)s)
 ORDER BY name_pinyin, id LIMIT %(limit)s)"""
_FOUND = """
WITH found AS ({branches}), hit AS (
    SELECT h.account_id, h.customer_id, f.rank, f.matched,
           h.period @> %(at)s::date AS is_holder, lower(h.period) AS since
    FROM found f JOIN accounts_accountholder h ON h.customer_id = f.customer_id
    UNION ALL
    SELECT h.account_id, h.customer_id, f.rank, f.matched, h.period @> %(at)s::date, lower(h.period)
    FROM found f JOIN accounts_accountholder h ON h.account_id = f.account_id
), best AS (
    SELECT DISTINCT ON (account_id) * FROM hit ORDER BY account_id, rank, is_holder DESC, since DESC
)
SELECT a.id, a.number, a.state, c.id, c.name, b.is_holder, b.matched, coalesce(t.state, '')
FROM best b JOIN accounts_account a ON a.id = b.account_id JOIN accounts_customer c ON c.id = b.customer_id
LEFT JOIN LATERAL (
    SELECT CASE WHEN p.verified_at IS NOT NULL THEN 'own'
                WHEN EXISTS (SELECT FROM accounts_contactpoint o WHERE o.value = p.value AND o.id <> p.id
                             AND o.verified_at IS NOT NULL) THEN 'others'
                WHEN p.bounced_at IS NOT NULL THEN 'ended' ELSE 'unproven' END AS state
    FROM accounts_contactpoint p
    WHERE p.customer_id = c.id AND p.value = %(phone)s AND p.kind IN ('mobile', 'phone')
) t ON b.matched = 'phone'
ORDER BY b.rank, t.state IS NOT DISTINCT FROM 'own' DESC, b.is_holder DESC, c.name_pinyin, a.number
LIMIT %(limit)s
"""

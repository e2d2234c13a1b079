"""Where personal data of customers stand in this room, and in the libraries that sign people in."""

from collections.abc import Iterable, Sequence

from accounts.models.account import Account, AccountState
from accounts.models.care import Protection
from cis.platform.personal import (
    BY_CUSTOMER,
    ITSELF,
    KEY_GONE,
    NAME_GONE,
    ROW,
    Held,
    Obstacle,
    Way,
    actors,
    either,
    struck,
    within,
)

CUSTOMER = Held(
    table="accounts_customer", way=ITSELF, subject="customer",
    erased={
        "name": NAME_GONE, "name_pinyin": NAME_GONE, "id_number": "''", "search_grams": "'{}'",
        "external_id": KEY_GONE, "erased_at": "now()", **struck("note"),
    },
)  # fmt: skip
CONTACT = Held(
    table="accounts_contactpoint",
    way=BY_CUSTOMER,
    erased={"value": KEY_GONE, "is_preferred": "false", **struck("bounce_reason")},
)
USER = Held(
    table="accounts_user", way=BY_CUSTOMER, subject="user",
    erased={
        "username": KEY_GONE, "first_name": "''", "last_name": "''", "email": "''", "password": "'!'",
        "is_active": "false",
    },
)  # fmt: skip
ACCOUNT = Held(
    table="accounts_account", subject="account",
    way=Way(f"""{ROW}.id IN (SELECT h.account_id FROM accounts_accountholder h
        WHERE h.customer_id = %(customer)s::bigint
          AND NOT EXISTS (SELECT FROM accounts_accountholder o
              WHERE o.account_id = h.account_id AND o.customer_id <> h.customer_id))"""),
)  # fmt: skip
_OF_NOBODY = Way(
    f"""({ROW}.customer_id IS NULL AND {ROW}.address IN (
    SELECT c.value FROM accounts_contactpoint c WHERE c.customer_id = %(customer)s::bigint))""",
    f"(SELECT min(c.customer_id) FROM accounts_contactpoint c WHERE c.value = {ROW}.address)",
)
NOTICE = Held(
    table="accounts_notice", way=either(BY_CUSTOMER, _OF_NOBODY), subject="notice",
    nobody="t.customer_id IS NULL AND t.created_at < %(before)s::date", told=f"{ROW}.body <> '–'",
    about=("split_part(t.key, ':', 1)", "split_part(t.key, ':', 2)"),
    erased={"secret": "''", "spares": "'{}'", **struck("name", "address", "subject", "body", "detail", "proof")},
)  # fmt: skip
SURVEY = Held(
    table="accounts_survey", way=BY_CUSTOMER, erased=struck("text"), subject="survey",
    about=("CASE t.event WHEN 'case_closed' THEN 'case' ELSE t.event END", "t.source_id::text"),
)  # fmt: skip
MERGE = Held(
    table="accounts_customermerge", exported=False, subject="merge", erased=struck("reason", "undone_reason"),
    way=Way(f"({ROW}.survivor_id = %(customer)s::bigint OR {ROW}.merged_id = %(customer)s::bigint)"),
)  # fmt: skip
PLAN = Held(table="accounts_careplan", way=BY_CUSTOMER, erased=struck("title", "goal", "end_note"), subject="care_plan")
_USERNAMES = Way(f"""{ROW}.username IN (
    SELECT u.username FROM accounts_user u WHERE u.customer_id = %(customer)s::bigint)""")
_EMAIL = Held(table="account_emailaddress", way=within(USER, "user_id"), erased={"email": KEY_GONE})

HELD = (
    CUSTOMER,
    USER,
    CONTACT,
    ACCOUNT,
    Held(table="accounts_accountholder", way=BY_CUSTOMER),
    NOTICE,
    Held(
        table="accounts_taxprofile", way=BY_CUSTOMER, sealed=("bank_account",),
        erased={
            "bank_account": "''", **struck("name", "tax_number", "address", "phone", "bank_name", "consent_by"),
        },
    ),
    Held(table="accounts_consent", way=BY_CUSTOMER),
    Held(table="accounts_telephonepin", way=BY_CUSTOMER, gone=True),
    Held(
        table="accounts_protection", way=BY_CUSTOMER, subject="protection",
        erased=struck("person", "told", "evidence_text", "end_reason", "asked_reason") | actors("actor_name"),
    ),
    Held(
        table="accounts_followupvisit", way=BY_CUSTOMER, erased=struck("reason", "note"),
        subject="visit",
    ),
    SURVEY,
    MERGE,
    Held(
        table="accounts_mergedvalue", way=within(MERGE, "merge_id"), exported=False,
        erased={"was": "NULL", "now": "NULL"},
    ),
    Held(
        table="accounts_duplicatepair", exported=False, erased=struck("note"),
        way=Way(f"({ROW}.first_id = %(customer)s::bigint OR {ROW}.second_id = %(customer)s::bigint)"),
    ),
    Held(table="accounts_contactcode", way=within(CONTACT, "contact_point_id"), gone=True, exported=False),
    PLAN,
    Held(table="accounts_caremeasure", way=within(PLAN, "plan_id"), erased=struck("text", "result")),
    Held(table="accounts_customersegment", way=BY_CUSTOMER),
    Held(table="accounts_pointsentry", way=BY_CUSTOMER),
    Held(table="accounts_pointsredemption", way=BY_CUSTOMER, erased=actors("actor_name")),
    Held(
        table="accounts_printbatch", shared=("document_id",), exported=False,
        way=Way(f"""{ROW}.id IN (
            SELECT n.batch_id FROM accounts_notice n WHERE n.customer_id = %(customer)s::bigint)"""),
    ),
    Held(
        table="accounts_erasure", way=BY_CUSTOMER, erased=actors("asker_name"), subject="erasure",
    ),
    Held(
        table="accounts_dataexport", way=BY_CUSTOMER, erased=actors("asker_name"), documents=("document_id",),
        subject="data_export", exported=False,
    ),
    _EMAIL,
    Held(table="account_emailconfirmation", way=within(_EMAIL, "email_address_id"), gone=True, exported=False),
    Held(table="mfa_authenticator", way=within(USER, "user_id"), gone=True, exported=False),
    Held(table="axes_accesslog", way=_USERNAMES, gone=True),
    Held(table="axes_accessattempt", way=_USERNAMES, gone=True, exported=False),
    Held(table="axes_accessfailurelog", way=_USERNAMES, gone=True, exported=False),
    Held(
        table="platform_outboxmessage", erased=struck("last_error"), exported=False,
        way=Way(f"""{ROW}.kind = 'notice.send' AND ({ROW}.payload ->> 'notice_id')::bigint IN (
            SELECT n.id FROM accounts_notice n WHERE n.customer_id = %(customer)s::bigint)"""),
    ),
)  # fmt: skip


def obstacles(customer_id: int, account_ids: Sequence[int]) -> Iterable[Obstacle]:
    """Return what stands against it in this room: an account that is held and open, a protection that holds."""
    held = Account.objects.filter(id__in=list(account_ids), state=AccountState.OPEN.value)
    if held.filter(holders__customer_id=customer_id, holders__period__endswith=None).exists():
        yield Obstacle(code="account_open")
    if Protection.objects.filter(customer_id=customer_id, until_date=None).exists():
        yield Obstacle(code="protection_holds")

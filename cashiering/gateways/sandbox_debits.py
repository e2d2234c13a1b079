"""
A bank that is made up: what becomes of a debit is said by the last two digits of its amount.

    .01  it is rejected at once: the account is closed (pain.002, AC04)
    .02  it is collected, and comes back after two days: not enough money (camt.054, AM04), with a fee
    .03  all that is said of its batch is said twice
    .04  its batch cannot be sent
    .05  it is collected, and comes back after five days: the payer took it back (MD06)
    else it is collected on its day; the next morning the whole is told by camt.054

What it says is kept in a table of its own, so that web and workers see the same; nothing of it is random.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import timezone
from lxml import etree

from accounts.queries import supplier
from cashiering.gateways.debit_bank import BankFile, BankUnreachable
from cashiering.models.debit import SandboxDebitAnswer

REJECTS, BOUNCES, REPEATS, UNREACHABLE, TAKEN_BACK = "01", "02", "03", "04", "05"
FEE = "3.00"
BOUNCES_AFTER, TAKEN_BACK_AFTER = timedelta(days=2), timedelta(days=5)
MORNING_HOUR = 6


Element = Any
_Add = Callable[..., Element]


@dataclass(frozen=True, slots=True)
class _Debit:
    """One debit of a file, as the bank reads it."""

    name: str
    amount: str
    currency: str
    holder: str
    on: date

    @property
    def way(self) -> str:
        return self.amount[-2:]


class SandboxDebits:
    """The sandbox bank."""

    def send(self, *, reference: str, content: bytes) -> None:
        """Plan what will be said; a reference that is known changes nothing."""
        debits = list(_read(content))
        if any(one.way == UNREACHABLE for one in debits):
            raise BankUnreachable("the sandbox bank cannot be reached")
        root = etree.fromstring(content)
        ids = (".//{*}CdtrAcct/{*}Id/{*}IBAN", ".//{*}CdtrAcct/{*}Id/{*}Othr/{*}Id")
        account = next(filter(None, (_text(root, path) for path in ids)))
        rejected = [one for one in debits if one.way == REJECTS]
        files = [(f"{reference}-report", _report(reference, rejected), timezone.now())]
        collected = [one for one in debits if one.way != REJECTS]
        for day in sorted({one.on for one in collected}):
            of_day = [one for one in collected if one.on == day]
            files.append((f"{reference}-{day}", _notice(f"{reference}-{day}", account, of_day, day), _morning(day)))
        for way, code, after, fee in (
            (BOUNCES, "AM04", BOUNCES_AFTER, FEE),
            (TAKEN_BACK, "MD06", TAKEN_BACK_AFTER, ""),
        ):
            for one in [debit for debit in collected if debit.way == way]:
                day = one.on + after
                name = f"{reference}-{one.name}-{code}"
                files.append((name, _notice(name, account, [one], day, code=code, fee=fee), _morning(day)))
        if any(one.way == REPEATS for one in debits):
            files += [(f"{name}-again", content, due_at) for name, content, due_at in files]
        SandboxDebitAnswer.objects.bulk_create(
            (
                SandboxDebitAnswer(key=name, name=f"{name}.xml", content=content, due_at=due_at)
                for name, content, due_at in files
            ),
            ignore_conflicts=True,
        )

    def files(self, *, most: int) -> Sequence[BankFile]:
        """Return what is due and not confirmed."""
        rows = SandboxDebitAnswer.objects.filter(is_confirmed=False, due_at__lte=timezone.now())
        return [BankFile(row.key, row.name, bytes(row.content)) for row in rows.order_by("due_at", "id")[:most]]

    def confirm(self, answer_ids: Sequence[str]) -> None:
        """Keep in mind what was taken."""
        SandboxDebitAnswer.objects.filter(key__in=answer_ids).update(is_confirmed=True)


def _read(content: bytes) -> Iterator[_Debit]:
    for block in etree.fromstring(content).iterfind(".//{*}PmtInf"):
        on = date.fromisoformat(_text(block, "{*}ReqdColltnDt"))
        for item in block.iterfind("{*}DrctDbtTxInf"):
            amount = item.find("{*}InstdAmt")
            assert amount is not None
            yield _Debit(
                name=_text(item, "{*}PmtId/{*}EndToEndId"),
                amount=amount.text or "",
                currency=amount.get("Ccy", ""),
                holder=_text(item, "{*}Dbtr/{*}Nm"),
                on=on,
            )


def _report(reference: str, rejected: Sequence[_Debit]) -> bytes:
    root, add = _document("pain.002.001.03")
    body = add(root, "CstmrPmtStsRpt")
    head = add(body, "GrpHdr")
    add(head, "MsgId", f"R-{reference}")
    group = add(body, "OrgnlGrpInfAndSts")
    add(group, "OrgnlMsgId", reference)
    add(group, "OrgnlMsgNmId", "pain.008")
    add(group, "GrpSts", "PART" if rejected else "ACSP")
    if rejected:
        block = add(body, "OrgnlPmtInfAndSts")
        add(block, "OrgnlPmtInfId", reference)
        for one in rejected:
            item = add(block, "TxInfAndSts")
            add(item, "OrgnlEndToEndId", one.name)
            add(item, "TxSts", "RJCT")
            add(add(add(item, "StsRsnInf"), "Rsn"), "Cd", "AC04")
    return _bytes(root)


def _notice(name: str, account: str, debits: Sequence[_Debit], day: date, *, code: str = "", fee: str = "") -> bytes:
    """Return a camt.054: an entry for each debit, in or back out again."""
    root, add = _document("camt.054.001.02")
    body = add(root, "BkToCstmrDbtCdtNtfctn")
    add(add(body, "GrpHdr"), "MsgId", name[:35])
    notice = add(body, "Ntfctn")
    add(notice, "Id", name)
    add(add(add(add(notice, "Acct"), "Id"), "Othr"), "Id", account)
    for one in debits:
        entry = add(notice, "Ntry")
        cents = _cents(one.amount) + (_cents(fee) if fee else 0)
        add(entry, "Amt", f"{cents // 100}.{cents % 100:02d}").set("Ccy", one.currency)
        add(entry, "CdtDbtInd", "DBIT" if code else "CRDT")
        add(entry, "Sts", "BOOK")
        add(add(entry, "BookgDt"), "Dt", day.isoformat())
        add(add(entry, "ValDt"), "Dt", day.isoformat())
        add(entry, "AcctSvcrRef", f"SB{name[4:12]}{one.name}{code}")
        detail = add(add(entry, "NtryDtls"), "TxDtls")
        add(add(detail, "Refs"), "EndToEndId", one.name)
        if fee:
            add(add(detail, "Chrgs"), "Amt", fee).set("Ccy", one.currency)
        add(add(add(detail, "RltdPties"), "Dbtr"), "Nm", one.holder)
        if code:
            add(add(add(detail, "RtrInf"), "Rsn"), "Cd", code)
    return _bytes(root)


def _document(message: str) -> tuple[Element, _Add]:
    """Return a document, and what adds an element of its namespace to another."""
    space = f"urn:iso:std:iso:20022:tech:xsd:{message}"
    spaces: Any = {None: space}
    root = etree.Element(f"{{{space}}}Document", nsmap=spaces)

    def add(parent: Element, name: str, text: str | None = None) -> Element:
        made = etree.SubElement(parent, f"{{{space}}}{name}")
        made.text = text
        return made

    return root, add


def _bytes(root: Element) -> bytes:
    written: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8")
    return written


def _text(element: Element, path: str) -> str:
    found = element.find(path)
    return "" if found is None else (found.text or "").strip()


def _cents(amount: str) -> int:
    return int(amount.replace(".", ""))


def _morning(day: date) -> datetime:
    """Return when the bank tells of a day: the next morning."""
    zone = ZoneInfo(supplier.current().time_zone)
    return datetime(day.year, day.month, day.day, MORNING_HOUR, tzinfo=zone) + timedelta(days=1)

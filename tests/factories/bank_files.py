"""Files of a bank, written in the order of elements that ISO 20022 and SWIFT publish."""

from dataclasses import dataclass, field
from datetime import date
from xml.sax.saxutils import escape

IBAN = "CN0010000000001234567"


@dataclass(frozen=True, kw_only=True)
class Movement:
    """One entry, or one part of an entry of many (``parts``). [minor unit]"""

    amount_minor: int
    is_credit: bool = True
    on: date = date(2026, 3, 5)
    reference: str = ""
    end_to_end: str = ""
    text: str = ""
    name: str = ""
    account: str = ""
    is_reversal: bool = False
    reason: str = ""
    status: str = "BOOK"
    parts: tuple["Movement", ...] = field(default=())

    @property
    def signed(self) -> int:
        return self.amount_minor if self.is_credit else -self.amount_minor


def money(minor: int) -> str:
    return f"{minor // 100}.{minor % 100:02d}"


def camt(
    movements: list[Movement],
    *,
    version: int = 2,
    kind: str = "053",
    reference: str = "STMT-1",
    opening: int = 100_000,
    closing: int | None = None,
    currency: str = "CNY",
    iban: str = IBAN,
    head: str = "",
) -> bytes:
    """A camt.053 or camt.054 file with one statement."""
    outer, inner = ("BkToCstmrStmt", "Stmt") if kind == "053" else ("BkToCstmrDbtCdtNtfctn", "Ntfctn")
    last = opening + sum(one.signed for one in movements if one.status == "BOOK") if closing is None else closing
    balances = _balance("OPBD", opening, currency) + _balance("CLBD", last, currency) if kind == "053" else ""
    entries = "".join(_entry(one, currency, version) for one in movements)
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n{head}'
        f'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.{kind}.001.{version:02d}"><{outer}>'
        f"<GrpHdr><MsgId>M1</MsgId><CreDtTm>2026-03-06T01:00:00</CreDtTm></GrpHdr>"
        f"<{inner}><Id>{reference}</Id><CreDtTm>2026-03-06T01:00:00</CreDtTm>"
        f"<Acct><Id><IBAN>{iban}</IBAN></Id><Ccy>{currency}</Ccy></Acct>{balances}{entries}</{inner}></{outer}></Document>"
    ).encode()


def _balance(code: str, minor: int, currency: str) -> str:
    side = "CRDT" if minor >= 0 else "DBIT"
    return (
        f"<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp><Amt Ccy='{currency}'>{money(abs(minor))}</Amt>"
        f"<CdtDbtInd>{side}</CdtDbtInd><Dt><Dt>2026-03-05</Dt></Dt></Bal>"
    )


def _entry(one: Movement, currency: str, version: int) -> str:
    status = f"<Sts><Cd>{one.status}</Cd></Sts>" if version >= 8 else f"<Sts>{one.status}</Sts>"
    details = "".join(_detail(part, currency, version) for part in one.parts or (one,))
    reversal = "<RvslInd>true</RvslInd>" if one.is_reversal else ""
    reference = f"<AcctSvcrRef>{one.reference}</AcctSvcrRef>" if one.reference else ""
    return (
        f"<Ntry><Amt Ccy='{currency}'>{money(one.amount_minor)}</Amt><CdtDbtInd>{_side(one)}</CdtDbtInd>{reversal}"
        f"{status}<BookgDt><Dt>{one.on}</Dt></BookgDt><ValDt><Dt>{one.on}</Dt></ValDt>{reference}"
        f"<BkTxCd><Prtry><Cd>TRF</Cd></Prtry></BkTxCd><NtryDtls>{details}</NtryDtls></Ntry>\n"
    )


def _detail(one: Movement, currency: str, version: int) -> str:
    amount = f"<Amt Ccy='{currency}'>{money(one.amount_minor)}</Amt>"
    if version >= 4:
        amounts = f"{amount}<CdtDbtInd>{_side(one)}</CdtDbtInd>"
    else:
        amounts = f"<AmtDtls><TxAmt>{amount}</TxAmt></AmtDtls>"
    name = f"<Nm>{escape(one.name)}</Nm>"
    side = "Dbtr" if one.is_credit != (one.is_reversal or bool(one.reason)) else "Cdtr"
    party = f"<{side}><Pty>{name}</Pty></{side}>" if version >= 8 else f"<{side}>{name}</{side}>"
    account = f"<{side}Acct><Id><Othr><Id>{one.account}</Id></Othr></Id></{side}Acct>" if one.account else ""
    remittance = f"<RmtInf><Ustrd>{escape(one.text)}</Ustrd></RmtInf>" if one.text else ""
    reason = f"<RtrInf><Rsn><Cd>{one.reason}</Cd></Rsn></RtrInf>" if one.reason else ""
    return (
        f"<TxDtls><Refs><EndToEndId>{one.end_to_end or 'NOTPROVIDED'}</EndToEndId></Refs>{amounts}"
        f"<RltdPties>{party if one.name else ''}{account}</RltdPties>{remittance}{reason}</TxDtls>"
    )


def _side(one: Movement) -> str:
    return "CRDT" if one.is_credit else "DBIT"


def mt940(
    movements: list[Movement], *, reference: str = "STARTUMS", number: str = "00001/001", opening: int = 100_000,
    closing: int | None = None, currency: str = "CNY",
) -> bytes:  # fmt: skip
    """An MT940 file with one statement."""
    last = opening + sum(one.signed for one in movements) if closing is None else closing
    lines = [f":20:{reference}", ":25:10000/1234567", f":28C:{number}", f":60F:{_mt_balance(opening, currency)}"]
    for one in movements:
        mark = ("R" if one.is_reversal else "") + ("C" if one.is_credit != one.is_reversal else "D")
        bank = f"//{one.reference}" if one.reference else ""
        amount = money(one.amount_minor).replace(".", ",")
        lines.append(f":61:{one.on:%y%m%d%m%d}{mark}{amount}NTRF{one.end_to_end or 'NONREF'}{bank}")
        lines.append(f":86:166?00CREDIT?20SVWZ+{one.text[:27]}?21{one.text[27:54]}?31{one.account}?32{one.name}")
    lines += [f":62F:{_mt_balance(last, currency)}", "-"]
    return "\r\n".join(lines).encode()


def _mt_balance(minor: int, currency: str) -> str:
    return f"{'C' if minor >= 0 else 'D'}260305{currency}{money(abs(minor)).replace('.', ',')}"

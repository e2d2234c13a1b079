"""
Wallets that speak as the two great ones of China do, driven by the sandbox: examples of adapters.

What they share with real ones: the words, the way of signing, amounts (one in units, one in minor units), what they
want to hear. What they do not: a real wallet of the first kind signs by RSA2 with its own key, and both are asked by
HTTP where these ask the sandbox's tables. An adapter of a real one is a module like this with the keys from the
environment.
"""

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import ClassVar, Final
from urllib.parse import parse_qsl, urlencode
from zoneinfo import ZoneInfo

from lxml import etree

from accounts.domain.receipts import AGE_MOST_SECONDS, BYTES_MOST, BadSignature, Signed
from cashiering.domain.checkouts import Said, Word
from cashiering.gateways import sandbox_bills
from cashiering.gateways.online import BadMessage, SettlementFile, Thanks
from cashiering.gateways.sandbox import Sandbox, key_of
from cashiering.models.checkout import SandboxCheckout
from cis.kernel import fixed
from cis.kernel.fixed import NotANumber

CHINA: Final = ZoneInfo("Asia/Shanghai")
FIELDS_MOST: Final = 60


class Wallet(Sandbox):
    """
    A wallet whose messages are flat lists of parameters with a signature over them; each kind has words of its own.

    names   what it calls each field of ``Said``, and the instant of sending (``sent``)
    states  what it calls each word
    places  decimals of its amounts: 0 in minor units
    """

    names: ClassVar[Mapping[str, str]]
    states: ClassVar[Mapping[Word, str]]
    places: ClassVar[int]

    def encoded(self, told: Mapping[str, str]) -> Signed:
        """Return parameters as they travel."""
        raise NotImplementedError

    def decoded(self, body: bytes) -> dict[str, str]:
        """
        Return the parameters of a body.

        :raises BadMessage: it cannot be read.
        """
        raise NotImplementedError

    def written(self, said: Said, *, at: datetime) -> Signed:
        """Return a message as it travels."""
        values = {
            "sent": at.astimezone(CHINA).strftime("%Y-%m-%d %H:%M:%S"),
            "event_id": said.event_id,
            "reference": said.reference,
            "word": self.states[said.word],
            "amount_minor": fixed.to_text(said.amount_minor, places=self.places),
            "currency": said.currency,
            "occurred_at": said.occurred_at.isoformat(),
            "payment": said.payment,
            "reason": said.reason,
        }
        told = {self.names[field]: value for field, value in values.items()}
        return self.encoded({**told, "sign_type": "HMAC-SHA256", "sign": _mac(told, key_of(self.name))})

    def verify(self, message: Signed, *, now: datetime) -> Said:
        """Return what a message says; see ``Provider``."""
        told = self.decoded(message.body)
        sign = told.pop("sign", "")
        told.pop("sign_type", "")
        _check(sign, _mac(told, key_of(self.name)), told.get(self.names["sent"], ""), now)
        words = {state: word for word, state in self.states.items()}
        try:
            return Said(
                event_id=told[self.names["event_id"]],
                reference=told[self.names["reference"]],
                word=words[told[self.names["word"]]],
                amount_minor=fixed.parse(told[self.names["amount_minor"]], places=self.places),
                currency=told[self.names["currency"]],
                occurred_at=datetime.fromisoformat(told[self.names["occurred_at"]]).astimezone(CHINA),
                payment=told.get(self.names["payment"], ""),
                reason=told.get(self.names["reason"], ""),
            )
        except (KeyError, ValueError, NotANumber) as error:
            raise BadMessage(f"The message cannot be read: {error}.") from error

    def settlement_files(self, on: date) -> Sequence[SettlementFile]:
        """Return its bill of a day."""
        content = sandbox_bills.bill(name=self.name, on=on)
        return () if content is None else (SettlementFile(f"{self.name}-{on}.csv", content),)

    def spoiled(self, message: Signed) -> Signed:
        """Return a message with a signature of somebody else."""
        return self.encoded({**self.decoded(message.body), "sign": "0" * 64})


class FormWallet(Wallet):
    """
    A wallet like Alipay: messages are forms with amounts in yuan; a QR code is an address of the wallet.

    [source: Alipay open platform, asynchronous notification of trade pay: out_trade_no, trade_no, trade_status,
    total_amount, notify_id, notify_time, sign over the sorted parameters]
    """

    name = "sandbox_alipay"
    places = 2
    names: ClassVar[Mapping[str, str]] = {
        "sent": "notify_time", "event_id": "notify_id", "reference": "out_trade_no", "word": "trade_status",
        "amount_minor": "total_amount", "currency": "trans_currency", "occurred_at": "gmt_payment",
        "payment": "trade_no", "reason": "memo",
    }  # fmt: skip
    states: ClassVar[Mapping[Word, str]] = {
        Word.PENDING: "WAIT_BUYER_PAY",
        Word.PAID: "TRADE_SUCCESS",
        Word.FAILED: "TRADE_REFUSED",
        Word.EXPIRED: "TRADE_CLOSED",
        Word.REVERSED: "TRADE_REFUND",
    }

    def qr_of(self, row: SandboxCheckout, page: str) -> str:  # noqa: ARG002 (one signature for all)
        """Return the address that the wallet opens."""
        return f"https://qr.wallet.example/bax{row.token}"

    def encoded(self, told: Mapping[str, str]) -> Signed:
        """Return parameters as a form."""
        return Signed({"content-type": "application/x-www-form-urlencoded"}, urlencode(told).encode())

    def decoded(self, body: bytes) -> dict[str, str]:
        """Return the parameters of a form, each once."""
        if len(body) > BYTES_MOST:
            raise BadMessage(f"More than {BYTES_MOST} bytes.")
        try:
            pairs = parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=True, max_num_fields=FIELDS_MOST)
        except ValueError as error:
            raise BadMessage("The body is no form.") from error
        return _each_once(pairs)

    def thanks(self) -> Thanks:
        """Return the one word that it wants."""
        return Thanks(200, b"success", "text/plain")


class XmlWallet(Wallet):
    """
    A wallet like WeChat Pay of the second interface: messages are XML with amounts in fen, codes begin with weixin://.

    [source: WeChat Pay V2, notification of payment: out_trade_no, transaction_id, total_fee, time_end, sign_type
    HMAC-SHA256 over the sorted parameters and the key; the reply is XML with return_code SUCCESS]
    """

    name = "sandbox_wechat"
    places = 0
    names: ClassVar[Mapping[str, str]] = {
        "sent": "notify_time", "event_id": "nonce_str", "reference": "out_trade_no", "word": "trade_state",
        "amount_minor": "total_fee", "currency": "fee_type", "occurred_at": "time_end", "payment": "transaction_id",
        "reason": "attach",
    }  # fmt: skip
    states: ClassVar[Mapping[Word, str]] = {
        Word.PENDING: "USERPAYING",
        Word.PAID: "SUCCESS",
        Word.FAILED: "PAYERROR",
        Word.EXPIRED: "CLOSED",
        Word.REVERSED: "REFUND",
    }

    def qr_of(self, row: SandboxCheckout, page: str) -> str:  # noqa: ARG002 (one signature for all)
        """Return what the wallet scans."""
        return f"weixin://wxpay/bizpayurl?pr={row.token[:12]}"

    def encoded(self, told: Mapping[str, str]) -> Signed:
        """Return parameters as elements of one."""
        root = etree.Element("xml")
        for name, value in told.items():
            etree.SubElement(root, name).text = value
        return Signed({"content-type": "text/xml"}, etree.tostring(root))

    def decoded(self, body: bytes) -> dict[str, str]:
        """Return the elements of flat XML; no entity is resolved and nothing is loaded."""
        if len(body) > BYTES_MOST or b"<!DOCTYPE" in body:
            raise BadMessage("The body is too large, or has a document type.")
        parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
        try:
            root = etree.fromstring(body, parser)
        except (etree.XMLSyntaxError, ValueError) as error:
            raise BadMessage("The body is no XML.") from error
        return _each_once([(str(one.tag), one.text or "") for one in root])

    def thanks(self) -> Thanks:
        """Return the XML that it wants."""
        return Thanks(200, b"<xml><return_code>SUCCESS</return_code><return_msg>OK</return_msg></xml>", "text/xml")


def _mac(told: Mapping[str, str], key: bytes) -> str:
    """Return the signature over the parameters that are not empty, in the order of their names."""
    text = "&".join(f"{name}={value}" for name, value in sorted(told.items()) if value)
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def _check(sign: str, expected: str, sent: str, now: datetime) -> None:
    if not hmac.compare_digest(sign.lower().encode(), expected.encode()):
        raise BadSignature("The signature does not fit.")
    try:
        at = datetime.fromisoformat(sent).replace(tzinfo=CHINA)
    except ValueError as error:
        raise BadSignature("The message does not say when it was sent.") from error
    if abs((now - at).total_seconds()) > AGE_MOST_SECONDS:
        raise BadSignature("The time of the message is more than five minutes away.")


def _each_once(pairs: Sequence[tuple[str, str]]) -> dict[str, str]:
    told = dict(pairs)
    if len(told) < len(pairs) or len(pairs) > FIELDS_MOST:
        raise BadMessage("A parameter comes twice, or there are too many.")
    return told

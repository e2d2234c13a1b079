"""
Wallets that speak as the two great ones of China do, driven by the sandbox: examples of adapters.

What they share with real ones: the words, the way of signing, amounts (one in units, one in minor units), what they
want to hear. What they do not: a real wallet of the first kind signs by RSA2 with its own key, and both are asked by
HTTP where these ask the sandbox's tables. An adapter of a real one is a module like this with the keys from the
environment.
"""

import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime
from typing import Final
from urllib.parse import parse_qsl, urlencode
from zoneinfo import ZoneInfo

from lxml import etree

from accounts.domain.receipts import AGE_MOST_SECONDS, BYTES_MOST, BadSignature, Signed
from cashiering.domain.checkouts import Said, Word
from cashiering.gateways.online import BadMessage, Thanks
from cashiering.gateways.sandbox import Sandbox, key_of
from cashiering.models.checkout import SandboxCheckout
from cis.kernel import fixed
from cis.kernel.fixed import NotANumber

CHINA: Final = ZoneInfo("Asia/Shanghai")
CENT_PLACES: Final = 2
FIELDS_MOST: Final = 60


class FormWallet(Sandbox):
    """
    A wallet like Alipay: messages are forms with amounts in yuan; a QR code is an address of the wallet.

    [source: Alipay open platform, asynchronous notification of trade pay: out_trade_no, trade_no, trade_status,
    total_amount, notify_id, notify_time, sign over the sorted parameters]
    """

    name = "sandbox_alipay"
    _STATES: Final[Mapping[Word, str]] = {
        Word.PENDING: "WAIT_BUYER_PAY",
        Word.PAID: "TRADE_SUCCESS",
        Word.FAILED: "TRADE_REFUSED",
        Word.EXPIRED: "TRADE_CLOSED",
        Word.REVERSED: "TRADE_REFUND",
    }

    def qr_of(self, row: SandboxCheckout, page: str) -> str:  # noqa: ARG002 (one signature for all)
        """Return the address that the wallet opens."""
        return f"https://qr.wallet.example/bax{row.token}"

    def written(self, said: Said, *, at: datetime) -> Signed:
        """Return a message as it travels."""
        told = {
            "notify_id": said.event_id,
            "notify_time": _china(at),
            "gmt_payment": said.occurred_at.isoformat(),
            "out_trade_no": said.reference,
            "trade_no": said.payment,
            "trade_status": self._STATES[said.word],
            "total_amount": fixed.to_text(said.amount_minor, places=CENT_PLACES),
            "trans_currency": said.currency,
            "memo": said.reason,
        }
        signed = {**told, "sign_type": "HMAC-SHA256", "sign": _mac(told, key_of(self.name))}
        return Signed({"content-type": "application/x-www-form-urlencoded"}, urlencode(signed).encode())

    def verify(self, message: Signed, *, now: datetime) -> Said:
        """Return what a form says; see ``Provider``."""
        told = _form(message.body)
        sign = told.pop("sign", "")
        told.pop("sign_type", "")
        _check(sign, _mac(told, key_of(self.name)), told.get("notify_time", ""), now)
        words = {state: word for word, state in self._STATES.items()}
        try:
            return Said(
                event_id=told["notify_id"],
                reference=told["out_trade_no"],
                word=words[told["trade_status"]],
                amount_minor=fixed.parse(told["total_amount"], places=CENT_PLACES),
                currency=told["trans_currency"],
                occurred_at=datetime.fromisoformat(told["gmt_payment"]).astimezone(CHINA),
                payment=told["trade_no"],
                reason=told["memo"],
            )
        except (KeyError, ValueError, NotANumber) as error:
            raise BadMessage(f"The form cannot be read: {error}.") from error

    def thanks(self) -> Thanks:
        """Return the one word that it wants."""
        return Thanks(200, b"success", "text/plain")

    def spoiled(self, message: Signed) -> Signed:
        """Return a message with a signature of somebody else."""
        told = {**_form(message.body), "sign": "0" * 64}
        return Signed(message.headers, urlencode(told).encode())


class XmlWallet(Sandbox):
    """
    A wallet like WeChat Pay of the second interface: messages are XML with amounts in fen, codes begin with weixin://.

    [source: WeChat Pay V2, notification of payment: out_trade_no, transaction_id, total_fee, time_end, sign_type
    HMAC-SHA256 over the sorted parameters and the key; the reply is XML with return_code SUCCESS]
    """

    name = "sandbox_wechat"
    _STATES: Final[Mapping[Word, str]] = {
        Word.PENDING: "USERPAYING",
        Word.PAID: "SUCCESS",
        Word.FAILED: "PAYERROR",
        Word.EXPIRED: "CLOSED",
        Word.REVERSED: "REFUND",
    }

    def qr_of(self, row: SandboxCheckout, page: str) -> str:  # noqa: ARG002 (one signature for all)
        """Return what the wallet scans."""
        return f"weixin://wxpay/bizpayurl?pr={row.token[:12]}"

    def written(self, said: Said, *, at: datetime) -> Signed:
        """Return a message as it travels."""
        told = {
            "nonce_str": said.event_id,
            "notify_time": _china(at),
            "time_end": said.occurred_at.isoformat(),
            "out_trade_no": said.reference,
            "transaction_id": said.payment,
            "trade_state": self._STATES[said.word],
            "total_fee": str(said.amount_minor),
            "fee_type": said.currency,
            "attach": said.reason,
        }
        return _xml({**told, "sign_type": "HMAC-SHA256", "sign": _mac(told, key_of(self.name))})

    def verify(self, message: Signed, *, now: datetime) -> Said:
        """Return what an XML message says; see ``Provider``."""
        told = _parsed(message.body)
        sign = told.pop("sign", "")
        told.pop("sign_type", "")
        _check(sign, _mac(told, key_of(self.name)), told.get("notify_time", ""), now)
        words = {state: word for word, state in self._STATES.items()}
        try:
            return Said(
                event_id=told["nonce_str"],
                reference=told["out_trade_no"],
                word=words[told["trade_state"]],
                amount_minor=fixed.parse(told["total_fee"], places=0),
                currency=told["fee_type"],
                occurred_at=datetime.fromisoformat(told["time_end"]).astimezone(CHINA),
                payment=told.get("transaction_id", ""),
                reason=told.get("attach", ""),
            )
        except (KeyError, ValueError, NotANumber) as error:
            raise BadMessage(f"The XML cannot be read: {error}.") from error

    def thanks(self) -> Thanks:
        """Return the XML that it wants."""
        return Thanks(200, b"<xml><return_code>SUCCESS</return_code><return_msg>OK</return_msg></xml>", "text/xml")

    def spoiled(self, message: Signed) -> Signed:
        """Return a message with a signature of somebody else."""
        return _xml({**_parsed(message.body), "sign": "0" * 64})


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


def _china(at: datetime) -> str:
    return at.astimezone(CHINA).strftime("%Y-%m-%d %H:%M:%S")


def _form(body: bytes) -> dict[str, str]:
    if len(body) > BYTES_MOST:
        raise BadMessage(f"More than {BYTES_MOST} bytes.")
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=True, max_num_fields=FIELDS_MOST)
    except ValueError as error:
        raise BadMessage("The body is no form.") from error
    if len(dict(pairs)) < len(pairs):
        raise BadMessage("A parameter comes twice.")
    return dict(pairs)


def _parsed(body: bytes) -> dict[str, str]:
    """Return the elements of flat XML; no entity is resolved and nothing is loaded."""
    if len(body) > BYTES_MOST or b"<!DOCTYPE" in body:
        raise BadMessage("The body is too large, or has a document type.")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(body, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise BadMessage("The body is no XML.") from error
    pairs = [(str(one.tag), one.text or "") for one in root]
    if len(dict(pairs)) < len(pairs) or len(pairs) > FIELDS_MOST:
        raise BadMessage("An element comes twice, or there are too many.")
    return dict(pairs)


def _xml(told: Mapping[str, str]) -> Signed:
    root = etree.Element("xml")
    for name, value in told.items():
        etree.SubElement(root, name).text = value
    return Signed({"content-type": "text/xml"}, etree.tostring(root))

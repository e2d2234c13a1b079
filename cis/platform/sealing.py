"""
Encryption of what must not stand plain: columns with numbers of bank accounts, and documents of customers.

Everything is AES-256-GCM. The keys of the installation (settings.DATA_KEYS) encrypt columns and wrap the keys of
customers; what was encrypted by an older key of the list is still read. Each encrypted text names its key.
"""

import base64
import binascii
import hashlib
import hmac
import secrets
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

from cis.kernel.errors import Refused

KEY_BYTES = 32
NONCE_BYTES = 12
MARK = "sealed1"
COLUMN = b"column"
"""What the texts of columns are bound to: a text of another kind is not read as one."""


class CannotUnseal(Refused):
    """It was encrypted with a key that this installation does not have, or it was changed."""

    code = "cannot_unseal"


def new_key() -> bytes:
    """Return a random key, 32 bytes."""
    return secrets.token_bytes(KEY_BYTES)


def seal_bytes(data: bytes, *, key: bytes, purpose: bytes) -> bytes:
    """Encrypt bytes with a key; they are read only for the same purpose."""
    nonce = secrets.token_bytes(NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, data, purpose)


def unseal_bytes(sealed: bytes, *, key: bytes, purpose: bytes) -> bytes:
    """
    Decrypt bytes.

    :raises CannotUnseal: another key, another purpose, or changed bytes.
    """
    try:
        return AESGCM(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], purpose)
    except (InvalidTag, ValueError) as error:
        raise CannotUnseal(
            "What is kept encrypted cannot be read.",
            advice="Set DATA_KEYS and SECRET_KEY as they were when it was written; see docs/operations/settings.md.",
        ) from error


def seal(data: bytes, *, purpose: bytes) -> str:
    """Encrypt bytes with the first key of the installation; return a text that names the key."""
    key_name, key = next(iter(_keys().items()))
    return f"{MARK}:{key_name}:{base64.b64encode(seal_bytes(data, key=key, purpose=purpose)).decode()}"


def unseal(text: str, *, purpose: bytes) -> bytes:
    """
    Decrypt a text of ``seal``.

    :raises CannotUnseal: its key is not among settings.DATA_KEYS, or the text was changed.
    """
    mark, _, rest = text.partition(":")
    key_name, _, sealed = rest.partition(":")
    key = _keys().get(key_name)
    if mark != MARK or key is None:
        raise CannotUnseal(
            f"The key {key_name or '?'} is not there.", advice="Add it to DATA_KEYS behind the new one.", key=key_name
        )
    try:
        raw = base64.b64decode(sealed, validate=True)
    except binascii.Error as error:
        raise CannotUnseal("What is kept encrypted was cut or changed.") from error
    return unseal_bytes(raw, key=key, purpose=purpose)


def is_sealed(text: str) -> bool:
    """Return whether a text is one of ``seal``."""
    return text.startswith(f"{MARK}:")


def seal_text(text: str) -> str:
    """Encrypt the text of a column; an empty one stays empty, so that it is seen whether there is one."""
    return seal(text.encode(), purpose=COLUMN) if text else ""


def unseal_text(text: str) -> str:
    """
    Decrypt the text of a column; what was never encrypted is returned as it is.

    :raises CannotUnseal: its key is not there, or the text was changed.
    """
    return unseal(text, purpose=COLUMN).decode() if is_sealed(text) else text


def digest(text: str) -> str:
    """Return a keyed digest of a text, to find the same text again without keeping it; 64 hex signs."""
    return hmac.new(_digest_key(settings.SECRET_KEY), text.encode(), hashlib.sha256).hexdigest()


def current_key_name() -> str:
    """Return the name of the key that encrypts now."""
    return next(iter(_keys()))


def _keys() -> dict[str, bytes]:
    return _read_keys(tuple(settings.DATA_KEYS), settings.SECRET_KEY)


@lru_cache(maxsize=4)
def _read_keys(configured: tuple[str, ...], secret_key: str) -> dict[str, bytes]:
    """Return the keys by name, the one that encrypts first; the last is made of SECRET_KEY."""
    found = [_key_of(one) for one in configured]
    found.append(hashlib.sha256(b"wattline data key\x00" + secret_key.encode()).digest())
    return {hashlib.sha256(b"name of a key\x00" + key).hexdigest()[:8]: key for key in found}


@lru_cache(maxsize=2)
def _digest_key(secret_key: str) -> bytes:
    return hashlib.sha256(b"wattline digest key\x00" + secret_key.encode()).digest()


def _key_of(text: str) -> bytes:
    try:
        key = base64.b64decode(text.strip(), validate=True)
    except binascii.Error:
        key = b""
    if len(key) != KEY_BYTES:
        raise ValueError("Each of DATA_KEYS is 32 random bytes in base64: openssl rand -base64 32")
    return key

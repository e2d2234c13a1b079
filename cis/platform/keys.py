"""Keys of programs that use the API: ``wl_<prefix>_<secret>``. Only the hash of the secret is kept."""

import hashlib
import hmac
import secrets
from collections.abc import Collection
from dataclasses import dataclass

from django.db import IntegrityError, transaction
from django.utils import timezone

from cis.kernel.actors import Actor, ActorKind
from cis.kernel.errors import Refused
from cis.platform import audit, db
from cis.platform.db import opens_transaction
from cis.platform.models import ApiKey

MARK = "wl"
PREFIX_BYTES = 5
SECRET_BYTES = 32
NAME_MOST = 100
NO_HASH = "0" * 64


class KeyNameTaken(Refused):
    """Another client has this name."""

    code = "key_name_taken"


class BadKeyName(Refused):
    """A client's name is empty or too long."""

    code = "bad_key_name"


class UnknownScope(Refused):
    """The API has no such scope."""

    code = "unknown_scope"


class UnknownKey(Refused):
    """There is no such client, or its key was revoked before."""

    code = "unknown_key"


@dataclass(frozen=True, slots=True)
class Client:
    """A program that came in with its key; it stands where views look for ``request.user``."""

    id: int
    name: str
    scopes: frozenset[str]
    is_authenticated: bool = True
    is_active: bool = True

    @property
    def actor(self) -> Actor:
        """Return in whose name the program acts."""
        return Actor(ActorKind.CLIENT, self.id, self.name)


@opens_transaction
def create(*, name: str, scopes: Collection[str], known_scopes: Collection[str], actor: Actor) -> str:
    """
    Make a client and return its key, which cannot be shown again.

    :param known_scopes: names of all scopes that the API has.
    :raises UnknownScope: a scope is none of them, or none is named.
    :raises BadKeyName: the name is empty or longer than 100 characters.
    :raises KeyNameTaken: another client has the name.
    """
    unknown = sorted(set(scopes) - set(known_scopes))
    if unknown or not scopes:
        message = f"There are no such scopes: {', '.join(unknown)}." if unknown else "A key needs at least one scope."
        raise UnknownScope(message, advice=f"Known are {', '.join(sorted(known_scopes))}.")
    if not name.strip() or len(name) > NAME_MOST:
        raise BadKeyName(f"A client's name has 1 to {NAME_MOST} characters.")
    prefix, secret = secrets.token_hex(PREFIX_BYTES), secrets.token_urlsafe(SECRET_BYTES)
    key = ApiKey(name=name, prefix=prefix, secret_sha256=_hash(secret), scopes=sorted(set(scopes)))
    try:
        with transaction.atomic():
            key.save()
    except IntegrityError as error:
        raise KeyNameTaken(f"A client named {name!r} is there already.", advice="Choose another name.") from error
    audit.record(actor, "create", "api_key", key.id, name=name, scopes=key.scopes)
    return f"{MARK}_{prefix}_{secret}"


@opens_transaction
def revoke(*, name: str, actor: Actor) -> None:
    """
    Refuse a client's key from now on.

    :raises UnknownKey: there is no such client, or its key was revoked before.
    """
    key = ApiKey.objects.select_for_update().filter(name=name, revoked_at__isnull=True).first()
    if key is None:
        raise UnknownKey(f"No client named {name!r} has a valid key.")
    ApiKey.objects.filter(id=key.id).update(revoked_at=timezone.now())
    audit.record(actor, "revoke", "api_key", key.id, name=name)


def id_of(*, name: str, scope: str) -> int:
    """
    Return the id of the client of a name that may do something.

    :raises UnknownKey: there is none with a valid key, or its key lacks the scope.
    """
    found = ApiKey.objects.filter(name=name, revoked_at__isnull=True).values_list("id", "scopes").first()
    if found is None or scope not in found[1]:
        raise UnknownKey(f"No client named {name!r} has a valid key with the scope {scope}.")
    return int(found[0])


def scopes_of(*, names: Collection[str]) -> dict[str, frozenset[str]]:
    """Return what clients may do whose keys hold, by their names; one statement."""
    rows = ApiKey.objects.filter(name__in=list(names), revoked_at__isnull=True)
    return {name: frozenset(scopes) for name, scopes in rows.values_list("name", "scopes")}


def client_by_id(key_id: int) -> Client | None:
    """Return a client by its id; None if there is none, or its key was revoked. One statement."""
    found = ApiKey.objects.filter(id=key_id, revoked_at__isnull=True).first()
    return Client(id=found.id, name=found.name, scopes=frozenset(found.scopes)) if found else None


def names(ids: Collection[int]) -> dict[int, str]:
    """Return how clients are named, by their ids; one statement."""
    return dict(ApiKey.objects.filter(id__in=ids).values_list("id", "name"))


def client_of(text: str) -> Client | None:
    """Return the client whose key this is; None if it is nobody's or was revoked. One statement."""
    mark, _, rest = text.partition("_")
    prefix, _, secret = rest.partition("_")
    found = db.fetch(_BY_PREFIX, [prefix[:12]]) if mark == MARK and text.isascii() else []
    # The hash is compared in any case, so that the time of the answer does not tell which prefixes there are.
    is_right = hmac.compare_digest(_hash(secret), found[0][3] if found else NO_HASH)
    if not found or not is_right:
        return None
    key_id, name, kept_prefix, _, scopes, revoked_at = found[0]
    if kept_prefix != prefix or revoked_at is not None:
        return None
    return Client(id=key_id, name=name, scopes=frozenset(scopes))


_BY_PREFIX = """
    SELECT id, name, prefix, secret_sha256, ARRAY(SELECT jsonb_array_elements_text(scopes)), revoked_at
    FROM platform_apikey WHERE prefix = %s
"""


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()

"""
Who may come in where: denied unless declared.

Every URL states its rule, by a decorator on its view or, for views of libraries, in the table below. The middleware
asks the rule before the view runs; a URL without a rule answers 404, and a house test that walks all URLs fails.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus
from typing import Any, Final, TypeVar
from urllib.parse import urlencode, urlsplit

from allauth.account.adapter import DefaultAccountAdapter
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import ResolverMatch, reverse

from cis.kernel.actors import Actor, ActorKind
from cis.kernel.enums import Role
from cis.platform.keys import Client

View = TypeVar("View", bound=Callable[..., Any])
STAFF: Final = frozenset(Role) - {Role.CUSTOMER}
ID_MOST: Final = 2**63 - 1
"""The greatest id that a row can have."""


class Audience(StrEnum):
    """Who is meant by a rule."""

    PUBLIC = "public"
    SIGNED_IN = "signed_in"
    STAFF = "staff"
    PORTAL = "portal"
    API = "api"


@dataclass(frozen=True, slots=True)
class Rule:
    """Who may use a view; ``roles`` matters for staff only."""

    audience: Audience
    roles: frozenset[Role] = frozenset()


PUBLIC = Rule(Audience.PUBLIC)
SIGNED_IN = Rule(Audience.SIGNED_IN)
PORTAL = Rule(Audience.PORTAL)
# The API's own permission class asks for the scope that the view declares.
API = Rule(Audience.API)

# Views of libraries: by URL name, or by namespace with a star.
LIBRARIES: Final[dict[str, Rule]] = {
    "account_login": PUBLIC,
    "account_logout": SIGNED_IN,
    "account_reauthenticate": SIGNED_IN,
    "account_change_password": SIGNED_IN,
    "account_set_password": SIGNED_IN,
    "account_inactive": PUBLIC,
    "account_reset_password": PUBLIC,
    "account_reset_password_done": PUBLIC,
    "account_reset_password_from_key": PUBLIC,
    "account_reset_password_from_key_done": PUBLIC,
    "mfa_authenticate": PUBLIC,
    "mfa_reauthenticate": SIGNED_IN,
    "mfa_index": SIGNED_IN,
    "mfa_activate_totp": SIGNED_IN,
    "mfa_deactivate_totp": SIGNED_IN,
    "mfa_view_recovery_codes": SIGNED_IN,
    "mfa_generate_recovery_codes": SIGNED_IN,
    "mfa_download_recovery_codes": SIGNED_IN,
    "set_language": PUBLIC,
    "api_schema": PUBLIC,
    "api_reference": PUBLIC,
    "admin:*": Rule(Audience.STAFF, frozenset({Role.ADMIN})),
}
# The rest of the sign-in library (sign-up, e-mail change ...) is not part of this product: it answers 404.


def allow(*roles: Role) -> Callable[[View], View]:
    """Let staff with one of these roles use the view; without roles, all staff."""
    return _declare(Rule(Audience.STAFF, frozenset(roles) or STAFF))


def allow_public(view: View) -> View:
    """Let anybody use the view."""
    return _declare(PUBLIC)(view)


def allow_signed_in(view: View) -> View:
    """Let anybody who is signed in use the view."""
    return _declare(SIGNED_IN)(view)


def allow_portal(view: View) -> View:
    """Let customers use the view; which objects they see is decided by the portal's guard."""
    return _declare(PORTAL)(view)


def allow_api(view: View) -> View:
    """Leave the decision to the API's authentication and scopes."""
    return _declare(API)(view)


def _declare(rule: Rule) -> Callable[[View], View]:
    def declared(view: View) -> View:
        view.access_rule = rule  # type: ignore[attr-defined]
        return view

    return declared


def rule_of(*, callback: Callable[..., Any], url_name: str | None, namespace: str) -> Rule | None:
    """Return the rule of a view; None if it has none."""
    view_class = getattr(callback, "view_class", None) or getattr(callback, "cls", None)
    declared = getattr(callback, "access_rule", None) or getattr(view_class, "access_rule", None)
    if declared is not None:
        return declared  # type: ignore[no-any-return]
    if namespace:
        return LIBRARIES.get(f"{namespace.split(':', maxsplit=1)[0]}:*")
    return LIBRARIES.get(url_name or "")


def roles_of(user: Any) -> frozenset[Role]:
    """Return the roles of whoever is signed in; none for an anonymous visitor, and for a program."""
    return (
        frozenset(Role(role) for role in user.roles)
        if user.is_authenticated and hasattr(user, "roles")
        else frozenset()
    )


def actor_of(request: HttpRequest) -> Actor:
    """
    Return in whose name the request acts: a member of staff, a customer, or a program with its key.

    :raises PermissionDenied: nobody is signed in.
    """
    user: Any = request.user
    if isinstance(user, Client):
        return user.actor
    if user is None or not user.is_authenticated:
        raise PermissionDenied
    roles = roles_of(user)
    kind = ActorKind.CUSTOMER if Role.CUSTOMER in roles else ActorKind.STAFF
    return Actor(kind=kind, id=user.pk, name=user.get_full_name() or user.get_username(), roles=roles)


class AccessMiddleware:
    """Asks the rule of each view before it runs."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass the request on; the rule is asked once its view is known."""
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, callback: Callable[..., Any], _args: object, kwargs: Mapping[str, object]
    ) -> HttpResponse | None:
        """Let the request through, send it to the sign-in page, or refuse it; where no row can be, there is none."""
        match: ResolverMatch = request.resolver_match  # type: ignore[assignment]
        rule = rule_of(callback=callback, url_name=match.url_name, namespace=match.namespace)
        if rule is None:
            raise Http404
        if rule.audience is Audience.API:
            return None
        if is_beyond(kwargs):
            raise Http404
        if rule.audience is Audience.PUBLIC:
            return None
        if not request.user.is_authenticated:
            return _to_sign_in(request)
        if not may(rule, roles=roles_of(request.user)):
            raise PermissionDenied
        return None


def is_beyond(kwargs: Mapping[str, object]) -> bool:
    """Return whether an address names an id that no row can have."""
    return any(isinstance(one, int) and one > ID_MOST for one in kwargs.values())


def may(rule: Rule, *, roles: frozenset[Role]) -> bool:
    """Return whether a signed-in person with these roles satisfies the rule."""
    if rule.audience is Audience.SIGNED_IN:
        return True
    if rule.audience is Audience.PORTAL:
        return Role.CUSTOMER in roles
    if rule.audience is Audience.STAFF:
        return bool(roles & rule.roles)
    return True


def _to_sign_in(request: HttpRequest) -> HttpResponse:
    if request.headers.get("HX-Request"):
        # A piece of a page cannot show the sign-in form: the whole page goes there.
        page = urlsplit(request.headers.get("HX-Current-URL", ""))
        query = urlencode({"next": f"{page.path}?{page.query}" if page.query else page.path or "/"})
        answer = HttpResponse(status=HTTPStatus.NO_CONTENT)
        answer["HX-Redirect"] = f"{reverse('account_login')}?{query}"
        return answer
    return redirect_to_login(request.get_full_path())


class AccountAdapter(DefaultAccountAdapter):
    """The sign-in library's behaviour here: nobody signs up by themselves."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:  # noqa: ARG002
        """Return False: staff are created by `manage.py create_staff`, portal users on the desk."""
        return False

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        """Return where somebody lands after signing in: customers in the portal, staff on the desk."""
        return reverse("portal:bills" if Role.CUSTOMER in actor_of(request).roles else "home")

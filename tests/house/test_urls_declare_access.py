"""Every address states who may use it, and every endpoint which right each of its methods needs."""

from collections.abc import Iterator
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver
from rest_framework.views import APIView

from cis.kernel.enums import Role
from cis.platform import access, api
from cis.platform.access import Audience

# The parts of the sign-in library that this product does not have: they answer 404 (tests/doors/platform).
CLOSED = {
    "account_signup", "account_email", "account_email_verification_sent", "account_confirm_email",
    "account_confirm_login_code",
}  # fmt: skip
METHODS = {"get", "post", "put", "patch", "delete"}


def addresses(resolver: URLResolver, namespace: str = "", prefix: str = "") -> Iterator[tuple[str, str, URLPattern]]:
    for entry in resolver.url_patterns:
        place = f"{prefix}{entry.pattern}"
        if isinstance(entry, URLResolver):
            inner = ":".join(part for part in (namespace, entry.namespace) if part)
            yield from addresses(entry, inner, place)
        else:
            yield place, namespace, entry


def all_addresses() -> list[tuple[str, str, URLPattern]]:
    return list(addresses(get_resolver()))


def rule_of(namespace: str, entry: URLPattern) -> Any:
    return access.rule_of(callback=entry.callback, url_name=entry.name, namespace=namespace)


def test_every_address_states_its_rule():
    found = all_addresses()
    assert len(found) > 40
    undeclared = {entry.name or place for place, namespace, entry in found if rule_of(namespace, entry) is None}
    assert undeclared - CLOSED == set()


def test_the_list_of_closed_addresses_names_only_addresses_that_there_are():
    assert {entry.name for _, _, entry in all_addresses()} >= CLOSED


def test_no_rule_of_a_library_is_left_over():
    used = {entry.name for _, namespace, entry in all_addresses() if not namespace}
    used |= {f"{namespace.split(':')[0]}:*" for _, namespace, _ in all_addresses() if namespace}
    assert set(access.LIBRARIES) - used == set()


def test_pages_of_staff_are_for_staff_and_name_their_roles():
    for place, namespace, entry in all_addresses():
        rule = rule_of(namespace, entry)
        if rule is not None and rule.audience is Audience.STAFF:
            assert rule.roles, place
            assert Role.CUSTOMER not in rule.roles, place


def test_every_endpoint_declares_the_right_of_each_method():
    bare = []
    for place, namespace, entry in all_addresses():
        view = getattr(entry.callback, "cls", None)
        rule = rule_of(namespace, entry)
        if view is None or not issubclass(view, APIView) or rule is None or rule.audience is Audience.PUBLIC:
            continue
        offered = {name.upper() for name in METHODS if hasattr(view, name)}
        bare += [f"{method} {place}" for method in offered - set(getattr(view, "scopes", {}))]
        bare += [f"{place}: {scope}" for scope in getattr(view, "scopes", {}).values() if scope.name not in api.SCOPES]
    assert bare == []


def test_an_endpoint_is_never_an_ordinary_page():
    """A page rule on an endpoint would ask the browser's session alone, and answer a program with the sign-in page."""
    wrong = []
    for place, namespace, entry in all_addresses():
        view, rule = getattr(entry.callback, "cls", None), rule_of(namespace, entry)
        if view is not None and rule is not None and rule.audience not in {Audience.API, Audience.PUBLIC}:
            wrong.append(place)
    assert wrong == []


def test_a_view_without_a_rule_has_none():
    assert access.rule_of(callback=lambda _request: None, url_name="anything", namespace="") is None
    assert access.rule_of(callback=lambda _request: None, url_name="index", namespace="other") is None

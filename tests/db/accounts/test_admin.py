"""The reference-data pages: to look at, by the role admin alone."""

import pytest
from django.contrib import admin
from django.contrib.auth.models import AnonymousUser
from django.test import RequestFactory
from django.urls import path

from accounts.models.account import Account
from accounts.models.customer import Customer
from accounts.models.user import User
from cis.kernel.enums import Role
from cis.platform.admin import ReadOnlyAdmin
from contracts.models.agreement import ServiceAgreement
from tariffs.models.tariff import TariffVersion
from tests import factories

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]
urlpatterns = [path("admin/", admin.site.urls)]
OURS = [page for page in admin.site._registry.values() if isinstance(page, ReadOnlyAdmin)]


def request_of(user):
    request = RequestFactory().get("/admin/")
    request.user = user
    return request


def test_the_rooms_tables_are_registered_read_only():
    assert {Account, Customer, User, ServiceAgreement, TariffVersion} <= {page.model for page in OURS}
    rooms = {"accounts", "metering", "tariffs", "contracts", "billing", "platform"}
    others = [
        model for model, page in admin.site._registry.items() if model._meta.app_label in rooms and page not in OURS
    ]
    assert others == []


def test_only_the_role_admin_looks_and_nobody_writes():
    boss = request_of(factories.accounts.staff(Role.ADMIN, is_staff=True))
    others = [
        request_of(factories.accounts.staff(*(set(Role) - {Role.ADMIN, Role.CUSTOMER}), is_staff=True)),
        request_of(factories.accounts.portal_user()),
        request_of(AnonymousUser()),
        request_of(factories.accounts.staff(Role.ADMIN, is_active=False)),
    ]
    for page in OURS:
        assert page.has_view_permission(boss), page
        assert page.has_module_permission(boss), page
        assert not any(page.has_view_permission(other) or page.has_module_permission(other) for other in others), page
        assert not page.has_add_permission(boss), page
        assert not page.has_change_permission(boss), page
        assert not page.has_delete_permission(boss), page
        assert page.get_actions(boss) == {}, page


def test_lists_and_rows_can_be_drawn():
    factories.contracts.world()
    factories.accounts.supplier()
    boss = request_of(factories.accounts.staff(Role.ADMIN, is_staff=True))
    for page in OURS:
        assert page.changelist_view(boss).render().status_code == 200, page
        row = page.model.objects.order_by("pk").first()
        if row:
            assert page.change_view(boss, str(row.pk)).render().status_code == 200, page


def test_secrets_and_identity_numbers_are_not_shown():
    boss = request_of(factories.accounts.staff(Role.ADMIN, is_staff=True))
    for model, hidden in ((User, "password"), (Customer, "id_number"), (Customer, "search_grams")):
        page = admin.site._registry[model]
        assert hidden not in page.get_fields(boss)
        assert hidden not in page.get_list_display(boss)

"""Reference-data pages of the room, read-only."""

from django.contrib import admin

from accounts.models.account import Account, AccountHolder
from accounts.models.care import (
    CareMeasure,
    CarePlan,
    CustomerSegment,
    FollowUpVisit,
    PointsEntry,
    PointsRedemption,
    Protection,
)
from accounts.models.contact import ContactPoint
from accounts.models.customer import Customer
from accounts.models.supplier import Supplier
from accounts.models.tax_profile import TaxProfile
from accounts.models.team import Team, TeamMember
from accounts.models.user import User
from cis.platform.admin import ReadOnlyAdmin


@admin.register(Supplier, AccountHolder, ContactPoint, TaxProfile, Team, TeamMember)
class AccountsAdmin(ReadOnlyAdmin):
    """The supplier, who holds which account, contact points, and teams of staff."""


@admin.register(Account)
class AccountAdmin(ReadOnlyAdmin):
    """Accounts."""

    search_fields = ("number__startswith", "external_id__exact")


@admin.register(Customer)
class CustomerAdmin(ReadOnlyAdmin):
    """Customers, without their identity numbers."""

    hidden = ("id_number",)
    search_fields = ("name__startswith", "external_id__exact")


@admin.register(User)
class UserAdmin(ReadOnlyAdmin):
    """Who may sign in; roles are given by ``manage.py create_staff``."""

    hidden = ("password",)
    search_fields = ("username__startswith",)


@admin.register(Protection, PointsEntry, PointsRedemption, FollowUpVisit, CarePlan, CareMeasure, CustomerSegment)
class CareAdmin(ReadOnlyAdmin):
    """Care of customers."""

"""Four eyes: one writes a version, another publishes or rejects it; what is published stays as it is."""

import pytest
from django.db import DatabaseError, IntegrityError, connection

from cis.kernel.actors import SYSTEM, Actor, ActorKind
from cis.kernel.enums import Role
from cis.kernel.workflow import IllegalMove, NotAllowed
from cis.platform.models import AuditEvent
from tariffs.models.tariff import TariffVersion
from tariffs.operations import tariffs
from tariffs.operations.tariffs import NoReason, OtherTariff, OwnDraft, RedVectors
from tariffs.queries.plans import UnknownVersion
from tests.db.tariffs.test_tariffs import in_force, text
from tests.factories.tariffs import FLAT

pytestmark = pytest.mark.django_db(transaction=True)
AUTHOR = Actor(ActorKind.STAFF, 11, "王敏", frozenset({Role.BILLING}))
OTHER = Actor(ActorKind.STAFF, 12, "李华", frozenset({Role.SUPERVISOR}))
CLERK = Actor(ActorKind.STAFF, 13, "陈静", frozenset({Role.CLERK, Role.ADMIN, Role.AUDITOR}))


def draft(source=FLAT, actor=AUTHOR, replaces=None):
    return tariffs.draft(text=source, actor=actor, replaces=replaces)


def states():
    return list(TariffVersion.objects.order_by("id").values_list("state", flat=True))


def deeds():
    return list(AuditEvent.objects.filter(subject="tariff_version").order_by("id").values_list("action", "actor_id"))


def test_another_person_publishes_and_both_are_kept():
    version_id = draft()
    with pytest.raises(OwnDraft):
        tariffs.publish(version_id=version_id, actor=AUTHOR)
    assert in_force() == []
    tariffs.publish(version_id=version_id, actor=OTHER)
    version = TariffVersion.objects.get()
    assert (version.state, version.actor_id, version.approver_id) == ("published", 11, 12)
    assert deeds() == [("draft", 11), ("publish", 12)]


def test_who_does_not_deal_with_prices_neither_publishes_nor_rejects():
    version_id = draft()
    with pytest.raises(NotAllowed):
        tariffs.publish(version_id=version_id, actor=CLERK)
    with pytest.raises(NotAllowed):
        tariffs.reject(version_id=version_id, reason="no", actor=CLERK)
    assert states() == ["draft"]


def test_the_system_publishes_what_it_loaded():
    version_id = draft(actor=SYSTEM)
    tariffs.publish(version_id=version_id, actor=SYSTEM)
    assert states() == ["published"]


@pytest.mark.parametrize("approver", ["actor_id", "NULL"])
def test_the_database_refuses_a_draft_that_its_author_published(approver):
    version_id = draft()
    statement = f"UPDATE tariffs_tariffversion SET state = 'published', approver_id = {approver} WHERE id = %s"
    if approver == "NULL":  # the system
        with connection.cursor() as cursor:
            cursor.execute(statement, [version_id])
        return
    with pytest.raises(IntegrityError, match="nobody_publishes_their_own_draft"), connection.cursor() as cursor:
        cursor.execute(statement, [version_id])


@pytest.mark.parametrize("change", ["approver_id = 99", "actor_id = NULL", "published_at = now()", "area = 'x'"])
def test_who_wrote_and_published_a_version_is_frozen_too(change):
    version_id = draft()
    tariffs.publish(version_id=version_id, actor=OTHER)
    with pytest.raises(DatabaseError, match="frozen"), connection.cursor() as cursor:
        cursor.execute(f"UPDATE tariffs_tariffversion SET {change} WHERE id = %s", [version_id])


def test_a_rejected_draft_has_its_reason_and_cannot_be_published():
    version_id = draft()
    with pytest.raises(NoReason):
        tariffs.reject(version_id=version_id, reason="  ", actor=OTHER)
    tariffs.reject(version_id=version_id, reason="The order says 0.618.", actor=OTHER)
    version = TariffVersion.objects.get()
    assert (version.state, version.reason, version.approver_id) == ("rejected", "The order says 0.618.", 12)
    with pytest.raises(IllegalMove):
        tariffs.publish(version_id=version_id, actor=OTHER)
    with pytest.raises(IllegalMove):
        tariffs.reject(version_id=version_id, reason="again", actor=OTHER)


def test_an_author_takes_a_draft_back():
    version_id = draft()
    tariffs.reject(version_id=version_id, reason="a slip of the pen", actor=AUTHOR)
    assert states() == ["rejected"]


def test_the_same_text_once_more_opens_a_rejected_draft_and_has_a_new_author():
    version_id = draft()
    tariffs.reject(version_id=version_id, reason="not yet", actor=OTHER)
    assert draft(actor=OTHER) == version_id
    version = TariffVersion.objects.get()
    assert (version.state, version.actor_id, version.approver_id, version.reason) == ("draft", 12, None, "")
    with pytest.raises(OwnDraft):
        tariffs.publish(version_id=version_id, actor=OTHER)
    tariffs.publish(version_id=version_id, actor=AUTHOR)
    assert [action for action, _ in deeds()] == ["draft", "reject", "reopen", "publish"]


def test_a_draft_stands_in_place_of_another():
    first = draft()
    second = draft(text(price="0.7", total="70.00"), replaces=first)
    assert states() == ["replaced", "draft"]
    with pytest.raises(IllegalMove):
        tariffs.publish(version_id=first, actor=OTHER)
    assert draft(text(price="0.7", total="70.00"), replaces=second) == second
    assert states() == ["replaced", "draft"]
    assert draft(replaces=second) == first
    assert states() == ["draft", "replaced"]


def test_what_is_published_or_of_another_tariff_is_not_replaced():
    first = draft()
    with pytest.raises(OtherTariff):
        draft(FLAT.replace('code = "flat"', 'code = "other"'), replaces=first)
    assert states() == ["draft"]
    tariffs.publish(version_id=first, actor=OTHER)
    with pytest.raises(IllegalMove):
        draft(text("2022-01-01"), replaces=first)
    with pytest.raises(UnknownVersion):
        draft(text("2022-01-01"), replaces=999_999)
    assert states() == ["published"]


def test_a_red_draft_stays_a_draft():
    version_id = draft(text(total="61.71"))
    with pytest.raises(RedVectors):
        tariffs.publish(version_id=version_id, actor=OTHER)
    assert states() == ["draft"]


def test_class_and_area_are_kept_beside_the_text():
    draft(FLAT.replace("currency =", 'customer_class = "residential"\narea = "上海"\ncurrency ='))
    version = TariffVersion.objects.get()
    assert (version.customer_class, version.area) == ("residential", "上海")

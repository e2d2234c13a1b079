"""Work orders: ordered once, given to crews, done once, told to the case."""

from datetime import date, timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone
from PIL import Image

from cis.kernel.actors import SYSTEM
from cis.kernel.workflow import IllegalMove, NotAllowed
from cis.platform import documents, events
from cis.platform.photos import NotAPhoto
from metering.domain.announcements import WorkOrderCancelled, WorkOrderDone
from metering.domain.checklists import BadAnswers
from metering.models.work import WorkAnswer, WorkOrder
from metering.operations import work_answers, work_moves, work_orders
from metering.queries import checklists
from metering.queries import work_orders as found
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)
DUE = date(2026, 12, 31)
DESK = factories.work.DESK


@pytest.fixture
def told(monkeypatch):
    """What the room announces."""
    heard = []
    monkeypatch.setattr(events, "LISTENERS", {kind: [heard.append] for kind in (WorkOrderDone, WorkOrderCancelled)})
    return heard


def _create(**values):
    given = {"kind": "repair", "subject": "test", "subject_id": 1, "address": "1 Long Street", "facts": {}, **values}
    with transaction.atomic():
        return work_orders.create_step(due_date=DUE, actor=DESK, **given)


def test_an_order_takes_its_place_from_the_service_point_and_its_list_from_the_kind():
    point = factories.metering.service_point(at=factories.metering.premises(district="徐汇区"))
    made = _create(
        kind="survey", address="", service_point_id=point.id, facts={"phone": "138", "on": DUE, "kva": 50, "no": None}
    )
    card = found.one(work_order_id=made)
    assert (card.address, card.district, card.premises_id) == (point.premises.address, "徐汇区", point.premises_id)
    assert card.facts == {"phone": "138", "on": "2026-12-31", "kva": "50"}
    assert card.checklist == "survey"


def test_a_case_orders_the_same_work_once_while_it_is_under_way():
    first = _create()
    with pytest.raises(work_orders.WorkExists) as refusal:
        _create()
    assert refusal.value.detail["work_order_id"] == first
    work_orders.cancel(work_order_id=first, reason="entered twice", actor=DESK)
    assert _create() != first


def test_the_database_itself_refuses_the_second_order_of_a_case():
    row = factories.work.order(subject_id=7)
    with pytest.raises(IntegrityError):
        factories.work.order(subject_id=7)
    assert WorkOrder.objects.get().id == row.id


def test_an_order_without_a_place_is_refused():
    with pytest.raises(work_orders.InvalidWork):
        _create(address=" ")


def test_the_whole_way_of_an_order_is_told_once_however_often_the_phone_sends(told):
    crew = factories.work.crew()
    worker = factories.work.actor_of(crew)
    made = _create()
    work_orders.assign(work_order_ids=[made], crew_id=crew.id, planned_date=DUE, actor=DESK)
    for _ in range(2):
        work_orders.start(work_order_id=made, actor=worker, request_key="start-1")
    for _ in range(2):
        work_orders.finish(
            work_order_id=made, outcome="done", answers={}, note="fuse replaced", actor=worker, request_key="end-1"
        )
    assert told == [
        WorkOrderDone(
            work_order_id=made, kind="repair", subject="test", subject_id=1, outcome="done", premises_id=None,
            service_point_id=None, done_date=timezone.localdate(), actor=worker,
        )
    ]  # fmt: skip
    moves = found.moves(work_order_id=made)
    assert [(move.action, move.to_state) for move in moves] == [
        ("assign", "assigned"),
        ("start", "started"),
        ("finish", "done"),
    ]
    with pytest.raises(IllegalMove):
        work_orders.finish(work_order_id=made, outcome="done", answers={}, note="", actor=worker, request_key="end-2")


def test_work_that_was_not_possible_goes_back_with_its_reason_and_may_be_planned_anew(told):
    crew = factories.work.crew()
    worker = factories.work.actor_of(crew)
    row = factories.work.order(crew=crew)
    tomorrow = timezone.localdate() + timedelta(days=1)
    for _ in range(2):
        work_orders.fail(
            work_order_id=row.id, hindrance="no_access", note="dog", next_date=tomorrow, actor=worker, request_key="f1"
        )
    card = found.one(work_order_id=row.id)
    assert (card.state, card.crew_id, card.planned_date, card.attempts) == ("assigned", crew.id, tomorrow, 1)
    work_orders.fail(work_order_id=row.id, hindrance="weather", note="", actor=worker)
    card = found.one(work_order_id=row.id)
    assert (card.state, card.crew_id, card.planned_date, card.attempts) == ("open", None, None, 2)
    assert [move.hindrance for move in found.moves(work_order_id=row.id)] == ["no_access", "", "weather"]
    assert told == []


def test_a_crew_does_not_touch_the_orders_of_another_one_and_does_not_dispatch():
    mine, other = factories.work.crew(), factories.work.crew()
    row = factories.work.order(crew=other)
    with pytest.raises(work_moves.NotYourOrder):
        work_orders.start(work_order_id=row.id, actor=factories.work.actor_of(mine))
    with pytest.raises(NotAllowed):
        work_orders.assign(
            work_order_ids=[row.id], crew_id=mine.id, planned_date=DUE, actor=factories.work.actor_of(mine)
        )
    work_orders.start(work_order_id=row.id, actor=DESK)


def test_orders_are_given_together_or_not_at_all():
    crew = factories.work.crew()
    first, second = factories.work.order(), factories.work.order()
    work_orders.cancel(work_order_id=second.id, reason="not needed", actor=DESK)
    with pytest.raises(IllegalMove):
        work_orders.assign(work_order_ids=[first.id, second.id], crew_id=crew.id, planned_date=DUE, actor=DESK)
    assert found.one(work_order_id=first.id).state == "open"


def test_a_case_that_ends_withdraws_its_orders_and_the_desk_tells_the_case_when_it_drops_one(told):
    row = factories.work.order(subject="application", subject_id=5, crew=factories.work.crew(), state="started")
    with transaction.atomic():
        assert work_orders.withdraw_step(subject="application", subject_id=5, reason="gone", actor=SYSTEM) == 1
    assert (found.one(work_order_id=row.id).state, told) == ("cancelled", [])
    made = _create()
    with pytest.raises(work_orders.ReasonMissing):
        work_orders.cancel(work_order_id=made, reason=" ", actor=DESK)
    work_orders.cancel(work_order_id=made, reason="twice", actor=DESK)
    assert [(one.work_order_id, one.reason) for one in told] == [(made, "twice")]


def test_an_outcome_belongs_to_its_kind(told):
    row = factories.work.order(crew=factories.work.crew(), state="started")
    with pytest.raises(work_orders.WrongOutcome):
        work_orders.finish(work_order_id=row.id, outcome="feasible", answers={}, note="", actor=DESK)
    assert told == []


def test_answers_and_photos_are_kept_with_the_words_of_their_items(told):
    row = factories.work.order(kind="cut", checklist="cut", crew=factories.work.crew(), state="started")
    answers = {"right_place": "yes", "life_support_asked": "yes"}
    with pytest.raises(BadAnswers):
        work_orders.finish(work_order_id=row.id, outcome="done", answers=answers, note="", actor=DESK)
    same = factories.work.photo().getvalue()
    for _ in range(2):
        work_answers.add_photo(work_order_id=row.id, item="photo_meter", source=_file(same), actor=DESK)
    work_orders.finish(work_order_id=row.id, outcome="done", answers=answers, note="", actor=DESK)
    assert len(found.photos(work_order_id=row.id)) == len(told) == 1
    kept = WorkAnswer.objects.get(item="right_place")
    item = checklists.one(code="cut").item("right_place")
    assert (kept.label_zh, kept.value_zh) == (item.label_zh, "是")
    with pytest.raises(IllegalMove):
        work_answers.add_photo(work_order_id=row.id, item="photo_meter", source=factories.work.photo(), actor=DESK)


def _file(data):
    stream = factories.work.photo()
    stream.seek(0)
    stream.truncate()
    stream.write(data)
    stream.seek(0)
    return stream


def test_a_photo_says_nothing_of_where_it_was_taken_and_keeps_its_time():
    exif = Image.Exif()
    exif[0x010F] = "SecretPhone"
    exif.get_ifd(0x8825)[2] = (31.0, 13.0, 0.0)
    exif.get_ifd(0x8769)[0x9003] = "2026:11:27 09:30:00"
    exif.get_ifd(0x8769)[0x9011] = "+08:00"
    source = factories.work.photo(exif=exif)
    assert b"SecretPhone" in source.getvalue()
    row = factories.work.order(kind="cut", checklist="cut", crew=factories.work.crew(), state="started")
    work_answers.add_photo(work_order_id=row.id, item="photo_meter", source=source, actor=DESK)
    photo = found.photos(work_order_id=row.id)[0]
    assert photo.taken_at.isoformat() == "2026-11-27T01:30:00+00:00"
    with documents.open(photo.document_id) as kept:
        data = kept.read()
    assert b"SecretPhone" not in data
    with documents.open(photo.document_id) as kept, Image.open(kept) as picture:
        assert dict(picture.getexif()) == {}


@pytest.mark.parametrize("data", [b"%PDF-1.7 ...", b"", b"\xff\xd8\xff\xe0 cut off", b"<svg onload='alert(1)'/>"])
def test_what_is_no_photo_is_refused_whatever_its_name(data):
    row = factories.work.order(kind="cut", checklist="cut", crew=factories.work.crew(), state="started")
    with pytest.raises(NotAPhoto):
        work_answers.add_photo(work_order_id=row.id, item="photo_meter", source=_file(data), actor=DESK)

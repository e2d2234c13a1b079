"""What the caller hears of a case: a first word, the answer, the call back; and what they say of it."""

from datetime import datetime

from cis.kernel.actors import SYSTEM, Actor
from cis.kernel.errors import Refused
from cis.platform.db import joins_transaction, opens_transaction
from complaints.domain.case_workflow import ANSWERED, CaseAction, CaseState
from complaints.domain.kinds import CaseKind, ReplyWay, Satisfaction
from complaints.domain.rules import CaseRules
from complaints.models.case import Case
from complaints.models.work import CallBack, CaseReply, Finding
from complaints.operations import case_notices
from complaints.operations.case_moves import check, check_hand, go, lock, lock_own, rules_now
from complaints.operations.cases import part_step, reopen_step

TEXT_MOST = 2_000
NOTE_MOST = 500
STARS = range(1, 6)
JUDGED = frozenset({CaseKind.COMPLAINT, CaseKind.REPORT})
"""Kinds that are answered with a finding, a cause, and whether it lies with us."""
_A = CaseAction


class BadReply(Refused):
    """The answer cannot go: it says nothing, reaches nobody, or nothing was found out yet."""

    code = "bad_case_reply"


class BadRating(Refused):
    """There are one to five stars, and only for an answer."""

    code = "bad_rating"


class StillToCall(Refused):
    """The caller is to be called a few times more before the case is closed without a word."""

    code = "still_to_call"


@opens_transaction
def first_word(*, case_id: int, text: str, way: ReplyWay, at: datetime, actor: Actor, key: str = "") -> None:
    """
    Tell the caller that we are at it, or note that it was said; more than once where it takes longer.

    :param key: of the request; what came with it before is not said again. "": it has none.
    :raises UnknownCase, IllegalMove, NotAllowed, NotYourCase: see ``case_moves``.
    :raises BadReply: it says nothing, or reaches nobody by this way.
    """
    row = lock(case_id, actor)
    if key and row.replies.filter(key=key).exists():
        return
    check(row, _A.CONTACT, actor)
    check_hand(row, actor)
    said = _said(row, text, way)
    kept = _keep(row, said, way=way, is_interim=True, at=at, actor=actor, key=key)
    go(row, _A.CONTACT, actor=actor, at=at, rules=rules_now(), contacted_at=row.contacted_at or at)
    if way is ReplyWay.NOTICE:
        case_notices.tell_word_step(row, text=said, key=f"word:{kept.id}", is_answer=False, actor=actor)


@opens_transaction
def reply(
    *, case_id: int, text: str, way: ReplyWay, at: datetime, actor: Actor, cause_code: str = "",
    is_liable: bool | None = None,
) -> None:  # fmt: skip
    """
    Answer a case, and with it all that were merged into it; who is not called back has it closed at once.

    A merged case whose caller cannot be written to waits for a team again, which calls them.

    :param cause_code, is_liable: what was the matter, and whether it lies with us; complaints and reports need both.
    :raises UnknownCase, IllegalMove, NotAllowed, NotYourCase: see ``case_moves``. :raises UnknownCause: see there.
    :raises BadReply: it says nothing, reaches nobody, or a complaint is answered without finding, cause and liability.
    """
    row, rules = lock(case_id, actor), rules_now()
    check(row, _A.REPLY, actor)
    check_hand(row, actor)
    said = _said(row, text, way)
    if cause_code:
        rules.cause(cause_code)
    if CaseKind(row.kind) in JUDGED:
        _check_judged(row, cause_code, is_liable=is_liable)
    kept = _keep(row, said, way=way, is_interim=False, at=at, actor=actor)
    go(
        row, _A.REPLY, actor=actor, at=at, rules=rules, cause_code=cause_code, is_liable=is_liable, replied_at=at,
        contacted_at=row.contacted_at or at, calls=0,
    )  # fmt: skip
    if way is ReplyWay.NOTICE:
        case_notices.tell_word_step(row, text=said, key=f"answer:{kept.id}", is_answer=True, actor=actor)
    _answer_merged(row, said, key=f"answer:{kept.id}", at=at, actor=actor)
    _close_unless_called(row, rules, at)


@opens_transaction
def call_back(
    *, case_id: int, result: Satisfaction, at: datetime, actor: Actor, stars: int | None = None, note: str = "",
    key: str = "",
) -> None:  # fmt: skip
    """
    Note what the caller said when called back: content, not content (the case begins again), or nobody answered.

    :param key: of the request; a call that came with it before counts once. "": it has none.
    :raises UnknownCase, IllegalMove, NotAllowed: see ``case_moves``.
    :raises CaseReasonMissing: the caller is not content, and nobody notes why. :raises BadRating: see there.
    """
    row = lock(case_id, actor)
    if key and row.call_backs.filter(key=key).exists():
        return
    heard_step(row, result, at=at, actor=actor, stars=stars, note=note, key=key)


@opens_transaction
def rate(
    *, case_id: int, customer_id: int, is_satisfied: bool, at: datetime, actor: Actor, stars: int | None = None,
    note: str = "",
) -> None:  # fmt: skip
    """
    Let a customer say in the portal whether the answer is good; a case that is closed already gets the stars alone.

    :raises UnknownCase, IllegalMove, CaseReasonMissing: see ``case_moves``. :raises BadRating: see there.
    """
    row = lock_own(case_id, customer_id)
    result = Satisfaction.SATISFIED if is_satisfied else Satisfaction.DISSATISFIED
    if row.state == CaseState.CLOSED and row.stars is None and stars in STARS:
        _keep_call(row, result, at=at, actor=actor, stars=stars, note=note)
        row.stars, row.is_satisfied = stars, is_satisfied
        row.save(update_fields=["stars", "is_satisfied"])
        return
    heard_step(row, result, at=at, actor=actor, stars=stars, note=note)


@joins_transaction
def heard_step(
    row: Case, result: Satisfaction, *, at: datetime, actor: Actor, stars: int | None, note: str, key: str = ""
) -> None:  # fmt: skip
    """Note what the caller of a locked case said; see ``call_back``."""
    if stars is not None and stars not in STARS:
        raise BadRating("There are one to five stars.", field="stars")
    action = CaseAction(result.value)
    check(row, action, actor, note)
    _keep_call(row, result, at=at, actor=actor, stars=stars, note=note, key=key)
    if result is Satisfaction.DISSATISFIED:
        reopen_step(row, action, reason=note, at=at, actor=actor)
        row.stars, row.is_satisfied = stars, False
        row.save(update_fields=["stars", "is_satisfied"])
    elif result is Satisfaction.SATISFIED:
        go(row, action, actor=actor, at=at, rules=rules_now(), reason=note, stars=stars, is_satisfied=True)
    else:
        go(row, action, actor=actor, at=at, rules=rules_now(), reason=note, calls=row.calls + 1)


@opens_transaction
def close(*, case_id: int, reason: str, at: datetime, actor: Actor) -> None:
    """
    Close a case whose caller was called as often as the pack asks for, and never answered.

    :raises UnknownCase, IllegalMove, NotAllowed, CaseReasonMissing: see ``case_moves``. :raises StillToCall: see there.
    """
    row, rules = lock(case_id, actor), rules_now()
    check(row, _A.CLOSE, actor, reason)
    if row.calls < rules.call_back_tries:
        raise StillToCall(
            f"The caller was called {row.calls} times of {rules.call_back_tries}.", advice="Call again another time."
        )
    go(row, _A.CLOSE, actor=actor, at=at, rules=rules, reason=reason)


@joins_transaction
def _answer_merged(row: Case, said: str, *, key: str, at: datetime, actor: Actor) -> None:
    for other in row.merged.select_for_update().order_by("id"):
        if not case_notices.can_be_told(other) and not other.is_anonymous:
            part_step(other, main=row, at=at)
            continue
        _keep(other, said, way=ReplyWay.NOTICE, is_interim=False, at=at, actor=actor)
        other.replied_at = at
        other.save(update_fields=["replied_at"])
        case_notices.tell_word_step(other, text=said, key=key, is_answer=True, actor=actor)


@joins_transaction
def _close_unless_called(row: Case, rules: CaseRules, at: datetime) -> None:
    has_number = bool(row.caller_phone) or row.customer_id is not None
    if row.state in ANSWERED and not (CaseKind(row.kind) in rules.called_back and has_number):
        go(row, _A.CLOSE, actor=SYSTEM, at=at, rules=rules, reason="not_called_back")


def _said(row: Case, text: str, way: ReplyWay) -> str:
    said = text.strip()
    if not said or len(said) > TEXT_MOST:
        raise BadReply("The answer says nothing, or too much.", advice=f"At most {TEXT_MOST} characters.", field="text")
    if way is ReplyWay.NOTICE and not case_notices.can_be_told(row) and not row.is_anonymous:
        raise BadReply("There is no way to write to the caller.", advice="Call, or send a letter.", field="way")
    return said


def _check_judged(row: Case, cause_code: str, *, is_liable: bool | None) -> None:
    if not Finding.objects.filter(case_id=row.id).exists():
        raise BadReply("Nothing was found out yet.", advice="Note first what was found, and what shows it.")
    if not cause_code or is_liable is None:
        raise BadReply("Cause and liability are missing.", advice="Say what it was, and whose.", field="cause")


@joins_transaction
def _keep(
    row: Case, text: str, *, way: ReplyWay, is_interim: bool, at: datetime, actor: Actor, key: str = ""
) -> CaseReply:  # fmt: skip
    return CaseReply.objects.create(
        case_id=row.id, at=at, is_interim=is_interim, way=way.value, text=text, key=key, actor_id=actor.id,
        actor_name=actor.name[:150],
    )  # fmt: skip


@joins_transaction
def _keep_call(
    row: Case, result: Satisfaction, *, at: datetime, actor: Actor, stars: int | None, note: str, key: str = ""
) -> None:  # fmt: skip
    CallBack.objects.create(
        case_id=row.id, at=at, result=result.value, stars=stars, note=note.strip()[:NOTE_MOST], key=key,
        actor_id=actor.id, actor_name=actor.name[:150],
    )  # fmt: skip

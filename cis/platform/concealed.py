"""
What is kept from somebody: rows of some kinds that one person may not know of, though others of their role may.

A room that keeps such rows answers for its kind (``answer_by``); what the platform and other rooms keep about them, as
the audit trail, deadlines and notices, asks here before it shows anything.
"""

from collections.abc import Callable, Collection, Mapping

from cis.kernel.actors import Actor

Answer = Callable[[Actor | None], Collection[int]]
_answers: dict[str, Answer] = {}


def answer_by(subject: str, answer: Answer) -> None:
    """Let a room say which rows of its kind are kept from an actor; called once when everything is bound."""
    _answers[subject] = answer


def hidden_from(actor: Actor | None) -> Mapping[str, list[int]]:
    """
    Return the ids that are kept from an actor, by kind; None: from anybody. Kinds without any are left out.

    Who answers for several kinds is asked once.
    """
    said = {answer: sorted(answer(actor)) for answer in set(_answers.values())}
    return {subject: said[answer] for subject, answer in _answers.items() if said[answer]}


def columns(hidden: Mapping[str, Collection[int]]) -> tuple[list[str], list[int]]:
    """Return kinds and ids as two columns, for ``unnest`` in a statement."""
    rows = [(subject, one) for subject, ids in hidden.items() for one in ids]
    return [subject for subject, _ in rows], [one for _, one in rows]

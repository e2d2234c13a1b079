"""Values that wait for a second person are dropped where their exception closes in another way."""

from collections.abc import Sequence

from cis.kernel.actors import Actor
from cis.platform import audit, db
from cis.platform.db import joins_transaction

SUBJECT = "read_change"


@joins_transaction
def drop_step(*, exception_ids: Sequence[int], actor: Actor) -> None:
    """Drop what waits about exceptions that close; one statement, two if anything waits. Places are locked."""
    dropped = [found for (found,) in db.fetch(_DROP, {"exceptions": list(exception_ids), "actor": actor.person_id})]
    if dropped:
        audit.record_many(actor, "drop", SUBJECT, dropped, why="exception_closed")


_DROP = """
UPDATE metering_readchange SET state = 'dropped', decided_at = now(), decider_id = %(actor)s
WHERE exception_id = ANY(%(exceptions)s::bigint[]) AND state = 'proposed' RETURNING id
"""

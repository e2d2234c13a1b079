"""What keeps an application from ending while current may flow at one of its supplies."""

from billing.domain.energizing import OPEN
from billing.models.energizing import Energizing
from cis.kernel.workflow import IllegalMove
from cis.platform.db import joins_transaction
from contracts.domain.announcements import ApplicationMoved
from contracts.domain.application_workflow import ENDS
from contracts.domain.application_workflow import SUBJECT as APPLICATION


@joins_transaction
def keep_its_case(moved: ApplicationMoved) -> None:
    """
    Let no application end while one of its supplies is being switched on: current may flow; a listener.

    :raises IllegalMove: one is; what failed is given up first, what is held is finished.
    """
    if (
        moved.action in ENDS
        and Energizing.objects.filter(subject=APPLICATION, subject_id=moved.application_id, state__in=OPEN).exists()
    ):
        raise IllegalMove(
            "A supply of the application is being switched on.", advice="Finish or give up its energizing first."
        )

"""The way of a connection through the doors of the house: desk, store, crew on the phone, head end."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from accounts.models.user import User
from billing.models.run import BillCycle
from cis.kernel.enums import Role
from cis.platform import outbox
from cis.platform.models import OutboxMessage
from metering.domain.meter_store import COLUMNS
from metering.models.work import Crew, WorkOrder
from tests.factories import accounts, work

DESK_ROLES = (Role.CLERK, Role.METERING, Role.BILLING)
SURVEY = {
    "item_identity_seen": "yes", "item_use_as_applied": "as_applied", "item_load_found": "6.5",
    "item_distance_to_supply": "25", "item_meter_place": "stairwell", "item_earthing_present": "yes", "voltage": "",
    "mode": "", "works": "", "note": "", "verdict": "feasible",
}  # fmt: skip
METER_WORK = {"item_no_voltage": "yes", "item_wiring_right": "yes", "note": ""}
HOME_INSPECTION = {
    "item_cabinet_closed": "yes", "item_wires_sound": "yes", "item_residual_current": "yes",
    "item_grounding_home": "yes", "item_seals_whole": "yes", "note": "", "outcome": "passed",
}  # fmt: skip


@dataclass
class House:
    """Who works on a connection: the desk, and a crew with its phone."""

    desk: Client
    phone: Client
    crew: Crew
    clerk: User
    worker: User

    def sign_in(self) -> None:
        """Begin the day: sessions end after hours."""
        for client, user in ((self.desk, self.clerk), (self.phone, self.worker)):
            client.force_login(user)
            client.cookies["django_language"] = "en"

    @property
    def today(self) -> str:
        """The local date, as forms take it."""
        return timezone.localdate().isoformat()

    def send(self, kind: str) -> WorkOrder:
        """Give the open order of a kind to the crew, which begins it; return the order."""
        order = WorkOrder.objects.get(kind=kind, state="open")
        self.desk.post(
            "/desk/work/assign/",
            {"order": str(order.id), "one": "1", "crew": str(self.crew.id), "planned_date": self.today},
        )
        self.phone.post(f"/desk/field/{order.id}/start/", {"request_key": f"start-{order.id}"})
        order.refresh_from_db()
        assert order.state == "started", order.state
        return order

    def picture(self, order: WorkOrder, *items: str) -> None:
        """Take a photo of each item."""
        for item in items:
            self.phone.post(f"/desk/field/{order.id}/photos/{item}/", {f"photo_{item}": work.photo()})

    def stock(self, *, serial: str, kind: str, seals: tuple[str, str]) -> None:
        """Deliver a meter and a range of seals to the store, and give both to the crew."""
        until = (timezone.localdate() + timedelta(days=8 * 365)).isoformat()
        line = f"{serial},DDZY285,{kind},JD-{serial},{self.today},{until}"
        file = SimpleUploadedFile("delivery.csv", f"{','.join(COLUMNS)}\n{line}\n".encode())
        self.desk.post("/desk/meters/move/", {"deliver": "1", "file": file})
        self.desk.post("/desk/meters/move/", {"issue": "1", "serials": serial, "crew": str(self.crew.id)})
        for goes in ("new", str(self.crew.id)):
            self.desk.post(
                "/desk/seals/move/", {"first_number": seals[0], "last_number": seals[1], "goes": goes, "move": "1"}
            )

    def hang(self, *, serial: str, seals: str, shown: dict[str, str], multiplier: int = 1) -> WorkOrder:
        """Let the crew hang a meter up that shows something; return the order."""
        order = self.send("meter_install")
        self.picture(order, "photo_meter", *(f"new_{code}" for code in shown))
        given = {
            **METER_WORK, **{f"new_{code}": value for code, value in shown.items()}, "new_serial": serial,
            "multiplier": str(multiplier), "seals": seals, "request_key": f"hang-{order.id}",
        }  # fmt: skip
        answer = self.phone.post(f"/desk/field/{order.id}/meter/", given)
        assert answer.status_code == 302, answer.content.decode()
        return order

    def energize(self, order: WorkOrder, **values: str):
        """Press the button with what the page knows by itself; return the answer."""
        page = f"/desk/energizing/new/{order.id}/"
        form = self.desk.get(page).context["form"]
        given = {name: form.get_initial_for_field(field, name) for name, field in form.fields.items()}
        return self.desk.post(page, {name: "" if value is None else value for name, value in given.items()} | values)


def house() -> House:
    """A desk, a crew of one with a phone, and a cycle that bills all new supplies on the second of the month."""
    crew = work.crew()
    clerk = accounts.staff(*DESK_ROLES, first_name="李华")
    made = House(Client(), Client(), crew, clerk, crew.members.get().user)
    made.sign_in()
    BillCycle.objects.create(code="C1", name_zh="一段", name_en="One", run_day=2)
    made.desk.post("/desk/runs/cycles/rules/", {"district": "", "use_class": "", "cycle_code": "C1"})
    return made


def obey() -> None:
    """Let the outbox speak to the meters until they have answered."""
    OutboxMessage.objects.filter(state="waiting", kind__startswith="device").update(
        due_at=datetime.now(UTC) - timedelta(seconds=1)
    )
    outbox.deliver_due()

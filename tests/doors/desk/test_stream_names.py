"""Names of foreign streams on the desk: given, listed, ended."""

import pytest

from metering.models.stream import StreamName

pytestmark = pytest.mark.django_db


def test_a_name_is_given_listed_and_ended(desk, billed):
    serial = billed.register.meter.serial
    assert "No stream has a name of its own" in desk.get("/desk/files/names/").content.decode()
    given = {"file_format": "green_button", "place": "9b/01", "code": "7", "serial": serial, "register": ""}
    wrong = desk.post("/desk/files/names/new/", {**given, "serial": "NOBODY"}).content.decode()
    assert "There is no meter NOBODY" in wrong
    assert desk.post("/desk/files/names/new/", given)["Location"] == "/desk/files/names/"
    page = desk.get("/desk/files/names/").content.decode()
    assert "9b/01" in page
    assert serial in page
    text = b"".join(desk.get("/desk/files/names.csv").streaming_content).decode("utf-8-sig")
    assert text.splitlines()[1] == f"Green Button,9b/01,7,{serial},total"
    row = StreamName.objects.get()
    desk.post(f"/desk/files/names/{row.id}/end/")
    assert not StreamName.objects.exists()
    assert desk.post(f"/desk/files/names/{row.id}/end/", follow=True).status_code == 200

"""Meter files through the desk: brought, imported by a worker, wrong lines told with advice."""

from datetime import UTC, datetime

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from cis.platform.models import Job
from metering.models.read import ReadFile, RegisterRead
from metering.operations import uploads

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 10, 2, tzinfo=UTC)


def _bring(desk, content, name="reads.csv"):
    answer = desk.post("/desk/files/upload/", {"file": SimpleUploadedFile(name, content)})
    assert answer.status_code == 302
    return answer["Location"]


def _csv(billed, *lines):
    head = "meter,register,read_at,reading,kind\n"
    return (head + "".join(f"{line}\n" for line in lines)).replace("METER", billed.register.meter.serial).encode()


def test_a_file_is_kept_imported_and_its_wrong_lines_are_told(desk, billed):
    where = _bring(desk, _csv(billed, "METER,total,2026-03-05,1220.5,actual", "NOBODY,total,2026-03-05,5,actual"))
    waiting = desk.get(where).content.decode()
    assert "waits for a worker" in waiting
    assert 'hx-trigger="every 1s"' in waiting
    uploads.work(NOW)
    piece = desk.get(where, headers={"HX-Request": "true", "HX-Target": "import-progress"})
    file = ReadFile.objects.get()
    assert piece["HX-Redirect"] == f"/desk/files/{file.id}/"
    page = desk.get(f"/desk/files/{file.id}/").content.decode()
    assert "unknown_meter" in page
    assert "NOBODY" in page
    assert RegisterRead.objects.filter(read_file=file).get().reading_wh == 1_220_500
    text = b"".join(desk.get(f"/desk/files/{file.id}/rejected.csv").streaming_content).decode("utf-8-sig")
    assert text.splitlines()[1].startswith("3,unknown_meter,")


def test_the_date_of_telegrams_without_a_time_comes_with_the_file(desk, billed):
    serial = billed.register.meter.serial
    head = f"/XMX5LGBBFG10\r\n\r\n0-0:96.1.1({serial})\r\n1-0:1.8.0(001220.500*kWh)\r\n!\r\n"
    desk.post("/desk/files/names/new/", {"file_format": "dsmr", "place": serial, "code": "1.8.0", "serial": serial})
    given = {"file": SimpleUploadedFile("p1.txt", head.encode()), "taken_date": "2026-03-05"}
    assert desk.post("/desk/files/upload/", given).status_code == 302
    assert uploads.name_of(Job.objects.get().subject) == "p1.txt"
    uploads.work(NOW)
    file = ReadFile.objects.get()
    assert (str(file.taken_date), file.reads, file.rejected) == ("2026-03-05", 1, 0)
    assert "Date of telegrams without a time" in desk.get("/desk/files/upload/").content.decode()


def test_a_refused_file_says_why_and_loads_nothing(desk, billed):
    where = _bring(desk, b"")
    uploads.work(NOW)
    page = desk.get(where).content.decode()
    assert "nothing of it was loaded" in page
    assert "empty" in page.lower()
    assert not ReadFile.objects.exists()
    assert Job.objects.get().state == "failed"


def test_the_same_file_again_is_told_as_known(desk, billed):
    content = _csv(billed, "METER,total,2026-03-05,1220,actual")
    for _ in range(2):
        _bring(desk, content)
        uploads.work(NOW)
    assert ReadFile.objects.count() == 1
    assert "known before, nothing changed" in desk.get("/desk/files/").content.decode()


def test_work_may_be_called_again_at_any_time(desk, billed):
    _bring(desk, _csv(billed, "METER,total,2026-03-05,1220,actual"))
    uploads.work(NOW)
    uploads.work(NOW)
    assert RegisterRead.objects.filter(read_file__isnull=False).count() == 1


def test_a_file_is_imported_once_more_for_a_meter_that_was_unknown(desk, billed):
    _bring(desk, _csv(billed, "LATE,total,2026-03-05,7,actual"))
    uploads.work(NOW)
    file = ReadFile.objects.get()
    assert file.rejected == 1
    meter = billed.register.meter
    meter.serial = "LATE"
    meter.save()
    billed.register.reads.all().delete()
    desk.post(f"/desk/files/{file.id}/again/")
    uploads.work(NOW)
    assert ReadFile.objects.get().rejected == 0


def test_without_a_file_the_form_says_so(desk, supplier):
    assert "required" in desk.post("/desk/files/upload/", {}).content.decode()

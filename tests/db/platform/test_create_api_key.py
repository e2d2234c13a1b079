"""Keys are made on the command line, for scopes that exist, and shown once."""

import subprocess
import sys
from io import StringIO

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from cis.platform import keys
from cis.platform.models import ApiKey

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.urls("tests.doors.platform.small_api")]


def run(*arguments):
    out = StringIO()
    call_command("create_api_key", *arguments, stdout=out)
    return out.getvalue()


def test_a_key_works_until_it_is_revoked():
    key = run("kiosk", "--scopes", "test:read, test:write").rpartition(": ")[2].strip()
    assert keys.client_of(key).scopes == {"test:read", "test:write"}
    assert "kiosk" in run("kiosk", "--revoke")
    assert keys.client_of(key) is None


def test_the_scopes_are_listed_when_one_is_unknown():
    with pytest.raises(CommandError, match=r"test:read +Read tests"):
        run("kiosk", "--scopes", "test:nothing")
    with pytest.raises(CommandError, match="at least one scope"):
        run("kiosk")
    assert not ApiKey.objects.exists()


@pytest.mark.urls("cis.urls")
def test_rights_are_known_before_anybody_asked_an_address():
    """Else a test or a command that runs alone knows none of them."""
    code = "import django; django.setup(); from cis.platform import api; print(len(api.known_scopes()))"
    alone = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=settings.BASE_DIR
    )
    assert int(alone.stdout) > 50

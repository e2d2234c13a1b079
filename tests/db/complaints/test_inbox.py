"""The inbox over a real socket: nothing is moved before it is kept, nothing is kept twice, nothing is lost."""

import pytest
from django.core.exceptions import ImproperlyConfigured

from cis.platform import imap
from complaints.models.case import Case
from complaints.models.mail import CaseMail
from complaints.operations import inbox, mails
from tests import mail_server
from tests.factories import accounts
from tests.factories.mails import mail

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _here(settings, tmp_path):
    settings.DOCUMENTS_DIR = settings.VAR_DIR = tmp_path
    accounts.supplier()


@pytest.fixture(params=[True, False], ids=["moves", "copies"])
def server(request, settings):
    with mail_server.opened(can_move=request.param) as found:
        settings.CASE_MAILBOX = found.address
        yield found


def test_mails_are_taken_and_moved_out(server):
    server.receive(mail(message_id="<a@x>").as_bytes())
    server.receive(b"\x00 no mail")
    assert inbox.empty() == 2
    assert server.inbox() == []
    assert {name: len(kept) for name, kept in server.folders.items() if name != "INBOX"} == {"Taken": 1, "Attention": 1}
    assert inbox.empty() == 0
    assert (Case.objects.count(), CaseMail.objects.count()) == (1, 2)
    assert bool(server.folders["INBOX"]) != server.can_move  # what a server can that moves is asked after signing in


def test_a_kill_between_the_commit_and_the_move_takes_nothing_twice(server, monkeypatch):
    server.receive(mail().as_bytes())
    with monkeypatch.context() as broken:
        broken.setattr("complaints.gateways.inbox.ImapInbox.put_away", lambda *_, **__: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            inbox.empty()
    assert (Case.objects.count(), len(server.inbox())) == (1, 1)
    assert inbox.empty() == 0
    assert (Case.objects.count(), server.inbox()) == (1, [])


def test_a_kill_before_the_commit_leaves_the_mail_where_it_lay(server, monkeypatch):
    server.receive(mail().as_bytes())

    def killed(*_, **__):
        raise SystemExit

    with monkeypatch.context() as broken:
        broken.setattr(mails, "_keep", killed)  # the case is there, and not committed
        with pytest.raises(SystemExit):
            inbox.empty()
    assert (Case.objects.count(), len(server.inbox())) == (0, 1)
    assert inbox.empty() == 1
    assert Case.objects.count() == 1


def test_who_reads_beside_us_takes_nothing_from_us_and_new_numbers_of_the_mailbox_take_nothing_twice(server):
    server.receive(mail(message_id="<a@x>").as_bytes(), flags={"\\Seen"})
    assert inbox.empty() == 1
    server.validity += 1
    server.receive(mail(message_id="<a@x>").as_bytes())  # restored from a backup
    inbox.empty()
    assert (Case.objects.count(), server.inbox()) == (1, [])


def test_a_mail_that_is_too_large_is_read_in_part_and_waits_for_a_person(server, monkeypatch):
    monkeypatch.setattr("complaints.gateways.inbox.BYTES_MOST", 1_000)
    server.receive(mail(text="x" * 2_000).as_bytes())
    inbox.empty()
    assert CaseMail.objects.get().reason == "too_large"
    assert len(server.folders["Attention"]) == 1


def test_a_mailbox_that_is_down_or_in_the_open_is_said_so(settings):
    settings.CASE_MAILBOX = "imap://user:pw@mail.example/INBOX"
    with pytest.raises(ImproperlyConfigured):
        inbox.empty()
    settings.CASE_MAILBOX = "imap://user:pw@127.0.0.1:1/INBOX"
    with pytest.raises(imap.MailboxDown):
        inbox.empty()
    settings.CASE_MAILBOX = ""
    inbox.work(None)  # no mailbox: nothing to do


def test_the_test_mailbox_is_a_folder_of_files(settings, tmp_path):
    settings.CASE_MAILBOX = "sandbox"
    (tmp_path / "inbox").mkdir()
    (tmp_path / "inbox" / "1.eml").write_bytes(mail().as_bytes())
    assert inbox.empty() == 1
    assert (tmp_path / "inbox" / "Taken" / "1.eml").is_file()
    assert Case.objects.get().channel == "email"
    (tmp_path / "inbox" / "1.eml").write_bytes(mail(subject="另一件").as_bytes())  # another one under the same name
    assert inbox.empty() == 1
    assert (Case.objects.count(), len(list((tmp_path / "inbox" / "Taken").iterdir()))) == (2, 2)

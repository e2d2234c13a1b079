"""
A post office for tests: an SMTP server that takes mails and sends some back, and the IMAP mailbox where those lie.

What becomes of a mail stands in the name of the mailbox that it is for:

    unknown@   refused at once with 550 5.1.1
    busy@      refused at once with 451: try later
    gone@      taken, and comes back: 5.1.1
    full@      taken, and comes back: 5.2.2, the mailbox is full
    spam@      taken, and comes back: 5.7.1, a filter refused it
    others     taken and kept
"""

import re
import socket
import socketserver
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage, Message

from aiosmtpd.controller import Controller

COMES_BACK = {
    "gone": ("5.1.1", "550 5.1.1 User unknown"),
    "full": ("5.2.2", "552 5.2.2 Mailbox full"),
    "spam": ("5.7.1", "550 5.7.1 Message refused by policy"),
}
USER, PASSWORD = "bounces@power.example", "s3cret word"


@dataclass
class PostOffice:
    """``taken``: envelope sender, envelope recipient, mail; ``returned``: the mailbox of bounces with its flags."""

    taken: list[tuple[str, str, Message]] = field(default_factory=list)
    returned: list[bytes] = field(default_factory=list)
    flags: dict[int, set[str]] = field(default_factory=dict)
    heard: list[str] = field(default_factory=list)
    smtp_port: int = 0
    imap_port: int = 0

    @property
    def mailbox(self) -> str:
        """Return the value of BOUNCE_MAILBOX."""
        return f"imap://bounces%40power.example:s3cret%20word@127.0.0.1:{self.imap_port}/INBOX"

    async def handle_RCPT(self, server, session, envelope, address, rcpt_options):  # noqa: N802
        name = address.partition("@")[0]
        if name == "unknown":
            return "550 5.1.1 No such user here"
        if name == "busy":
            return "451 4.3.0 Try again later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        mail = message_from_bytes(envelope.content)
        for address in envelope.rcpt_tos:
            self.taken.append((envelope.mail_from, address, mail))
            status, said = COMES_BACK.get(address.partition("@")[0], ("", ""))
            if status:
                self.returned.append(report(envelope.mail_from, address, mail, status, said))
        return "250 OK"


def report(sender: str, address: str, mail: Message, status: str, said: str) -> bytes:
    """Return a report as a server writes it, to the envelope's sender."""
    told = EmailMessage()
    told["From"], told["To"], told["Subject"] = "MAILER-DAEMON@mx.example.com", sender, "Undelivered Mail"
    told.set_content(f"<{address}>: {said}\n")
    told.make_mixed()
    inner = Message()
    inner["Content-Type"] = "message/delivery-status"
    blocks = [Message(), Message()]
    blocks[0]["Reporting-MTA"] = "dns; mx.example.com"
    blocks[1]["Final-Recipient"], blocks[1]["Action"] = f"rfc822; {address}", "failed"
    blocks[1]["Status"], blocks[1]["Diagnostic-Code"] = status, f"smtp; {said}"
    inner.set_payload(blocks)
    told.attach(inner)
    headers = Message()
    headers["Content-Type"] = "text/rfc822-headers"
    headers.set_payload(f"Message-ID: {mail['Message-ID']}\n")
    told.attach(headers)
    told.replace_header("Content-Type", told["Content-Type"].replace("mixed", "report; report-type=delivery-status"))
    return told.as_bytes()


@contextmanager
def opened():
    """Open a post office on two free ports."""
    office = PostOffice()
    with socket.create_server(("127.0.0.1", 0)) as free:
        office.smtp_port = free.getsockname()[1]
    smtp = Controller(office, hostname="127.0.0.1", port=office.smtp_port)
    imap = socketserver.ThreadingTCPServer(("127.0.0.1", 0), ImapHandler)
    imap.office = office
    imap.daemon_threads = True
    office.imap_port = imap.server_address[1]
    thread = threading.Thread(target=imap.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    smtp.start()
    thread.start()
    try:
        yield office
    finally:
        smtp.stop()
        imap.shutdown()
        imap.server_close()
        thread.join(5)


class ImapHandler(socketserver.StreamRequestHandler):
    """As much of RFC 3501 as a reader of a mailbox needs."""

    def handle(self) -> None:
        self.say("* OK here")
        while line := self.rfile.readline().decode().strip():
            self.server.office.heard.append(line)
            tag, verb, rest = (*line.split(" ", 2), "")[:3]
            answer = getattr(self, f"do_{verb.lower()}", self.unknown)(rest)
            self.say(f"{tag} {answer}")
            if verb.upper() == "LOGOUT":
                return

    def say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())
        self.wfile.flush()

    def unknown(self, _rest: str) -> str:
        return "BAD what?"

    def do_capability(self, _rest: str) -> str:
        self.say("* CAPABILITY IMAP4rev1")
        return "OK done"

    def do_login(self, rest: str) -> str:
        return "OK in" if rest == f'{USER} "{PASSWORD}"' else "NO wrong name or password"

    def do_select(self, _rest: str) -> str:
        self.say(f"* {len(self.server.office.returned)} EXISTS")
        return "OK [READ-WRITE] done"

    def do_logout(self, _rest: str) -> str:
        self.say("* BYE")
        return "OK done"

    def do_uid(self, rest: str) -> str:
        verb, _space, rest = rest.partition(" ")
        if verb == "SEARCH":
            unseen = [
                uid
                for uid in range(1, len(self.server.office.returned) + 1)
                if "\\Seen" not in self.server.office.flags.get(uid, ())
            ]
            self.say(f"* SEARCH {' '.join(str(uid) for uid in unseen)}".rstrip())
        elif verb == "FETCH":
            uid, most = (int(one) for one in re.fullmatch(r"(\d+) \(BODY\.PEEK\[\]<0\.(\d+)>\)", rest).groups())
            part = self.server.office.returned[uid - 1][:most]
            self.wfile.write(f"* {uid} FETCH (UID {uid} BODY[]<0> {{{len(part)}}}\r\n".encode() + part + b")\r\n")
        else:
            uid, flags = re.fullmatch(r"(\d+) \+FLAGS \((.*)\)", rest).groups()
            self.server.office.flags.setdefault(int(uid), set()).update(flags.split())
        return "OK done"

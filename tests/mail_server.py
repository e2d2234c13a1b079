"""An IMAP server for tests with folders, UIDs and UIDVALIDITY; with or without MOVE (RFC 6851)."""

import re
import socketserver
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field

USER, PASSWORD = "care@mail.example", "s3cret word"


@dataclass
class MailServer:
    """``folders``: mails by uid; ``flags`` of those in the inbox."""

    can_move: bool
    validity: int = 7
    port: int = 0
    folders: dict[str, dict[int, bytes]] = field(default_factory=lambda: {"INBOX": {}})
    flags: dict[int, set[str]] = field(default_factory=dict)
    last: int = 0

    @property
    def address(self) -> str:
        """The value of CASE_MAILBOX."""
        return f"imap://care%40mail.example:s3cret%20word@127.0.0.1:{self.port}/INBOX"

    def receive(self, raw, *, flags=frozenset()):
        self.last += 1
        self.folders["INBOX"][self.last] = raw
        self.flags[self.last] = set(flags)

    def inbox(self):
        return [uid for uid in self.folders["INBOX"] if "\\Deleted" not in self.flags[uid]]


@contextmanager
def opened(*, can_move):
    """Open a server on a free port."""
    server = MailServer(can_move)
    listening = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
    listening.mail, listening.daemon_threads = server, True
    server.port = listening.server_address[1]
    thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        listening.shutdown()
        listening.server_close()
        thread.join(5)


class Handler(socketserver.StreamRequestHandler):
    """As much of RFC 3501 and RFC 6851 as a reader of a mailbox needs; that it moves it tells who has signed in."""

    is_in = False

    def handle(self):
        self.say("* OK here")
        while line := self.rfile.readline().decode().strip():
            tag, verb, rest = (*line.split(" ", 2), "")[:3]
            self.say(f"{tag} {getattr(self, f'do_{verb.lower()}', self.unknown)(rest)}")
            if verb.upper() == "LOGOUT":
                return

    def say(self, text):
        self.wfile.write(f"{text}\r\n".encode())
        self.wfile.flush()

    def unknown(self, _rest):
        return "BAD what?"

    def do_capability(self, _rest):
        self.say(f"* CAPABILITY IMAP4rev1{' MOVE' if self.server.mail.can_move and self.is_in else ''}")
        return "OK done"

    def do_login(self, rest):
        self.is_in = rest == f'{USER} "{PASSWORD}"'
        return "OK in" if self.is_in else "NO wrong name or password"

    def do_select(self, _rest):
        self.say(f"* {len(self.server.mail.folders['INBOX'])} EXISTS")
        self.say(f"* OK [UIDVALIDITY {self.server.mail.validity}] valid")
        return "OK [READ-WRITE] done"

    def do_create(self, rest):
        if rest in self.server.mail.folders:
            return "NO it exists"
        self.server.mail.folders[rest] = {}
        return "OK made"

    def do_logout(self, _rest):
        self.say("* BYE")
        return "OK done"

    def do_uid(self, rest):
        verb, _space, rest = rest.partition(" ")
        return getattr(self, f"uid_{verb.lower()}")(rest)

    def uid_search(self, rest):
        assert rest == "UNDELETED"
        self.say(f"* SEARCH {' '.join(map(str, self.server.mail.inbox()))}".rstrip())
        return "OK done"

    def uid_fetch(self, rest):
        uid, wanted = re.fullmatch(r"(\d+) \((.*)\)", rest).groups()
        raw = self.server.mail.folders["INBOX"].get(int(uid))
        if raw is None:
            return "OK nothing"
        if wanted == "RFC822.SIZE":
            self.say(f"* 1 FETCH (UID {uid} RFC822.SIZE {len(raw)})")
            return "OK done"
        part = re.search(r"<0\.(\d+)>", wanted)
        said = raw[: int(part.group(1))] if part else raw
        self.wfile.write(f"* 1 FETCH (UID {uid} BODY[] {{{len(said)}}}\r\n".encode() + said + b")\r\n")
        return "OK done"

    def uid_move(self, rest):
        if not self.server.mail.can_move:
            return "BAD what?"
        uid, folder = rest.split()
        self.server.mail.folders[folder][int(uid)] = self.server.mail.folders["INBOX"].pop(int(uid))
        return "OK moved"

    def uid_copy(self, rest):
        uid, folder = rest.split()
        self.server.mail.folders[folder][int(uid)] = self.server.mail.folders["INBOX"][int(uid)]
        return "OK copied"

    def uid_store(self, rest):
        uid, flags = re.fullmatch(r"(\d+) \+FLAGS \((.*)\)", rest).groups()
        self.server.mail.flags[int(uid)].update(flags.split())
        return "OK done"

"""The good senders of t/soak, and whether what they sent is there."""
import collections
import contextlib
import glob
import hashlib
import json
import os
import random
import re
import socket
import subprocess
import threading

import smtp

MAILBOXES = ("small", "large", "tls", "probe", "junk")


def compose(word, size):
    """A message; it is known by the digest of what begins with the field."""
    lines = ["X-Soak-Id: %s\n\n" % word]
    while size > 0:
        line = "." * random.randrange(3) + "%076x" % random.getrandbits(304)
        lines.append(line[:random.randrange(len(line))] + "\n")
        size -= len(lines[-1])
    return "".join(lines).encode()


def digest(text):
    return hashlib.sha1(text).hexdigest()


def attempt(port, source, mailbox, text):
    """Sends it by TLS.  The reply to it, or what else was the end of it."""
    peer = None
    try:
        peer = smtp.Peer(socket.create_connection(
            ("127.0.0.1", port), 30, source_address=(source, 0)), timeout=60)
        peer.ask("EHLO soak", "250")
        peer.ask("STARTTLS", "220")
        peer.tls()
        peer.envelope(mailbox + "@soak.example", sender="soak@example.net")
        peer.ask("DATA", "354")
        peer.send(smtp.wire(text) + b".\r\n")
        reply = peer.reply() or "gone"
        with contextlib.suppress(OSError):
            peer.send(b"QUIT\r\n")
        return reply
    except (smtp.Wrong, OSError):
        said = re.match(r"< ([45]\d\d)", peer.record[-1]) if peer else None
        return said[1] if said else "gone"
    finally:
        if peer:
            peer.socket.close()


class Sender(threading.Thread):
    """Somebody good who sends by TLS until it is over, each message again and
    again until it gets 250."""

    def __init__(self, port, number):
        super().__init__(daemon=True)
        self.port, self.number = port, number
        self.over = threading.Event()
        self.sent = {}      # digest of the message with that id
        self.taken = set()  # ids with 250
        self.replies = collections.Counter()

    def run(self):
        while not self.over.wait(random.random() * 0.2):
            word = "%d-%d" % (self.number, len(self.sent))
            text = compose(word, random.choice((100, 8000, 8000, 300000)))
            self.sent[word] = digest(text)
            while not self.over.is_set() and word not in self.taken:
                reply = attempt(self.port, "127.0.1.%d" % (self.number + 10),
                                "tls", text)
                self.replies[reply.split()[0]] += 1
                if reply[:3] == "250":
                    self.taken.add(word)
                else:
                    self.over.wait(0.5)


class Load:
    """smtp-load: each message once, whatever becomes of it."""
    known = set()  # digests of all messages that it may send

    def __init__(self, port, seconds, mailbox, octets, interval):
        files = ["%s-%d" % (mailbox, number) for number in range(4)]
        for name in files:
            if not os.path.exists(name):
                text = compose(name, octets)
                self.known.add(digest(text))
                with open(name, "wb") as file:
                    file.write(text)
        self.run = subprocess.Popen(
            ["smtp-load", "-j", "-c", "10", "-i", str(interval), "-o",
             "time=%d" % seconds, "-o", "source=127.0.1.1", "-o", "timeout=60",
             "-o", "wait=10", "-w", "mail/" + mailbox, "127.0.0.1:%d" % port,
             mailbox + "@soak.example"] + files,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)

    def result(self):
        with contextlib.suppress(subprocess.TimeoutExpired, ValueError):
            return json.loads(self.run.communicate(timeout=60)[0])
        self.stop()
        return {}

    def stop(self):
        if self.run.poll() is None:
            self.run.kill()
            self.run.wait()


Found = collections.namedtuple("Found", "load word digest")


def find(mailbox):
    """What is in a Maildir: the id that smtp-load gave it, ours, and the
    digest."""
    found = []
    for path in glob.glob("mail/%s/new/*" % mailbox):
        with open(path, "rb") as file:
            text = file.read()
        at = max(text.find(b"X-Soak-Id: "), 0)
        load = re.search(rb"^X-Load-Id: (.*)$", text[:at], re.M)
        word = text[at:at + 80].partition(b"\n")[0].partition(b" ")[2]
        found.append(Found(load and load[1], word.decode("latin-1"),
                           digest(text[at:])))
    return found

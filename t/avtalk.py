"""Clients of av-scand, and of a milter, for the bats files.

avtalk.py ask SOCKET TEXT            sends it, prints the answer up to the end
avtalk.py fildes|examine|message SOCKET FILE [NAME]   with a descriptor
avtalk.py stream SOCKET FILE [CHUNK]
avtalk.py burst SOCKET SECONDS GOOD BAD    many clients at once; prints what
                                           became of them
avtalk.py milter SOCKET FILE         a message through a milter: its verdict
In texts \\0 and \\n stand for themselves; in what is printed, NUL is \\0.
"""
import array
import os
import random
import socket
import struct
import sys
import threading
import time

TIMEOUT = 60


def connect(path):
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(TIMEOUT)
    s.connect(path)
    return s


def rest(s):
    """What comes up to the end of the connection."""
    parts = []
    while True:
        part = s.recv(65536)
        if not part:
            return b"".join(parts)
        parts.append(part)


def until_nul(s):
    text = b""
    while not text.endswith(b"\0"):
        part = s.recv(65536)
        if not part:
            raise EOFError
        text += part
    return text


def send_file(s, command, path, flags=os.O_RDONLY):
    """A command and, with the next octet, a descriptor."""
    fd = os.open(path, flags)
    try:
        s.sendall(command)
        s.sendmsg([b"\0"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS,
                             array.array("i", [fd]))])
    finally:
        os.close(fd)


def begin(path, file):
    """Has a file scanned, and leaves time for it to become the next."""
    s = connect(path)
    send_file(s, b"zFILDES\0", file)
    time.sleep(0.1)
    return s


def send_stream(s, octets, chunk=65536, command=b"zINSTREAM\0"):
    s.sendall(command)
    for at in range(0, len(octets), chunk):
        part = octets[at:at + chunk]
        s.sendall(struct.pack(">I", len(part)) + part)
    s.sendall(struct.pack(">I", 0))


def show(text):
    text = text.decode("latin-1").replace("\0", "\\0")
    print(text, end="" if text.endswith("\n") else "\n")


def ask(path, text):
    s = connect(path)
    s.sendall(text.encode().decode("unicode_escape").encode("latin-1"))
    show(rest(s))


def fildes(path, name):
    s = connect(path)
    send_file(s, b"zFILDES\0", name)
    show(rest(s))


def examine(path, file, name=None):
    s = connect(path)
    send_file(s, b"zEXAMINE%s\0" % (b" " + os.fsencode(name) if name else b""),
              file)
    show(until_nul(s))


def message(path, file):
    s = connect(path)
    send_file(s, b"zMESSAGE\0", file)
    show(until_nul(s))


def stream(path, file, chunk="65536"):
    with open(file, "rb") as f:
        octets = f.read()
    s = connect(path)
    send_stream(s, octets, int(chunk))
    show(rest(s))


class Burst:
    """Clients that ask for good and bad files in every way."""

    def __init__(self, path, seconds, good, bad):
        self.path, self.good, self.bad = path, good, bad
        self.end = time.monotonic() + float(seconds)
        self.counts = {}
        self.lock = threading.Lock()

    def one(self, file):
        s = connect(self.path)
        with s:
            way = random.randrange(4)
            if way == 0:
                send_file(s, b"zFILDES\0", file)
                return rest(s)
            if way == 1:
                with open(file, "rb") as f:
                    send_stream(s, f.read(), random.choice((100, 100000)))
                return rest(s)
            if way == 2:
                send_file(s, b"zMESSAGE\0", file)
                return until_nul(s)
            s.sendall(b"nIDSESSION\n")
            send_file(s, b"nFILDES\n", file)
            s.sendall(b"nEND\n")
            return rest(s)

    def client(self):
        while time.monotonic() < self.end:
            is_bad = random.random() < 0.5
            try:
                answer = self.one(self.bad if is_bad else self.good)
            except (TimeoutError, socket.timeout):
                outcome = "hung"
            except (OSError, EOFError):
                outcome = "closed"
                time.sleep(0.01)
            else:
                outcome = self.judge(answer, is_bad)
            with self.lock:
                self.counts[outcome] = self.counts.get(outcome, 0) + 1

    @staticmethod
    def judge(answer, is_bad):
        if b"FOUND" in answer or b"result: infected" in answer:
            return "found" if is_bad else "wrong"
        if b"OK" in answer or b"result: clean" in answer:
            return "wrong" if is_bad else "clean"
        if b"ERROR" in answer or b"result: error" in answer:
            return "error"
        return "closed" if not answer else "wrong"

    def run(self):
        threads = [threading.Thread(target=self.client) for _ in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for name in ("found", "clean", "error", "closed", "wrong", "hung"):
            print(f"{name}={self.counts.get(name, 0)}")


def milter(path, file):
    """The side of the mail server, in version 6 of the protocol."""
    s = connect(path)

    def send(command, data=b""):
        s.sendall(struct.pack(">I", len(data) + 1) + command + data)

    def receive():
        head = b""
        while len(head) < 5:
            part = s.recv(5 - len(head))
            if not part:
                raise EOFError
            head += part
        left, data = struct.unpack(">I", head[:4])[0] - 1, b""
        while len(data) < left:
            data += s.recv(left - len(data))
        return head[4:5], data

    with open(file, "rb") as f:
        head, body = f.read().replace(b"\n", b"\r\n").split(b"\r\n\r\n", 1)
    send(b"O", struct.pack(">III", 6, 0x1ff, 0x7f))
    # what it does not want to hear
    unwanted = struct.unpack(">III", receive()[1][:12])[2]
    steps = [(b"C", b"localhost\x004" + struct.pack(">H", 25) +
              b"127.0.0.1\0"), (b"H", b"localhost\0"),
             (b"M", b"<alice@example.net>\0"), (b"R", b"<bob@example.net>\0")]
    for line in head.replace(b"\r\n ", b" ").split(b"\r\n"):
        name, value = line.split(b":", 1)
        steps.append((b"L", name + b"\0" + value.strip() + b"\0"))
    steps += [(b"N", b""), (b"B", body), (b"E", b"")]
    for command, data in steps:
        place = b"CHMRBLN".find(command)
        if place >= 0 and unwanted & 1 << place:
            continue
        if command == b"E":
            send(b"D", b"Ei\0" b"4711\0")
        send(command, data)
        reply, text = receive()
        while reply in b"hmi+-p":  # headers and others that come before
            reply, text = receive()
        if reply != b"c":
            break
    print({b"c": "accept", b"a": "accept", b"r": "reject", b"t": "defer",
           b"d": "discard", b"q": "quarantine"}.get(
               reply, (reply + text).decode().strip("\0")))


def main():
    what, path, *more = sys.argv[1:]
    if what == "burst":
        Burst(path, *more).run()
    else:
        {"ask": ask, "fildes": fildes, "examine": examine,
         "message": message, "stream": stream, "milter": milter}[what](
             path, *more)


if __name__ == "__main__":
    main()

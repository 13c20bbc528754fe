#!/usr/bin/env python3
"""What the tests of relay-accept say and hear.

    relay.py mk FILE ID FIELD...    a frame of FILE with just these fields
    relay.py open [GO]              stands for unseal: a stage that gives each
                                    frame a recipient, and a mark by the line
                                    "X-Mark: TEXT" of its message; what it was
                                    given goes to the file `opened`; it waits
                                    then until there is a file GO
    relay.py cut FILE SECONDS       sends FILE octet by octet, so long
    relay.py storm SEED COMMAND...  two holders bring the same mail at once by
                                    COMMAND with -p and a peer's name, while
                                    it and its stages are killed
"""
import hashlib
import os
import random
import signal
import subprocess
import sys
import threading
import time
import zlib

MAILS = 36
KILLS = 40


def frame(identity, fields, message, verdict="pass"):
    octets = b"pimail 1\nid: %s\n" % identity.encode()
    for field in fields:
        octets += field.encode("utf-8", "surrogateescape") + b"\n"
    octets += b"size: %d\n\n" % len(message) + message
    octets += b"verdict: %s\n" % verdict.encode()
    return octets + b"end: %08x\n" % zlib.crc32(octets)


def take(stream):
    """The next frame as its fields (a list), message and verdict, or None."""
    fields, size = [], 0
    if stream.readline() != b"pimail 1\n":
        return None
    for line in iter(stream.readline, b"\n"):
        if not line:
            return None
        fields.append(line.decode("utf-8", "surrogateescape").rstrip("\n"))
        if line.startswith(b"size: "):
            size = int(line[6:])
    message = stream.read(size)
    verdict = stream.readline().decode().rstrip("\n")
    if not stream.readline().startswith(b"end: "):
        return None
    return fields, message, verdict.partition(": ")[2]


def get(fields, name):
    for field in fields:
        if field.startswith(name + ": "):
            return field[len(name) + 2:]
    return None


def delivered(once):
    """Whether the file of what was seen knows the mark."""
    try:
        with open("known", encoding="ascii", errors="replace") as file:
            return any(" done %s\n" % once in line for line in file)
    except FileNotFoundError:
        return False


def opener(go=None):
    """What unseal would do, without any cryptography."""
    while True:
        heard = take(sys.stdin.buffer)
        if heard is None:
            return
        fields, message, _ = heard
        with open("opened", "a", encoding="utf-8") as file:
            file.write(" ".join(sorted(fields)) + "\n")
        until = time.monotonic() + 100
        while go and not os.path.exists(go) and time.monotonic() < until:
            time.sleep(0.02)
        mark = message.partition(b"X-Mark: ")[2].partition(b"\n")[0]
        once = hashlib.sha256(mark).hexdigest()[:32]
        if delivered(once):
            sys.stdout.buffer.write(frame(
                get(fields, "id"), ["once: " + once], b"", "done"))
            sys.stdout.buffer.flush()
            continue
        out = ["direction: returned", "sender: alice@example.net",
               "recipient: contact talktome@bob.example",
               "once: " + once]
        if get(fields, "again") == "yes":
            out.append("again: yes")
        sys.stdout.buffer.write(frame(get(fields, "id"), out, message))
        sys.stdout.buffer.flush()


def children(pid):
    try:
        with open("/proc/%d/task/%d/children" % (pid, pid),
                  encoding="ascii") as file:
            return [int(word) for word in file.read().split()]
    except OSError:
        return []


class Holder(threading.Thread):
    """Brings all its mail until there is none left."""

    def __init__(self, peer, command, seed):
        super().__init__()
        self.peer, self.command = peer, command
        self.random = random.Random("%s %s" % (peer, seed))
        # each holder wraps some of them in another way
        self.mails = {}
        for number in range(MAILS):
            wrapping = peer if number % 3 == 0 else "same"
            self.mails["m%d" % number] = (
                "X-Wrap: %s\nX-Mark: mail %d\n\ntext\n" % (wrapping, number)
            ).encode()
        self.pid = 0
        self.tries = 0

    def run(self):
        while self.mails:
            self.tries += 1
            names = self.random.sample(
                sorted(self.mails), min(4, len(self.mails)))
            with subprocess.Popen(
                    self.command[:1] + ["-p", self.peer] + self.command[1:],
                    stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
                self.pid = process.pid
                self.bring(process, names)
                self.pid = 0

    def bring(self, process, names):
        try:
            for name in names:
                process.stdin.write(frame(
                    name, ["direction: returned", "node: bob"],
                    self.mails[name]))
            process.stdin.flush()
            for name in names:
                heard = take(process.stdout)
                if heard is None:
                    break
                if get(heard[0], "id") != name:
                    sys.exit("an answer to %s for %s" % (heard[0], name))
                if heard[2] == "done":
                    del self.mails[name]
        except BrokenPipeError:
            pass
        try:
            process.stdin.close()
        except BrokenPipeError:
            pass


def storm(seed, command):
    chance = random.Random(seed)
    holders = [Holder(peer, command, seed) for peer in ("carol", "dave")]
    for holder in holders:
        holder.start()
    kills = {"command": 0, "stage": 0}
    while (sum(kills.values()) < KILLS and
           all(holder.is_alive() for holder in holders)):
        time.sleep(chance.uniform(0.01, 0.12))
        holder = chance.choice(holders)
        stage = chance.random() < 0.6
        pids = children(holder.pid) if stage else [holder.pid]
        if pids and pids[0]:
            try:
                os.kill(chance.choice(pids), signal.SIGKILL)
                kills["stage" if stage else "command"] += 1
            except ProcessLookupError:
                pass
    for holder in holders:
        holder.join()
    print(kills["command"], kills["stage"], sum(h.tries for h in holders))


def main():
    how, arguments = sys.argv[1], sys.argv[2:]
    if how == "mk":
        with open(arguments[0], "rb") as file:
            sys.stdout.buffer.write(
                frame(arguments[1], arguments[2:], file.read()))
    elif how == "open":
        opener(*arguments)
    elif how == "cut":
        with open(arguments[0], "rb") as file:
            octets = file.read()
        for octet in octets:
            os.write(1, bytes([octet]))
            time.sleep(float(arguments[1]) / len(octets))
    elif how == "storm":
        storm(arguments[0], arguments[1:])


main()

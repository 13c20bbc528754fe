#!/usr/bin/env python3
"""A stage for the tests of smtp-accept that misbehaves as its first argument
says.  It appends the id of each frame that it reads to the file `seen`, and its
pid to the file `pids` when it starts."""
import os
import signal
import sys
import time
import zlib

IN, OUT = sys.stdin.buffer, sys.stdout.buffer


def frame():
    """The next frame, as octets, its fields, and its message."""
    octets, fields = b"", {}
    while True:
        line = IN.readline()
        if not line:
            sys.exit(0)
        octets += line
        if line == b"\n":
            break
        name, _, value = line.rstrip(b"\n").partition(b": ")
        fields[name.decode()] = value.decode("utf-8", "surrogateescape")
    message = IN.read(int(fields["size"]))
    octets += message + IN.readline() + IN.readline()
    return octets, fields, message


def answer(identity, verdict="done"):
    octets = ("pimail 1\nid: %s\nsize: 0\n\nverdict: %s\n" %
              (identity, verdict)).encode()
    return octets + b"end: %08x\n" % zlib.crc32(octets)


def say(octets):
    OUT.write(octets)
    OUT.flush()


def die():
    os.kill(os.getpid(), signal.SIGKILL)


def kill_after(prefix):
    """Hands octets on; of a message with "X-Kill: N" only N, then it dies."""
    while True:
        octets, _, message = frame()
        mark = message.find(prefix)
        if mark >= 0:
            say(octets[:int(message[mark + len(prefix):].split()[0])])
            die()
        say(octets)


def main():
    how, arguments = sys.argv[1], sys.argv[2:]
    with open("pids", "a", encoding="ascii") as file:
        print(os.getpid(), file=file)
    if how == "exit":  # before it reads anything
        sys.exit(int(arguments[0]))
    if how == "close":
        OUT.close()
        os.close(1)
        time.sleep(1000)
    if how == "deaf":
        time.sleep(1000)
    if how == "kill":
        kill_after(b"X-Kill: ")
    while True:
        octets, fields, message = frame()
        identity = fields["id"]
        with open("seen", "a", encoding="ascii") as file:
            print(identity, os.getpid(), file=file)
        if how == "say":
            say(answer(identity, " ".join(arguments)))
        elif how == "wait":  # until the file is there
            while not os.path.exists(arguments[0]):
                time.sleep(0.02)
            say(answer(identity))
        elif how == "garbage":
            say(b"550 5.7.1 spam, spam, spam\n" * 10)
        elif how == "other-id":
            say(answer("0123456789abcdef-1"))
        elif how == "twice":
            say(answer(identity) * 2)
        elif how == "stale":  # an answer too much, after a while
            say(answer(identity))
            time.sleep(0.2)
            say(answer(identity))
            open("late", "w", encoding="ascii").close()
        elif how == "cut":
            say(answer(identity)[:-3])
            sys.exit(0)
        elif how == "half":
            say(answer(identity)[:-3])
            time.sleep(1000)
        elif how == "wrong-sum":
            say(answer(identity)[:-9] + b"00000000\n")
        elif how == "unknown":
            say(answer(identity, "maybe"))
        elif how == "echo":
            say(octets)
        elif how == "leave":  # after the frame, without a verdict
            sys.exit(int(arguments[0]))
        elif how == "die":
            die()
        elif how == "sleep":
            time.sleep(1000)
        elif how == "store":
            with open("stored-" + identity, "wb") as file:
                file.write(message)
            say(answer(identity))
        else:
            sys.exit("no such way")


main()

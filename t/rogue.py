"""A node that has turned rogue, for network.py: it answers "done" and drops
what it got, or keeps it, and sends it to its owner again and again, as it is
and changed; it sends garbage to everybody, and frames that are none.

	rogue.py accept DIR PEER    in place of relay-accept
	rogue.py run DIR            until it is killed
"""
import hashlib
import os
import random
import subprocess
import sys
import time

from network import frame


def read_frame(stream):
    """Fields and message of the next frame; None at the end."""
    lines = []
    while True:
        line = stream.readline()
        if not line:
            return None
        if line == b"\n":
            break
        lines.append(line.decode("utf-8", "replace").rstrip("\n"))
    fields = [tuple(line.split(": ", 1)) for line in lines[1:]]
    message = stream.read(int(dict(fields)["size"]))
    stream.readline()
    stream.readline()
    return dict(fields), message


def accept(directory):
    while True:
        got = read_frame(sys.stdin.buffer)
        if not got:
            return
        fields, message = got
        if "relay" not in fields and random.random() < 0.5:
            name = hashlib.sha256(message).hexdigest()
            path = "%s/state/%s.%s" % (directory, name, fields["node"])
            with open(path, "wb") as out:
                out.write(message)
        answer = frame([("id", fields["id"]), ("direction", "returned"),
                        ("node", fields["node"])], b"", "done")
        sys.stdout.buffer.write(answer)
        sys.stdout.buffer.flush()


def wrap_anew(message):
    """The same sealed text in another outer message."""
    return message.replace(b"Subject: Sealed mail", b"Subject: Sealed Mail")


def armor_anew(message):
    """The same in another armor: its lines are a digit shorter."""
    head, rest = message.split(b"-----BEGIN PGP MESSAGE-----\n\n", 1)
    armor, tail = rest.split(b"\n-----END PGP MESSAGE-----", 1)
    digits, crc = armor.rsplit(b"\n=", 1)
    digits = digits.replace(b"\n", b"")
    lines = [digits[i:i + 60] for i in range(0, len(digits), 60)]
    return (head + b"-----BEGIN PGP MESSAGE-----\n\n" + b"\n".join(lines) +
            b"\n=" + crc + b"\n-----END PGP MESSAGE-----" + tail)


def boundary_anew(message):
    """The same with another random id outside."""
    at = message.index(b"Message-ID: <") + 13
    return message.replace(message[at:at + 32], os.urandom(16).hex().encode())


def flip(message):
    at = random.randrange(len(message))
    return message[:at] + bytes([message[at] ^ 1]) + message[at + 1:]


def cut(message):
    return message[:random.randrange(len(message))]


CHANGES = [lambda message: message, wrap_anew, armor_anew, boundary_anew, flip,
           cut]


def some_id():
    return os.urandom(16).hex()


def mail(owner, message, **more):
    fields = {"id": some_id(), "direction": "returned", "node": owner}
    return frame(list({**fields, **more}.items()), message)


def garbage(names):
    """What no relay-accept should like."""
    owner, text = random.choice(names), os.urandom(random.randrange(9999))
    return random.choice([
        lambda: mail(owner, text),
        lambda: mail("../../tmp/x", text),
        lambda: mail("nobody-knows", text),
        lambda: mail(owner, text, id="../../x"),
        lambda: mail(owner, text, direction="inbound"),
        lambda: mail(owner, text, recipient="box box@%s.example" % owner),
        lambda: mail(owner, text, again="yes", once="0" * 32),
        lambda: mail(owner, text)[:-3],
        lambda: mail(owner, text).replace(b"size: ", b"size: 9"),
        lambda: frame([("id", some_id()), ("direction", "returned"),
                       ("relay", "hello"), ("node", owner),
                       ("serial", "99999999999999999999")]),
        lambda: text,
    ])()


def say(directory, reach, octets):
    """Sends a stream to a node; what it answers does not matter."""
    ssh = ["ssh", "-F", directory + "/ssh/client", "-T", reach, "relay-accept"]
    try:
        subprocess.run(ssh, input=octets, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL, timeout=30)
    except (subprocess.TimeoutExpired, OSError):
        pass


def peers(directory):
    with open(directory + "/peers") as lines:
        return dict(line.split() for line in lines)


def run(directory):
    reach = peers(directory)
    names = sorted(reach)
    while True:
        time.sleep(1)
        caught = [name for name in os.listdir(directory + "/state")
                  if len(name) > 65]
        if caught and random.random() < 0.7:
            name = random.choice(caught)
            with open("%s/state/%s" % (directory, name), "rb") as stored:
                message = stored.read()
            owner = name[65:]
            # unless the pen was taken from us while we wrote it down
            if b"\n-----END PGP MESSAGE-----" in message:
                say(directory, reach[owner], b"".join(
                    mail(owner, change(message)) for change in CHANGES))
        else:
            say(directory, reach[random.choice(names)],
                b"".join(garbage(names) for _ in range(20)))


if __name__ == "__main__":
    if sys.argv[1] == "accept":
        accept(sys.argv[2])
    else:
        run(sys.argv[2])

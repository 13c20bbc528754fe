"""The tests of network.bats: nettest.py NAME runs test_NAME().  Numbers are
sections of agamid(7)."""
import hashlib
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
import traceback

from network import (PATIENCE, ROOT, SLOW, SMTP, Mail, Net, Wrong,
                     as_root_alone, check, frame, parse, wait_for)

FOUR = ["alice", "bob", "carol", "dave"]
TWELVE = FOUR + ["erin", "frank", "grace", "heidi", "ivan", "judy", "mallory",
                 "niaj"]
CHANCE = random.Random(2026)


def quick(node):
    """Retries every second or two."""
    node.retry += ["-o", "first=1", "-o", "last=2"]


def four(change=lambda node: None, **more):
    def both(node):
        quick(node)
        change(node)
    net = Net(FOUR, **more)
    NETS.append(net)
    net.start(both)
    return net


def send(net, mail, to, reply="250 "):
    """Sends by SMTP to a node, whose reply begins like that."""
    node = getattr(net, to)
    said = mail.send(node.address, to)
    check(said.startswith(reply), to, "said", said, "and not", reply)
    return mail


def home(net, mails):
    """Waits until all are at home and nobody holds any more."""
    wait_for("all is delivered",
             lambda: len(net.delivered(mails)) == len(mails))
    wait_for("nobody holds any more",
             lambda: not any(node.entries() for node in net.nodes))
    for mail in mails:
        net.exact(mail)


def holding(net, owner, count):
    """Waits until so many nodes hold mail of an owner: their names."""
    def holders():
        names = [node.name for node in net.holders(owner)]
        return names if len(names) == count else None
    return wait_for("%d nodes hold %s's" % (count, owner), holders)


# The draft's story: 2, 5.5, 8.1, 8.2, 8.6, 9.2, 11


def test_story():
    net = four()
    net.bob.down()
    mail = send(net, Mail("bob", CHANCE), "carol")
    check(holding(net, "bob", 3) == ["alice", "carol", "dave"])
    names = {os.path.basename(node.entries("bob")[0]) for node in net.nodes
             if node is not net.bob}
    check(len(names) == 1, "one message has the names", names)
    net.nothing_readable([mail])
    net.carol.down(signal.SIGKILL)
    shutil.rmtree(net.carol.dir + "/queue")
    shutil.rmtree(net.carol.dir + "/keys")
    net.bob.up()
    home(net, [mail])
    net.nothing_readable([mail])


def test_crowd():
    """Several messages of all sizes, from two first holders, come home over
    two connections at the same time."""
    net = four()
    net.bob.down()
    mails = [Mail("bob", CHANCE, size) for size in
             (1, 500, 5000, 50000, 1 << 20, 3 << 20)]
    mails += [Mail("bob", CHANCE) for _ in range(10)]
    for number, mail in enumerate(mails):
        send(net, mail, ("alice", "carol")[number % 2])
    net.nothing_readable(mails)
    net.bob.up()
    home(net, mails)
    net.nothing_readable(mails)


def test_before():
    """carol says 250 when two others have it, and 451 if that takes long."""
    def change(node):
        if node.name == "carol":
            node.put += " -o before-answer=2 -o wait=%d" % (90 if SLOW else 30)
    net = four(change)
    net.bob.down()
    mail = send(net, Mail("bob", CHANCE), "carol")
    check(sorted(n.name for n in net.holders("bob")) ==
          ["alice", "carol", "dave"], "250 was said before the copies were out")
    net.dave.down()
    late = Mail("bob", CHANCE)
    sender = threading.Thread(target=send, args=(net, late, "carol"))
    sender.start()
    wait_for("it is there", lambda: len(net.carol.entries("bob")) == 2)
    time.sleep(2)
    check(not late.replies, "carol said", late.replies)
    net.dave.up()
    sender.join()
    check(late.holder == "carol", late.replies)
    net.nothing_readable([mail, late])
    net.bob.up()
    home(net, [mail, late])


# Who gets what: 3.2, 5.1, 8.3, 8.5


def test_refused():
    net = four()
    net.bob.down()
    carol = net.carol
    for address, reply in (("nobody@bob.example", "550 5.1.1"),
                           ("box@else.example", "550 5.7.1")):
        mail = Mail("bob", CHANCE)
        mail.recipient = address
        send(net, mail, "carol", reply)
    check(not carol.entries(), "what was refused is held")


def test_lists():
    """dave may be no backup of bob's; alice does not store bob's mail."""
    def change(node):
        if node.name == "bob":
            node.backups = "{except: [dave]}"
        if node.name == "alice":
            node.stores = "{for: [carol, dave], days: 30}"
    net = four(change)
    net.bob.down()
    send(net, Mail("bob", CHANCE), "dave", "550 5.7.1")
    mail = send(net, Mail("bob", CHANCE), "carol")
    # it is not enough that carol does not ask them
    sealed = held_messages(net.carol)[0]
    for peer in ("alice", "dave"):
        said = relay(net.carol, getattr(net, peer), [
            frame(wire("bob", "x1"), sealed)])
        check(said[0][2].startswith("reject 550 5.7.1"), peer, said)
    time.sleep(3)
    check([n.name for n in net.holders("bob")] == ["carol"], "others hold it")
    net.bob.up()
    home(net, [mail])


def wire(owner, name):
    return [("id", name), ("direction", "returned"), ("node", owner)]


def held_messages(node):
    """The sealed messages that it holds."""
    found = []
    for path in node.entries():
        with open(path, "rb") as entry:
            found += [message for _, message, _ in parse(entry.read())]
    return found


def relay(sender, receiver, octets):
    """Frames over ssh, as a peer: what comes back."""
    done = sender.run("ssh", "-F", sender.path("ssh/client"), "-T",
                      receiver.reach(), "relay-accept", ok=False,
                      stdin=b"".join(octets))
    return parse(done.stdout)


# The sealed message: 6.2 to 6.7, by what is written there and gpg alone


def test_form():
    net = four()
    net.bob.down()
    mail = send(net, Mail("bob", CHANCE, 5000), "carol")
    holding(net, "bob", 3)
    path = net.carol.entries("bob")[0]
    with open(path, "rb") as entry:
        (fields, outer, verdict), = parse(entry.read())
    check(verdict == "pass")
    check({name for name, _ in fields} ==
          {"id", "direction", "node", "envelope", "size"}, fields)
    check(hashlib.sha256(outer).hexdigest() == os.path.basename(path))
    for name in "alice", "dave":
        with open(getattr(net, name).entries("bob")[0], "rb") as entry:
            (copied, same, _), = parse(entry.read())
        check(same == outer, name, "has another message")
        check(dict(copied)["from"] == "carol", copied)
        check({n for n, _ in copied} ==
              {"id", "direction", "node", "from", "size"}, copied)
    form = (r"From: bob@bob\.net\.example\nTo: bob@bob\.net\.example\n"
            r"Subject: Sealed mail\n"
            r"Date: Thu, 01 Jan 1970 00:00:00 \+0000\n"
            r"Message-ID: <([0-9a-f]{32})@bob\.net\.example>\n"
            r"MIME-Version: 1\.0\nContent-Type: multipart/encrypted;\n"
            r"\tprotocol=\"application/pgp-encrypted\";\n"
            r"\tboundary=\"=_\1\"\n\n--=_\1\n"
            r"Content-Type: application/pgp-encrypted\n\nVersion: 1\n\n"
            r"--=_\1\nContent-Type: application/octet-stream\n\n"
            r"(-----BEGIN PGP MESSAGE-----\n\n[A-Za-z0-9+/=\n]+"
            r"-----END PGP MESSAGE-----\n)--=_\1--\n")
    armor = re.fullmatch(form, outer.decode())
    check(armor, outer[:900])
    plain = open_by_hand(net, armor[2].encode())
    inner_form(net, mail, dict(fields)["id"], plain)
    net.bob.up()
    home(net, [mail])


def open_by_hand(net, armor):
    """What gpg says, with the keys of bob."""
    net.bob.run("gpg", "--homedir", net.bob.path("keys"), "--batch", "--quiet",
                "--import", net.bob.path("nodes/carol.asc"))
    done = net.bob.run("gpg", "--homedir", net.bob.path("keys"), "--batch",
                       "--status-fd", "2", "--decrypt", stdin=armor, ok=False)
    said = done.stderr.decode()
    check("GOODMDC" in said, said)
    check("VALIDSIG " + net.carol.key in said, said)
    packets = net.bob.run("gpg", "--homedir", net.bob.path("keys"), "--batch",
                          "--list-packets", stdin=armor).decode()
    check(packets.count(":pubkey enc packet:") == 1, packets)
    check(":compressed packet:" not in packets, packets)
    return done.stdout


def inner_form(net, mail, name, plain):
    match = re.match(
        rb"Content-Type: multipart/mixed; boundary=\"=_([0-9a-f]{32})\"\n"
        rb"Content-Transfer-Encoding: binary\n\n--=_\1\n"
        rb"Content-Type: text/plain; charset=utf-8\n"
        rb"Content-Transfer-Encoding: binary\n\npimail 1\n((?:.+\n)*)"
        rb"size: (\d+)\n\n--=_\1\nContent-Type: message/rfc822\n"
        rb"Content-Transfer-Encoding: binary\n\n", plain)
    check(match, plain[:900])
    fields = [tuple(line.split(": ", 1))
              for line in match[2].decode().split("\n")[:-1]]
    check(("id", name) in fields and ("sender", mail.sender) in fields, fields)
    check(("recipient", "box " + mail.recipient) in fields, fields)
    check({"client", "helo", "received-at"} <= {n for n, _ in fields}, fields)
    end = match.end() + int(match[3])
    check(plain[match.end():end].endswith(mail.text), "not the message")
    last = b"\n--=_" + match[1] + b"--\n"
    check(plain[end:end + len(last)] == last)
    length = end + len(last)
    padding = plain[length:]
    want = (b" " * 63 + b"\n") * (len(padding) // 64 + 1)
    check(padding == want[:len(padding)], "padding is", padding[:200])
    e = length.bit_length() - 1
    mask = (1 << (e - e.bit_length())) - 1
    check(len(plain) == (length + mask) & ~mask, length, len(plain))


# Manifests that change: 3.5, 6.8, 7.3, 10.2


def test_news():
    """bob gives up an address; what is under way to it is refused by bob and
    bounced by carol, who learns of it with that connection."""
    net = four()
    net.bob.down()
    kept = send(net, Mail("bob", CHANCE), "carol")
    late = send(net, Mail("bob", CHANCE, box="old"), "carol")
    holding(net, "bob", 3)
    del net.bob.patterns["old"]
    net.bob.new_manifest()
    net.bob.up()
    home(net, [kept])
    check(not net.bob.mails(late.token), "it was delivered")
    wait_for("a bounce", lambda: bounces(net, late))
    check(bounces(net, late) == ["carol"], bounces(net, late))
    net.bob.down()
    send(net, Mail("bob", CHANCE, box="old"), "carol", "550 5.1.1")


def bounces(net, mail):
    """The nodes whose queue of bounces has one for the sender of this."""
    found = []
    for node in net.nodes:
        for directory, _, names in os.walk(node.path("bounces")):
            for name in names:
                with open(directory + "/" + name, "rb") as entry:
                    text = entry.read()
                if mail.sender.encode() in text:
                    check(b"direction: bounce\n" in text, text)
                    check(b"sender: \n" in text, text)
                    check(mail.text[-40:] not in text, text)
                    found.append(node.name)
    return found


# Responsibility: 8.7, 8.8, 10


def age(node, days):
    """All that it holds is so much older, and its clock was looked at ever
    since."""
    now = int(time.time())
    for path in node.entries():
        os.utime(path, (now - days * 86400, now - days * 86400))
    node.write("queue/.clock", "%d %d\n" % (now, now - (days + 2) * 86400))


def test_never():
    """bob does not come back."""
    def change(node):
        node.retry += ["-o", "days=20"]
    net = four(change)
    net.bob.down()
    mail = send(net, Mail("bob", CHANCE), "carol")
    null = Mail("bob", CHANCE)
    null.sender = ""
    send(net, null, "carol")
    wait_for("copies", lambda: sum(len(n.entries()) for n in net.nodes) == 6)
    for node in (net.alice, net.carol, net.dave):
        node.down()
        age(node, 21)
        node.up()
    wait_for("a bounce", lambda: bounces(net, mail))
    check(bounces(net, mail) == ["carol"], bounces(net, mail))
    wait_for("carol is rid of them", lambda: not net.carol.entries())
    check(len(net.alice.entries()) == len(net.dave.entries()) == 2,
          "copies went before their time")
    for node in (net.alice, net.dave):
        node.down()
        age(node, 31)
        node.up()
        wait_for("copies expire", lambda: not node.entries())
    net.nothing_readable([mail])


# Crashes: 7.4, 8.1, 9.2


def test_killed():
    """Whoever takes part in the way home is killed again and again."""
    net = four()
    net.bob.down()
    count = 10 if SLOW else 30
    mails = [Mail("bob", CHANCE) for _ in range(count)]
    for mail in mails:
        send(net, mail, CHANCE.choice(["alice", "carol", "dave"]))
    for turn in range(6 if SLOW else 15):
        net.bob.up()
        time.sleep(CHANCE.uniform(0, 4 if SLOW else 1.5))
        if turn % 3 == 0:
            net.bob.down(signal.SIGKILL)
        for node in net.nodes:
            node.kill_one(CHANCE)
    net.bob.up()
    home(net, mails)


# Full disks: 5.5, 7.4, 8.1


def test_full():
    net = four(disks=["bob", "carol"])
    net.bob.down()
    early = send(net, Mail("bob", CHANCE), "carol")
    holding(net, "bob", 3)
    fill(net.carol)
    send(net, Mail("bob", CHANCE, 60000), "carol", "45")
    late = send(net, Mail("bob", CHANCE, 60000), "dave")
    wait_for("alice has a copy", lambda: len(net.alice.entries()) == 2)
    fill(net.bob)
    net.bob.up()
    time.sleep(4)
    check(len(net.dave.entries()) == 2, "holders do not hold any more")
    check(not net.delivered([late]), "delivered on a full disk")
    empty(net.bob)
    empty(net.carol)
    home(net, [early, late])


def fill(node):
    with open(node.path("ballast"), "wb", buffering=0) as ballast:
        for size in (1 << 16, 1 << 12):
            try:
                while True:
                    ballast.write(b"\0" * size)
            except OSError:
                pass


def empty(node):
    if os.path.exists(node.path("ballast")):
        os.unlink(node.path("ballast"))


# Rogues: 1.4, 6.7, 7.2, 9.2


def test_rogue():
    """dave drops what he is given, and sends it to bob and everybody again,
    changed and as it was."""
    net = four(rogue="dave")
    net.bob.down()
    mails = [send(net, Mail("bob", CHANCE), "carol") for _ in range(6)]
    wait_for("alice has them", lambda: len(net.alice.entries("bob")) == 6)
    net.bob.up()
    wait_for("all is delivered", lambda: len(net.delivered(mails)) == 6)
    time.sleep(20 if SLOW else 10)
    net.dave.down()
    home(net, mails)
    net.nothing_readable(mails)
    check(len(net.bob.mails()) == 6, "bob has other mail")


# Everything at once


class Chaos:
    """Senders, nodes that come and go, and what is left at the end.  What is
    done follows from the seed; when it happens does not."""

    SENDERS = 3

    def __init__(self):
        self.seed = int(os.environ.get("NETWORK_SEED", "2026"))
        self.chance = random.Random(self.seed)
        self.count = 60 if SLOW else 240
        self.seconds = 45
        self.net = Net(TWELVE, rogue="mallory", disks=["erin", "judy"])
        NETS.append(self.net)
        self.honest = [n for n in self.net.nodes if n is not self.net.rogue]
        self.mails = []
        self.events = {}
        self.doing = []
        self.net.start(quick)

    def mail(self, chance):
        """To somebody who is away, more often than not."""
        away = [n for n in self.honest if not n.keeper]
        owner = chance.choice(
            away if away and chance.random() < 0.6 else self.honest)
        size = (1 << 20) + 9999 if chance.random() < 0.03 else None
        mail = Mail(owner.name, chance, size)
        self.mails.append(mail)
        return mail

    def ways(self, mail, chance):
        """Where a sender tries: the owner, then others by chance."""
        owner = getattr(self.net, mail.owner)
        others = [n for n in self.honest if n is not owner]
        chance.shuffle(others)
        return [owner] + others

    def send(self, number):
        chance = random.Random(self.seed + number)
        begun = time.monotonic()
        pace = self.seconds * self.SENDERS / self.count
        for turn in range(self.count // self.SENDERS):
            if time.monotonic() > begun + 1.5 * self.seconds:
                return  # the machine is slow
            mail = self.mail(chance)
            for node in self.ways(mail, chance):
                # who is unsure and sends again is to blame for two
                if node.keeper and not mail.holder and not mail.unsure:
                    mail.send(node.address, node.name)
            time.sleep(max(0, begun + turn * pace - time.monotonic()))

    def event(self):
        chance = self.chance
        node = chance.choice(self.honest)
        what = chance.random()
        down = [n for n in self.honest
                if not n.keeper and not n.lock.locked()]
        if what < 0.4:
            self.do("kill", node.kill_one, chance)
        elif what < 0.5 and len(down) < 6:
            self.do("stop", node.down, signal.SIGTERM)
        elif what < 0.65 and len(down) < 6:
            self.do("cut off", node.down, signal.SIGKILL)
        elif what < 0.7 and self.net.mounts:
            self.do("fill", fill, chance.choice([self.net.erin,
                                                 self.net.judy]))
        elif what < 0.8:
            self.do("empty", self.make_room)
        elif down:
            # by this thread: its children end with it
            self.do("start", None)
            chance.choice(down).up()

    def do(self, what, how, *arguments):
        """Some of these take their time."""
        self.events[what] = self.events.get(what, 0) + 1
        if how:
            self.doing.append(threading.Thread(target=how, args=arguments))
            self.doing[-1].start()

    def make_room(self):
        empty(self.net.erin)
        empty(self.net.judy)

    def run(self):
        senders = [threading.Thread(target=self.send, args=(number,))
                   for number in range(self.SENDERS)]
        for sender in senders:
            sender.start()
        while any(sender.is_alive() for sender in senders):
            self.event()
            time.sleep(self.chance.uniform(0, 0.5))
        for thread in self.doing:
            thread.join()
        self.net.nothing_readable(self.mails)

    def settle(self):
        self.make_room()
        for node in self.net.nodes:
            node.up()
        taken = [m for m in self.mails if m.holder]

        def all_home():
            there = self.net.delivered(taken)
            return all(mail in there or bounces(self.net, mail)
                       for mail in taken)
        wait_for("all is delivered", all_home, 2 * PATIENCE)
        self.net.rogue.down()
        wait_for("nobody holds any more",
                 lambda: not any(n.entries() for n in self.honest))
        return taken

    def prove(self, taken):
        for mail in taken:
            if not bounces(self.net, mail):
                self.net.exact(mail)
        for mail in self.mails:
            found = getattr(self.net, mail.owner).mails(mail.token)
            check(len(found) <= 1, mail.token, "is there twice", mail.replies)
        self.net.nothing_readable(self.mails)
        kept = sum(m.holder != m.owner for m in taken)
        print("seed %d: %s" % (self.seed, self.events))
        print("%d messages, %d were taken, %d by a backup" %
              (len(self.mails), len(taken), kept))
        check(kept > len(self.mails) / 10, "too few came by a backup")


def test_chaos():
    times = [time.monotonic()]
    chaos = Chaos()
    times.append(time.monotonic())
    chaos.run()
    times.append(time.monotonic())
    taken = chaos.settle()
    times.append(time.monotonic())
    print("seconds to set up, run, settle: %.0f, %.0f, %.0f" % tuple(
        after - before for before, after in zip(times, times[1:])))
    chaos.prove(taken)


NETS = []


def main(name):
    as_root_alone()
    status = 0
    begun = time.monotonic()
    try:
        globals()["test_" + name]()
    except (Wrong, OSError, subprocess.SubprocessError):
        traceback.print_exc(file=sys.stdout)
        for net in NETS:
            net.show()
        status = 1
    finally:
        for net in NETS:
            net.end()
    print("%s: %.1f s" % (name, time.monotonic() - begun))
    sys.exit(status)


if __name__ == "__main__":
    main(sys.argv[1])

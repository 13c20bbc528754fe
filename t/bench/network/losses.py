#!/usr/bin/env python3
"""How much mail is lost when nodes die for ever, with k copies, beside the
arithmetic.

    losses.py [-m MESSAGES] [-t TRIALS] [-s SEED] NODES...

For each number of nodes there is a network on this machine: a manifest and a
queue a node.  Some nodes are away and own all mail, some others are first
holders of it; each message is taken by one of these by chance (relay-put).
Each gives copies of what it holds (relay-retry -1), by simnode instead of ssh.
Then it is looked up in the queues who holds what, and each node dies with
probability p.  A message is lost if no holder lives.

A fifth of the nodes stores nothing for others.  While copies are given, a
share of the nodes cannot be reached, others for each first holder.

Nodes die again in each trial, and in it for each message: those that die
together would take all mail of a first holder with them, and the sum would be
right in the mean only, and not binomial.  If R willing peers could be reached,
the chance is p^(1 + min(k, R)).

The exit status is 1 if a share is outside of what the arithmetic allows, which
happens once in 1000 runs by chance, or if a holder is one that must not be.
"""
import math
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE + "/../..")
from network import frame  # noqa: E402

COPIES = 0, 1, 2, 3
DEATHS = 0.1, 0.3, 0.5
AWAY = 0, 0.7  # shares of nodes that cannot be reached
OWNERS = 2
HOLDERS = 16  # at most; each reads the manifests of all nodes several times
CHANCE = 1e-3  # of being wrong by chance, in all
FAILED = []


def fail(*what):
    print("wrong:", *what)
    FAILED.append(what)


class Net:
    """Nodes that know each other, in directories below one."""

    def __init__(self, top, count, chance):
        self.dir = top
        self.chance = chance
        self.names = ["n%03d" % i for i in range(count)]
        self.owners = self.names[:OWNERS]
        self.holders = self.names[OWNERS:OWNERS + HOLDERS]
        self.willing = set(chance.sample(self.names, count - count // 5))
        self.holder = {}  # of a message, the first one
        os.mkdir(top + "/manifests")
        for name in self.names:
            os.mkdir("%s/%s" % (top, name))
            self.write("manifests/%s.yaml" % name, "\n".join([
                "node:", "  name: " + name, "  host: %s.example" % name,
                "  domains: [%s.example]" % name,
                "  reach: ssh://%s.example" % name,
                "  stores: {for: %s}" % (
                    "all" if name in self.willing else "[nobody]"),
                "mailboxes:", "  box: {matches: 'box|postmaster'}", ""]))
        for name in self.holders:
            self.know(name)

    def write(self, name, text):
        with open("%s/%s" % (self.dir, name), "w") as out:
            out.write(text)

    def know(self, name):
        """The manifests of all, as a node has them."""
        nodes = "%s/%s/nodes" % (self.dir, name)
        os.mkdir(nodes)
        for other in self.names:
            os.link("%s/manifests/%s.yaml" % (self.dir, other),
                    "%s/%s.yaml" % (nodes, other))
        os.symlink(name + ".yaml", nodes + "/self.yaml")

    def take(self, count):
        """Messages from outside, each by a first holder, for an owner."""
        frames = {name: [] for name in self.holders}
        for number in range(count):
            holder = self.chance.choice(self.holders)
            text = "Subject: %d\n\n%x\n" % (
                number, self.chance.getrandbits(512))
            frames[holder].append(frame(
                [("id", "m%d" % number), ("direction", "returned"),
                 ("node", self.chance.choice(self.owners))], text.encode()))
        for name, some in frames.items():
            queue = "%s/%s/taken" % (self.dir, name)
            subprocess.run(["relay-put", queue], input=b"".join(some),
                           stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL, check=True)
            for key in entries(queue):
                self.holder[key] = name

    def begin(self, share):
        """Queues as they were taken, and who cannot be reached from where."""
        self.away = {}
        for name in self.names:
            shutil.rmtree("%s/%s/queue" % (self.dir, name),
                          ignore_errors=True)
        for name in self.holders:
            others = [n for n in self.names[OWNERS:] if n != name]
            gone = self.chance.sample(others, round(share * len(others)))
            self.away[name] = set(gone)
            self.write(name + "/away", "\n".join(self.owners + gone) + "\n")
            shutil.copytree("%s/%s/taken" % (self.dir, name),
                            "%s/%s/queue" % (self.dir, name))

    def copy(self, copies):
        """Each first holder gives copies."""
        def one(name):
            me = "%s/%s" % (self.dir, name)
            return subprocess.run(
                ["relay-retry", "-1", "-n", me + "/nodes", "-o", "hello=0",
                 "-o", "copies=%d" % copies, me + "/queue",
                 "simnode %s %s %%n" % (self.dir, name)],
                stderr=subprocess.DEVNULL).returncode
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            for name, status in zip(self.holders, pool.map(one, self.holders)):
                if status != 111 and name in self.holder.values():
                    fail("relay-retry of", name, "ends with", status)

    def reachable(self, name):
        """The peers that can have a copy from that node."""
        return (self.willing - self.away[name] - {name} - set(self.owners))

    def find(self):
        """Who holds what: {message: nodes}."""
        held = {}
        for name in self.names:
            for key in entries("%s/%s/queue" % (self.dir, name)):
                held.setdefault(key, []).append(name)
        return held

    def noted(self, name, key):
        """Who has a copy, as its first holder has it."""
        try:
            with open("%s/%s/queue/%s/%s.copies" % (
                    self.dir, name, *key)) as file:
                return set(file.read().split())
        except FileNotFoundError:
            return set()

    def wanted(self, copies):
        """How many should hold what, after looking whether they do."""
        held, wanted = self.find(), {}
        for key, first in self.holder.items():
            can = self.reachable(first)
            wanted[key] = 1 + min(copies, len(can))
            have = held.get(key, [])
            if first not in have or not set(have) <= can | {first}:
                fail(key, "is held by", *have)
            if len(have) != wanted[key]:
                fail(key, "is held by", len(have), "not", wanted[key])
            if self.noted(first, key) != set(have) - {first}:
                fail(key, "is held by others than", first, "has noted")
        return held, wanted


def entries(queue):
    """Of a queue: owner and id of each."""
    for owner in os.listdir(queue) if os.path.isdir(queue) else ():
        if not owner.startswith("."):
            for name in os.listdir(queue + "/" + owner):
                if len(name) == 64:
                    yield owner, name


def lost(held, p, trials, chance):
    """How many are lost in so many worlds for each message."""
    count = 0
    for holders in held.values():
        for _ in range(trials):
            for _ in holders:
                if chance() >= p:
                    break
            else:
                count += 1
    return count


def chance_of(count, tries, p):
    """Of exactly so many."""
    return math.exp(
        math.lgamma(tries + 1) - math.lgamma(count + 1) -
        math.lgamma(tries - count + 1) + count * math.log(p) +
        (tries - count) * math.log1p(-p))


def bound(tries, p, chance):
    """What a binomial count is within, but for that chance on each side."""
    far = 12 * math.sqrt(tries * p) + 40
    low = max(0, int(tries * p - far))
    high = min(tries, int(tries * p + far))
    tail = chance_of(low, tries, p)
    while tail <= chance:
        low += 1
        tail += chance_of(low, tries, p)
    tail = chance_of(high, tries, p)
    while tail <= chance:
        high -= 1
        tail += chance_of(high, tries, p)
    return low, high


def percent(share):
    return "%.3g" % (100 * share)


def measure(net, share, copies, trials, chance):
    """A line of the table for each p."""
    net.begin(share)
    net.copy(copies)
    held, wanted = net.wanted(copies)
    tries = len(net.holder) * trials
    for p in DEATHS:
        right = sum(p ** w for w in wanted.values()) / len(wanted)
        count = lost(held, p, trials, chance.random)
        low, high = bound(tries, right, CHANCE / 2 / CELLS)
        print("%5d %7d %6d %6d  %8s %8s %8s   %s to %s%s" % (
            len(net.names), 100 * share, copies, 100 * p,
            percent(count / tries), percent(p ** (copies + 1)),
            percent(right), percent(low / tries), percent(high / tries),
            "" if low <= count <= high else "   WRONG"), flush=True)
        if not low <= count <= high:
            fail("lost", count, "of", tries)


def one(count, messages, trials, seed):
    chance = random.Random("%s %d" % (seed, count))
    shm = "/dev/shm" if os.path.isdir("/dev/shm") else None
    top = tempfile.mkdtemp(prefix="losses.",
                           dir=os.environ.get("BENCH_MEMORY", shm))
    try:
        net = Net(top, count, chance)
        net.take(messages)
        for share in AWAY:
            for copies in COPIES:
                measure(net, share, copies, trials, chance)
    finally:
        shutil.rmtree(top)


def main(args):
    global CELLS
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    options = {"-m": 1000, "-t": 100, "-s": 1}
    while args[:1] and args[0] in options:
        options[args[0]] = int(args[1])
        args = args[2:]
    CELLS = len(args) * len(AWAY) * len(COPIES) * len(DEATHS)
    print("%5s %7s %6s %6s  %8s %8s %8s   %s" % (
        "nodes", "away, %", "copies", "die, %", "lost, %", "p^(k+1)",
        "right", "allowed"))
    for count in args:
        begun = time.monotonic()
        one(int(count), options["-m"], options["-t"], options["-s"])
        print("%s nodes: %d s" % (count, time.monotonic() - begun),
              file=sys.stderr)
    return 1 if FAILED else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

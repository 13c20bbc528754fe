#!/usr/bin/env python3
"""How fast mail is sealed, opened and brought home, and what a large queue
costs.

    speed.py [-r RUNS] [-n MESSAGES] [-q ENTRIES] [PART...]

PART is seal, home or queue; all if none is given.  Prints a table of medians,
with the processor time of all processes but the agent of gpg, and how busy the
machine was.  Two nodes, alice and bob, are those of the tests; they are
connected by ssh on loopback.
"""
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE + "/../..")
import network  # noqa: E402
from network import check, frame, kill  # noqa: E402

SMALL, LARGE = 8 << 10, 10 << 20
TICK = os.sysconf("SC_CLK_TCK")
WORDS = open(HERE + "/../../../README").read().split()
DESTINATIONS = 10  # of a large queue
IDLE = 10  # seconds


def note(*what):
    print("bench: load %.1f:" % os.getloadavg()[0], *what, file=sys.stderr)


def row(what, goal, seconds, cpu="", memory=""):
    print("%-46s %12s %10s %10s   %s" % (what, goal, seconds, cpu, memory),
          flush=True)


def median(numbers):
    numbers = sorted(numbers)
    half = len(numbers) // 2
    return (numbers[half] + numbers[~half]) / 2


def milliseconds(values):
    return "%.1f ms" % (1000 * median(values)) if values else "-"


# Processes


def reap():
    """Those whose parents have died, gpg among them, are ours then."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0] > 0:
            pass
    except ChildProcessError:
        pass


def cpu_of_children():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def cpu_of(pid, children=False):
    """Of a process, and of its children that have ended."""
    text = open("/proc/%d/stat" % pid).read()
    fields = text[text.rindex(")") + 2:].split()
    own = int(fields[11]) + int(fields[12])
    ended = int(fields[13]) + int(fields[14])
    return (own + (ended if children else 0)) / TICK


class Peak(threading.Thread):
    """The most memory that processes of some names below us had, in MB."""

    def __init__(self, *names):
        super().__init__(daemon=True)
        self.peak = {name: 0 for name in names}
        self.ended = threading.Event()

    def look(self, pid):
        with open("/proc/%s/status" % pid) as file:
            lines = dict(line.split(":", 1) for line in file)
        name = lines["Name"].strip()
        if name in self.peak and "VmHWM" in lines:
            self.peak[name] = max(
                self.peak[name], int(lines["VmHWM"].split()[0]) / 1024)

    def below(self, pid):
        found = []
        for task in os.listdir("/proc/%s/task" % pid):
            with open("/proc/%s/task/%s/children" % (pid, task)) as file:
                found += file.read().split()
        return found

    def run(self):
        while not self.ended.wait(0.002):
            left = self.below(os.getpid())
            while left:
                pid = left.pop()
                try:
                    self.look(pid)
                    left += self.below(pid)
                except OSError:
                    pass

    def end(self):
        self.ended.set()
        self.join()
        return "  ".join("%s %.1f MB" % (name, size)
                         for name, size in self.peak.items())


# Mail


def message(size, chance):
    lines = ["From: <a@b.example>", "To: <box@bob.example>",
             "Subject: %x" % chance.getrandbits(64), ""]
    left = size
    while left > 0:
        lines.append(" ".join(chance.choices(WORDS, k=9)))
        left -= len(lines[-1].encode()) + 1
    return ("\n".join(lines) + "\n").encode()


def backup(number, octets):
    """As smtp-accept gives it to the stages of its backup route."""
    return frame([("id", "m%d" % number), ("node", "bob"),
                  ("recipient", "box box@bob.example"),
                  ("direction", "inbound"), ("sender", "a@b.example")], octets)


class Bench:
    def __init__(self, runs, messages, entries):
        self.runs, self.messages, self.entries = runs, messages, entries
        self.net = network.Net(["alice", "bob"])
        self.alice, self.bob = self.net.alice, self.net.bob
        self.chance = random.Random(1)

    def set_up(self):
        self.net.each(network.Node.make_keys)
        self.net.each(network.Node.write_manifest)
        for one, other in ((self.alice, self.bob), (self.bob, self.alice)):
            one.pin(other)
            one.take_manifest(other)
            one.write_servers()

    def file(self, name, octets):
        path = self.alice.path(name)
        self.alice.write(name, "")
        with open(path, "wb") as out:
            out.write(octets)
        return path

    def popen(self, argv, stdin=os.devnull, stdout=os.devnull):
        with open(stdin, "rb") as source, open(stdout, "wb") as sink, \
                open(self.net.dir + "/log", "ab") as log:
            return subprocess.Popen(
                argv, stdin=source, stdout=sink, stderr=log, cwd=self.net.dir,
                env=dict(os.environ, TMPDIR=self.alice.path("tmp")),
                **self.net.as_user)

    def timed(self, argv, stdin=os.devnull, stdout=os.devnull, status=0):
        """Seconds and those of processors."""
        cpu, begun = cpu_of_children(), time.perf_counter()
        child = self.popen(argv, stdin, stdout)
        child.wait()
        seconds = time.perf_counter() - begun
        reap()
        check(child.returncode == status, argv, "ends with", child.returncode)
        return seconds, cpu_of_children() - cpu

    # Sealing

    def stream(self, what, goal, argv, one, many, count):
        """What each further message takes in a stage that runs; without a goal
        only its memory."""
        self.timed(argv, one)
        times, cpus = [], []
        for _ in range(self.runs if goal else 0):
            first, first_cpu = self.timed(argv, one)
            seconds, cpu = self.timed(argv, many)
            times.append((seconds - first) / (count - 1))
            cpus.append((cpu - first_cpu) / (count - 1))
        peak = Peak(argv[0], "gpg")
        peak.start()
        self.timed(argv, many)
        row(what, goal, milliseconds(times), milliseconds(cpus), peak.end())

    def shell(self, what, command, file, count):
        """Programs that are started anew for each."""
        argv = ["sh", "-c", "for i in $(seq %d); do %s <%s >/dev/null || "
                "exit 1; done" % (count, command, file)]
        self.timed(argv)
        runs = [self.timed(argv) for _ in range(self.runs)]
        row(what, "", milliseconds([r[0] / count for r in runs]),
            milliseconds([r[1] / count for r in runs]))

    def seal_size(self, size, count, goal):
        name = "8 KB" if size == SMALL else "%d MB" % (size >> 20)
        mails = [message(size, self.chance) for _ in range(count)]
        frames = [backup(n, mail) for n, mail in enumerate(mails)]
        raw, one, many = (self.file("text", mails[0]),
                          self.file("one", frames[0]),
                          self.file("many", b"".join(frames)))
        alice, bob = self.alice.dir, self.bob.dir
        seal = ["seal", "-n", alice + "/nodes", "-k", alice + "/keys"]
        self.stream("seal, " + name, goal, seal, one, many, count)
        gpg = ("gpg --homedir %s/keys --batch --quiet -f %s/nodes/bob.asc "
               "--armor --sign --encrypt" % (alice, alice))
        if goal:
            self.shell("  gpg --sign --encrypt", gpg, raw, count)
            self.shell("    without compression", gpg + " -z 0", raw, count)
            self.shell("  sqop encrypt", "sqop encrypt --sign-with=%s %s" % (
                self.sop, self.sop + ".cert"), raw, count)
        for source in one, many:
            self.timed(seal, source, source + ".sealed")
        self.stream("unseal, " + name, goal and "-", [
            "unseal", "-n", bob + "/nodes", "-k", bob + "/keys"],
            one + ".sealed", many + ".sealed", count)

    def part_seal(self):
        self.sop = self.file("sop", b"")
        self.file("sop.cert", b"")
        self.timed(["sqop", "generate-key", "alice"], stdout=self.sop)
        self.timed(["sqop", "extract-cert"], self.sop, self.sop + ".cert")
        for size, count, goal in ((SMALL, 50, "6 ms"), (LARGE, 5, "100 ms"),
                                  (4 * LARGE, 3, "")):
            note("seal", size)
            self.seal_size(size, count, goal)

    # Home

    def fill(self):
        """Sealed mail in alice's queue."""
        frames = [backup(n, message(SMALL, self.chance))
                  for n in range(self.messages)]
        alice = self.alice.dir
        for argv, stdin, stdout in (
                (["seal", "-n", alice + "/nodes", "-k", alice + "/keys"],
                 self.file("in", b"".join(frames)), "sealed"),
                (["relay-put", alice + "/taken"], alice + "/sealed", "put")):
            self.timed(argv, stdin, self.file(stdout, b""))

    def bob_cpu(self):
        sshd = int(open(self.bob.path("sshd.pid")).read())
        return cpu_of(sshd, True) + cpu_of(self.bob.keeper.pid, True)

    def go_home(self):
        """Once; seconds, and those of processors at alice and bob."""
        alice, bob = self.alice.dir, self.bob.dir
        for path in (alice + "/queue", bob + "/queue", bob + "/home",
                     bob + "/mail/box", bob + "/state"):
            shutil.rmtree(path, ignore_errors=True)
        for argv in (["cp", "-R", alice + "/taken", alice + "/queue"],
                     ["mkdir", "-m", "700", bob + "/state"]):
            self.timed(argv)
        os.sync()
        cpu = self.bob_cpu()
        seconds, own = self.timed([
            "relay-retry", "-1", "-n", alice + "/nodes", "-k",
            alice + "/keys", alice + "/queue",
            "ssh -F %s/ssh/client -T %%h relay-accept" % alice])
        return seconds, own, self.bob_cpu() - cpu

    def home(self, what, goal, arrived):
        runs = []
        for _ in range(self.runs):
            runs.append(self.go_home())
            check(arrived() == self.messages, "there is", arrived())
        row(what, goal, "%.1f s" % median([r[0] for r in runs]),
            "%.1f s" % median([r[1] + r[2] for r in runs]),
            "alice %.1f s  bob %.1f s" % (median([r[1] for r in runs]),
                                          median([r[2] for r in runs])))

    def part_home(self):
        self.fill()
        self.bob.up()
        note("home")
        self.home("%d of 8 KB home by ssh" % self.messages,
                  "%g s" % (self.messages / 100),
                  lambda: len(self.bob.mails()))
        accept = open(self.bob.path("accept")).read()
        begin, end = accept.index("'own="), accept.index("'other=")
        self.bob.write("accept", "%s'own=relay-put %s/home' %s" % (
            accept[:begin], self.bob.dir, accept[end:]), 0o700)
        self.home("  the same without unseal", "",
                  lambda: len([n for n in os.listdir(
                      self.bob.path("home/bob")) if n[0] != "."]))

    # A large queue

    def make_queue(self):
        nodes = self.alice.path("friends")
        shutil.copytree(self.alice.path("nodes"), nodes, symlinks=True)
        for number in range(DESTINATIONS):
            name = "node%d" % number
            with open("%s/%s.yaml" % (nodes, name), "w") as out:
                out.write("node: {name: %s, host: %s.example, domains: "
                          "[%s.example], reach: 'ssh://%s.example'}\n"
                          "mailboxes: {box: {matches: box}}\n" %
                          (name, name, name, name))
        subprocess.run(["chmod", "-R", "a+rX", nodes], check=True)
        self.timed(["queuefill", self.alice.path("large"), str(self.entries),
                    str(DESTINATIONS), "1000"])
        return self.alice.path("large"), nodes

    def listed(self, what, goal, *argv):
        argv = ["relay-ls", *argv]
        self.timed(argv)
        runs = [self.timed(argv) for _ in range(self.runs)]
        peak = Peak("relay-ls")
        peak.start()
        self.timed(argv)
        row(what, goal, "%.2f s" % median([r[0] for r in runs]),
            "%.2f s" % median([r[1] for r in runs]), peak.end())

    def errands(self, runner, queue):
        """Waits until the runner has tried all; seconds."""
        begun, calm = time.perf_counter(), 0
        path = "/proc/%d/task/%d/children" % (runner.pid, runner.pid)
        names = ["%s/node%d/.state" % (queue, n) for n in range(DESTINATIONS)]
        while calm < 10:
            time.sleep(0.1)
            done = all(map(os.path.exists, names)) and not open(path).read()
            calm = calm + 1 if done else 0
        return time.perf_counter() - begun - 1

    def part_queue(self):
        note("queue")
        queue, nodes = self.make_queue()
        self.listed("relay-ls of %d entries" % self.entries, "2 s", queue)
        self.listed("  relay-ls -c", "", "-c", queue)
        peak = Peak("relay-retry")
        peak.start()
        runner = self.popen(["relay-retry", "-n", nodes, "-o", "first=7200",
                             "-o", "last=7200", "-o", "hello=0", queue,
                             "false"])
        seconds = self.errands(runner, queue)
        row("relay-retry: each node tried once", "30 MB", "%.1f s" % seconds,
            "%.2f s" % cpu_of(runner.pid, True), peak.end())
        before = self.used(runner.pid)
        time.sleep(IDLE)
        after = self.used(runner.pid)
        row("  idle for %d s" % IDLE, "0 s", "",
            "%.6f s" % (after[0] - before[0]),
            "woken up %d times" % (after[1] - before[1]))
        kill(runner.pid, signal.SIGTERM)
        runner.wait()

    @staticmethod
    def used(pid):
        """Seconds of the processor, and how often it got one."""
        text = open("/proc/%d/schedstat" % pid).read().split()
        return int(text[0]) / 1e9, int(text[2])


def main(args):
    options = {"-r": 5, "-n": 1000, "-q": 100000}
    while args[:1] and args[0] in options:
        options[args[0]] = int(args[1])
        args = args[2:]
    network.as_root_alone()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    bench = Bench(options["-r"], options["-n"], options["-q"])
    try:
        bench.set_up()
        row("", "goal", "time", "CPU", "memory at most")
        for part in args or ("seal", "home", "queue"):
            getattr(bench, "part_" + part)()
    finally:
        bench.net.end()
        shutil.rmtree(bench.net.dir, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

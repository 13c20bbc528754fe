"""What t/soak runs and looks at: the server with its limits, a name server, a
small disk; and processes, as /proc shows them."""
import collections
import contextlib
import os
import re
import resource
import signal
import socket
import subprocess
import time

ROOT = os.geteuid() == 0
DESCRIPTORS = 2000  # of the server
CONNECTIONS = 1000
POOL = 2
DEADLINE = 8        # seconds a pipeline has
LEAVE = 45          # seconds the server may take to leave
MANIFEST = """node:
  name: soak
  host: mx.soak.example
  domains: [soak.example]
mailboxes:
  small: {matches: small}
  large: {matches: large}
  tls: {matches: tls}
  probe: {matches: probe}
  junk: {matches: junk}
"""
NSD = """server:
  ip-address: 127.0.0.1@%(port)d
  username: ""
  zonesdir: "%(here)s"
  database: ""
  pidfile: "%(here)s/pid"
  xfrdfile: ""
  zonelistfile: "%(here)s/list"
  server-count: 1
  rrl-ratelimit: 0
remote-control:
  control-enable: no
zone:
  name: bl.example
  zonefile: bl.zone
"""
ZONE = """$ORIGIN bl.example.
$TTL 1
@ SOA ns root 1 3600 600 86400 1
@ NS ns
ns A 127.0.0.1
*.6.0.127 A 127.0.0.2
"""


def wait_for(seconds, condition):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.1)
    return True


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def write(path, text):
    """At once, so that nobody reads half of it."""
    with open(path + ".part", "wb") as file:
        file.write(text.encode() if isinstance(text, str) else text)
    os.rename(path + ".part", path)


Process = collections.namedtuple("Process", "pid name state parent group cpu")


def process(pid):
    """What /proc says of it; None if it is gone."""
    try:
        with open("/proc/%d/stat" % pid, encoding="latin-1") as file:
            head, _, tail = file.read().rpartition(") ")
    except OSError:
        return None
    tail = tail.split()
    return Process(pid, head.split("(", 1)[1], tail[0], int(tail[1]),
                   int(tail[2]), (int(tail[11]) + int(tail[12])) /
                   os.sysconf("SC_CLK_TCK"))


def children(*parents):
    every = (process(int(name)) for name in os.listdir("/proc")
             if name.isdigit())
    return [p for p in every if p and p.parent in parents]


def descendants(pid):
    found, parents = [], (pid,)
    while parents:
        generation = children(*parents)
        found += generation
        parents = tuple(p.pid for p in generation)
    return found


def memory(pid, what="VmRSS"):
    """In KB."""
    with open("/proc/%d/status" % pid, encoding="ascii") as file:
        return int(re.search(what + r":\s*(\d+)", file.read())[1])


def opened(pid):
    """What its descriptors are."""
    found = []
    for name in os.listdir("/proc/%d/fd" % pid):
        with contextlib.suppress(FileNotFoundError):
            found.append(os.readlink("/proc/%d/fd/%s" % (pid, name)))
    return found


def descriptors(pid):
    return len(os.listdir("/proc/%d/fd" % pid))


class Names:
    """The name server of the lists."""

    def __init__(self):
        self.port, self.daemon = free_port(), None
        os.mkdir("ns")
        write("ns/bl.zone", ZONE)
        here = os.getcwd() + "/ns"
        write("ns/conf", NSD % {"port": self.port, "here": here})

    def start(self):
        with open("ns/log", "ab") as log:
            self.daemon = subprocess.Popen(
                ["nsd", "-d", "-c", "ns/conf"], stdout=log, stderr=log,
                stdin=subprocess.DEVNULL, start_new_session=True)

    def answers(self):
        said = subprocess.run(
            ["drill", "-p", str(self.port), "@127.0.0.1",
             "1.6.0.127.bl.example"],
            stdout=subprocess.PIPE, check=False).stdout
        return b"127.0.0.2" in said

    def signal(self, signum):
        """To all of its processes."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.daemon.pid, signum)

    def stop(self):
        if self.daemon:
            self.signal(signal.SIGKILL)
            self.daemon.wait()
        self.daemon = None


class Disk:
    """A small one, where that is possible."""

    def __init__(self):
        os.mkdir("disk")
        self.small = ROOT and subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=8m", "soak", "disk"],
            stderr=subprocess.DEVNULL, check=False).returncode == 0

    def fill(self):
        write("disk/full", bytes(6 << 20))

    def empty(self):
        with contextlib.suppress(FileNotFoundError):
            os.unlink("disk/full")

    def remove(self):
        if self.small:
            subprocess.run(["umount", "disk"], check=False)


class Server:
    """smtp-accept, with limits so small that they are reached."""

    def __init__(self, names):
        with open("bin/smtp-accept", "rb") as file:
            self.sanitized = b"__asan_init" in file.read()
        self.port = free_port()
        options = {
            "connections": CONNECTIONS, "workers": 20, "pool": POOL,
            "recycle": 50, "timeout": 10, "deadline": DEADLINE, "wait": 5,
            "memory": "4M", "size": "4M", "greet-delay": 0.2, "early": "mark",
            "harvest": 50, "tarpit": 0.1, "proxy": "127.0.9.0/24",
            "disk": "disk", "free": "4M", "cert": "cert.pem",
            "lists": "bl.example*3", "lists-reject": 3, "lists-wait": 0.5,
            "dns": "127.0.0.1@%d" % names.port}
        arguments = ["smtp-accept", "-l", "127.0.0.1:%d" % self.port,
                     "-n", "nodes"] + (["-u", "nobody"] if ROOT else [])
        for name, value in options.items():
            arguments += ["-o", "%s=%s" % (name, value)]
        arguments.append("local=mail-filter cat | maildir-deliver mail")
        # what a sanitizer keeps to itself would grow for long
        sanitizer = "quarantine_size_mb=1:" + os.getenv("ASAN_OPTIONS", "")
        with open("log", "ab") as log:
            self.main = subprocess.Popen(
                arguments, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env=dict(os.environ, TMPDIR=os.getcwd() + "/tmp",
                         ASAN_OPTIONS=sanitizer),
                preexec_fn=lambda: resource.setrlimit(
                    resource.RLIMIT_NOFILE, (DESCRIPTORS, DESCRIPTORS)))
        self.pid = self.main.pid

    def limit_descriptors(self, soft):
        """Of the loop; as its own user, since a container's root may not."""
        subprocess.run(
            ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups",
             "prlimit", "--pid", str(self.pid),
             "--nofile=%d:%d" % (soft, DESCRIPTORS)],
            stderr=subprocess.DEVNULL, check=self.main.poll() is None)

    def listens(self):
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", self.port)).close()
            return True
        return self.main.poll() is not None

    def keeper(self):
        return next(p.pid for p in children(self.pid)
                    if p.name == "smtp-keeper")

    def workers(self):
        return [p.pid for p in children(self.pid) if p.name == "smtp-worker"]

    def listers(self):
        return [p.pid for p in children(self.keeper())
                if p.name == "smtp-lists"]

    def stages(self):
        return [p for p in children(self.keeper()) if p.name != "smtp-lists"]

    def descriptors(self):
        """The loop's, but for those that come and go with its processes: a
        channel for each worker and lister, two ends of each pipeline."""
        pipelines = {stage.group for stage in self.stages()}
        return (descriptors(self.pid) - len(self.workers()) -
                len(self.listers()) - 2 * len(pipelines))

    def leave(self):
        """SIGTERM, if there is need of it; its status, or None."""
        if self.main.poll() is None:
            self.main.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self.main.wait(LEAVE)

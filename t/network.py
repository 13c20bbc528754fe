"""A network of nodes on loopback, for the tests of agamid(7) in nettest.py.
As a program, network.py node DIR, it keeps the servers of a node, see Keeper.

Each node has a directory with its keys, manifests, queue and Maildirs, and
three servers: sshd, smtp-accept and relay-retry.  All processes of a node are
descendants of its keeper, also those whose parent has died, so that a node can
be cut off in the middle of anything, like a plug that is pulled.

Root gets a mount namespace, so that nobody has a shell for sshd, and there are
small disks; all else runs as nobody then.
"""
import ctypes
import hashlib
import json
import os
import pwd
import random
import re
import shutil
import signal
import smtplib
import subprocess
import sys
import tempfile
import threading
import time
import zlib

HERE = os.path.dirname(os.path.abspath(__file__))
B = os.path.abspath(os.environ.get("B", HERE + "/../build"))
ROOT = os.geteuid() == 0
# that of root alone may be in front of it
PYTHON = "/usr/bin/python3" if ROOT else sys.executable
USER = "nobody" if ROOT else pwd.getpwuid(os.getuid()).pw_name
os.environ["PATH"] = B + ":" + os.environ["PATH"]
SMTP, SSH = 2525, 2222
SLOW = b"libasan" in subprocess.run(
    ["readelf", "-d", B + "/mail-frame"], stdout=subprocess.PIPE).stdout
PATIENCE = 200 if SLOW else 100  # seconds until something must have happened


class Wrong(Exception):
    """What should be is not."""


def check(condition, *what):
    if not condition:
        raise Wrong(" ".join(str(w) for w in what))


def wait_for(what, condition, seconds=PATIENCE):
    """Waits until a condition holds, and returns what it gave."""
    end = time.monotonic() + seconds
    pause = 0.02
    while True:
        got = condition()
        if got:
            return got
        if time.monotonic() > end:
            raise Wrong("not within %d s: %s" % (seconds, what))
        time.sleep(pause)
        pause = min(2 * pause, 0.5)


# Processes


def prctl(option, value):
    ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def become_reaper():
    prctl(36, 1)  # PR_SET_CHILD_SUBREAPER


def die_with_parent():
    prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG


def processes():
    """All of the machine: {pid: (parent, state, name)}."""
    found = {}
    for pid in os.listdir("/proc"):
        if pid.isdigit():
            try:
                text = open("/proc/%s/stat" % pid).read()
            except OSError:
                continue
            name = text[text.index("(") + 1:text.rindex(")")]
            state, parent = text[text.rindex(")") + 2:].split()[:2]
            found[int(pid)] = int(parent), state, name
    return found


def descendants(top):
    """Those of a process that live: [(pid, name)]."""
    all_of_them = processes()
    family = {top}
    more = True
    while more:
        new = {pid for pid, (parent, _, _) in all_of_them.items()
               if parent in family} - family
        family |= new
        more = bool(new)
    return [(pid, all_of_them[pid][2]) for pid in family - {top}
            if all_of_them[pid][1] != "Z"]


def kill(pid, number):
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass


def cut_off(top):
    """Kills all descendants of a process that does not run."""
    while True:
        family = descendants(top)
        if not family:
            return
        for pid, _ in family:
            kill(pid, signal.SIGKILL)


class Keeper:
    """The first process of a node: starts its servers, and again if they end,
    until SIGTERM."""

    def __init__(self, directory):
        become_reaper()
        die_with_parent()
        self.directory = directory
        self.servers = json.load(open(directory + "/servers"))
        self.env = dict(os.environ, TMPDIR=directory + "/tmp")
        self.log = open(directory + "/log", "a")
        self.running = {}
        self.leaving = False
        signal.signal(signal.SIGTERM, self.leave)

    def leave(self, *_):
        self.leaving = True
        for pid in self.running:
            kill(pid, signal.SIGTERM)

    def start(self, name):
        child = subprocess.Popen(
            self.servers[name], stdin=subprocess.DEVNULL, stdout=self.log,
            stderr=self.log, env=self.env, start_new_session=True)
        self.running[child.pid] = name
        try:
            with open("%s/%s.pid" % (self.directory, name), "w") as out:
                out.write("%d\n" % child.pid)
        except OSError:
            pass  # a full disk

    def run(self):
        for name in self.servers:
            self.start(name)
        end = None
        while self.running and (end is None or time.monotonic() < end):
            try:
                pid, _ = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                break
            if pid == 0:
                time.sleep(0.02)
            name = self.running.pop(pid, None)
            if self.leaving and end is None:
                end = time.monotonic() + 15
            elif name and not self.leaving:
                time.sleep(0.1)
                self.start(name)
        self.leaving = True
        cut_off(os.getpid())


# Frames: agamid(7) 7.2


def frame(fields, message=b"", verdict="pass"):
    text = "pimail 1\n" + "".join("%s: %s\n" % f for f in fields)
    octets = (text + "size: %d\n\n" % len(message)).encode() + message
    octets += b"verdict: %s\n" % verdict.encode()
    return octets + b"end: %08x\n" % zlib.crc32(octets)


def parse(octets):
    """The frames of a stream: [(fields as a list, message, verdict)]."""
    frames = []
    while octets:
        head, rest = octets.split(b"\n\n", 1)
        lines = head.decode("utf-8", "replace").split("\n")
        check(lines[0] == "pimail 1", "no frame:", lines[0])
        fields = [tuple(line.split(": ", 1)) for line in lines[1:]]
        size = int(dict(fields)["size"])
        message, rest = rest[:size], rest[size:]
        verdict, end, octets = rest.split(b"\n", 2)
        whole = head + b"\n\n" + message + verdict + b"\n"
        check(end == b"end: %08x" % zlib.crc32(whole), "wrong CRC")
        frames.append((fields, message, verdict[9:].decode()))
    return frames


# Mail


class Mail:
    """A message, and what became of it.  Its token is in each line, the
    subject, the sender, and the recipient's address."""

    def __init__(self, owner, chance, size=None, box="box"):
        self.owner = owner
        self.token = "%016x" % chance.getrandbits(64)
        self.sender = "s%s@sender.example" % self.token
        self.recipient = "%s+%s@%s.example" % (box, self.token, owner)
        size = size or chance.choice((50, 300, 2000, 8000, 8000, 60000))
        lines = ["From: <%s>" % self.sender, "To: <%s>" % self.recipient,
                 "Subject: about %s" % self.token, ""]
        while sum(map(len, lines)) < size:
            lines.append("%s %s %s" % (
                self.token, "\u00e9" * chance.randrange(9),
                "x" * chance.randrange(200)))
        lines.append(".%s" % self.token)
        self.text = ("\n".join(lines) + "\n").encode()
        self.replies = []  # (node, code and text)
        self.holder = None  # who said 250
        self.unsure = False  # somebody was cut off before he could say it

    def send(self, host, name):
        """By SMTP.  The reply to the message, or what came before it."""
        client = smtplib.SMTP(timeout=PATIENCE)
        try:
            client.connect(host, SMTP)
            client.ehlo("client.example")
            code, text = client.mail(self.sender)
            if code == 250:
                code, text = client.rcpt(self.recipient)
            if code == 250:
                self.unsure = True
                code, text = client.data(self.text.replace(b"\n", b"\r\n"))
                self.unsure = False
        except smtplib.SMTPResponseException as error:
            code, text = error.smtp_code, error.smtp_error
            self.unsure = False
        except (OSError, smtplib.SMTPException) as error:
            code, text = 0, str(error).encode()
        # without a QUIT, whose reply may be another one
        client.close()
        reply = "%d %s" % (code, text.decode("utf-8", "replace"))
        self.replies.append((name, reply))
        if code == 250:
            self.holder = name
        return reply


# A node


class Node:
    def __init__(self, net, number, name):
        self.net = net
        self.name = name
        self.address = "%s.%d" % (net.prefix, number + 1)
        self.dir = net.dir + "/" + name
        self.keeper = None
        self.lock = threading.Lock()
        self.read = {}  # files of Maildirs, which do not change
        self.backups = ""  # of the manifest
        self.stores = "{for: all, bytes: 500M, days: 30}"
        self.patterns = {"box": "box|postmaster", "old": "old"}
        self.serial = 1
        self.retry = []  # options of relay-retry
        self.accept = []  # of relay-accept
        self.smtp = ["-o", "free=64K"]  # of smtp-accept
        self.put = "-o free=64K"  # of relay-put
        for sub in ("nodes", "ssh", "mail", "tmp", "state"):
            os.mkdir(os.path.join(self.dir, sub), 0o700)

    def path(self, name):
        return self.dir + "/" + name

    def write(self, name, text, mode=0o600):
        with open(self.path(name) + ".new", "w") as out:
            out.write(text)
        os.chmod(out.name, mode)
        if ROOT:
            shutil.chown(out.name, USER)
        os.rename(out.name, self.path(name))

    def run(self, *argv, stdin=b"", ok=True):
        """A program as this node's user: its standard output."""
        done = subprocess.run(
            argv, input=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env=dict(os.environ, TMPDIR=self.path("tmp")), cwd=self.dir,
            timeout=PATIENCE, **self.net.as_user)
        if ok and done.returncode != 0:
            raise Wrong("%s: %s: status %d, %s" % (
                self.name, argv, done.returncode, done.stderr.decode()))
        return done.stdout if ok else done

    # Setting up

    def make_keys(self):
        self.run("node-init", "-n", self.path("nodes"), "-k",
                 self.path("keys"), self.name, self.name + ".example")
        text = open(self.path("nodes/%s.yaml" % self.name)).read()
        self.key = re.search(r"^\s*key: *([0-9A-F]{40,64})", text, re.M)[1]
        for key in ("host", "user"):
            self.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f",
                     self.path("ssh/" + key))

    def write_manifest(self):
        """Writes the own manifest and signs it."""
        lines = ["node:", "  name: " + self.name, "  host: %s.net.example" %
                 self.name, "  domains: [%s.example]" % self.name,
                 "  key: " + self.key, "  reach: " + self.reach(),
                 "  serial: %d" % self.serial]
        if self.backups:
            lines.append("  backups: " + self.backups)
        lines += ["  stores: " + self.stores, "mailboxes:"]
        lines += ["  %s: {matches: '%s'}" % p for p in self.patterns.items()]
        self.write("nodes/%s.yaml" % self.name, "\n".join(lines) + "\n")
        self.manifest("sign")

    def new_manifest(self):
        """A newer one, which the others do not have yet."""
        self.serial += 1
        self.write_manifest()

    def pin(self, peer):
        """Lets a peer in, by hand."""
        self.write("nodes/%s.pin" % peer.name,
                   "key: %s\ndomains: [%s.example]\nreach: %s\n" %
                   (peer.key, peer.name, peer.reach()))

    def take_manifest(self, peer):
        self.manifest("import", peer.path("nodes/%s.yaml" % peer.name))

    def manifest(self, *what):
        self.run("node-manifest", "-n", self.path("nodes"), "-k",
                 self.path("keys"), *what)

    # Running

    def write_servers(self, rogue=False):
        """What the keeper starts, and what ssh and sshd need."""
        me = self.dir
        accept = ["relay-accept", "-n", me + "/nodes", *self.accept,
                  "-o", "seen=%s/state/seen" % me, "-o", "queue=%s/queue" % me,
                  "-p", '"$1"', "'own=unseal -n %s/nodes -k %s/keys "
                  "-o seen=%s/state/seen | maildir-deliver %s/mail'" %
                  (me, me, me, me),
                  "'other=relay-put -o free=64K %s/queue'" % me]
        if rogue:
            accept = [PYTHON, HERE + "/rogue.py", "accept", me, '"$1"']
        self.write("accept", "#!/bin/sh\nexec %s 2>>%s/log\n" %
                   (" ".join(accept), me), 0o700)
        self.write("ssh/authorized", "".join(
            'restrict,command="%s/accept %s" %s' %
            (me, peer.name, open(peer.dir + "/ssh/user.pub").read())
            for peer in self.net.nodes if peer is not self))
        self.write("ssh/known", "".join(
            "[%s]:%d %s" % (peer.address, SSH,
                            open(peer.dir + "/ssh/host.pub").read())
            for peer in self.net.nodes))
        self.write("ssh/server", "\n".join([
            "ListenAddress %s:%d" % (self.address, SSH), "PidFile none",
            "HostKey %s/ssh/host" % me, "StrictModes no",
            "AuthorizedKeysFile %s/ssh/authorized" % me,
            "PasswordAuthentication no", "KbdInteractiveAuthentication no",
            "MaxStartups 200", "LogLevel ERROR", "SetEnv " + " ".join(
                '"%s=%s"' % (key, value) for key, value in os.environ.items()
                if key in ("PATH", "ASAN_OPTIONS", "PYTHONPATH")) +
            " TMPDIR=%s/tmp" % me]) + "\n")
        self.write("ssh/client", "\n".join([
            "IdentityFile %s/ssh/user" % me, "IdentitiesOnly yes",
            "UserKnownHostsFile %s/ssh/known" % me, "BatchMode yes",
            "GlobalKnownHostsFile /dev/null", "StrictHostKeyChecking yes",
            "ConnectTimeout 10", "LogLevel ERROR"]) + "\n")
        self.write("peers", "".join("%s %s\n" % (peer.name, peer.reach())
                                    for peer in self.net.nodes
                                    if peer is not self))
        servers = {"sshd": ["/usr/sbin/sshd", "-D", "-e", "-f",
                            me + "/ssh/server"]}
        if not rogue:
            seal = ("backup=seal -n %s/nodes -k %s/keys | "
                    "relay-put %s %s/queue")
            servers["smtp"] = [
                "smtp-accept", "-l", "%s:%d" % (self.address, SMTP),
                "-n", me + "/nodes", *self.smtp,
                "local=maildir-deliver %s/mail" % me,
                seal % (me, me, self.put, me)]
            servers["retry"] = [
                "relay-retry", "-n", me + "/nodes", "-k", me + "/keys",
                "-o", "bounces=" + me + "/bounces",
                "-o", "imported=kill -HUP $(cat %s/smtp.pid)" % me,
                *self.retry,
                me + "/queue",
                "ssh -F %s/ssh/client -T %%h relay-accept" % me]
        else:
            servers["rogue"] = [PYTHON, HERE + "/rogue.py", "run", me]
        self.write("servers", json.dumps(servers))

    def up(self):
        """By the main thread only: a keeper ends with who started it."""
        with self.lock:
            self.start()

    def start(self):
        if self.keeper:
            return
        self.keeper = subprocess.Popen(
            [PYTHON, HERE + "/network.py", "node", self.dir],
            stdin=subprocess.DEVNULL, **self.net.as_user)
        self.net.reachable(self)

    def down(self, number=signal.SIGTERM):
        """SIGTERM: its servers leave; SIGKILL: as if the plug was pulled."""
        with self.lock:
            keeper, self.keeper = self.keeper, None
            if keeper:
                self.stop(keeper, number)

    def stop(self, keeper, number):
        if number == signal.SIGKILL:
            kill(keeper.pid, signal.SIGSTOP)
            cut_off(keeper.pid)
        kill(keeper.pid, number)
        keeper.wait()

    def kill_one(self, chance):
        """Kills one of what runs here, but the keeper."""
        keeper = self.keeper
        if keeper:
            family = sorted(descendants(keeper.pid), key=lambda p: p[1])
            if family:
                kill(chance.choice(family)[0], signal.SIGKILL)

    def reach(self):
        return "ssh://%s@%s:%d" % (USER, self.address, SSH)

    # Looking

    def mails(self, token=""):
        """The files in its Maildirs that have a token: [octets]."""
        found = []
        for directory, _, names in os.walk(self.path("mail")):
            if os.path.basename(directory) in ("new", "cur"):
                for name in names:
                    path = directory + "/" + name
                    if path not in self.read:
                        with open(path, "rb") as mail:
                            self.read[path] = mail.read()
                    found.append(self.read[path])
        return [text for text in found if token.encode() in text]

    def entries(self, owner=None):
        """The paths of what it holds, for an owner or all."""
        found = []
        for directory, _, names in os.walk(self.path("queue")):
            if owner in (None, os.path.basename(directory)):
                found += [directory + "/" + name for name in names
                          if re.fullmatch(r"[0-9a-f]{64}(\.held)?", name)]
        return found

    def log(self):
        with open(self.path("log"), errors="replace") as log:
            return log.read()


class Net:
    """Nodes that know each other."""

    def __init__(self, names, rogue=None, disks=()):
        self.dir = tempfile.mkdtemp(prefix="n", dir=os.environ.get("TMPDIR"))
        # 127.0.0.0/8 is all ours; no other test has these
        self.prefix = "127.%d.%d" % (random.SystemRandom().randrange(64, 128),
                                     random.SystemRandom().randrange(1, 255))
        self.as_user = {}
        self.mounts = []
        if ROOT:
            user = pwd.getpwnam(USER)
            os.chown(self.dir, user.pw_uid, user.pw_gid)
            os.chmod(self.dir, 0o755)
            self.as_user = {"user": user.pw_uid, "group": user.pw_gid,
                            "extra_groups": []}
        self.nodes = []
        self.rogue = None
        become_reaper()
        for number, name in enumerate(names):
            os.mkdir(self.dir + "/" + name)
            if name in disks:
                self.mount(self.dir + "/" + name)
            node = Node(self, number, name)
            self.nodes.append(node)
            if name == rogue:
                self.rogue = node
            if ROOT:
                subprocess.run(["chown", "-R", USER, node.dir], check=True)
                os.chmod(node.dir, 0o700)

    def __getattr__(self, name):
        for node in self.__dict__["nodes"]:
            if node.name == name:
                return node
        raise AttributeError(name)

    def mount(self, directory):
        """A disk that can be full, if we may."""
        if ROOT:
            subprocess.run(["mount", "-t", "tmpfs", "-o", "size=40m", "tmpfs",
                            directory], check=True)
            self.mounts.append(directory)

    def start(self, change=lambda node: None):
        """Keys, manifests and pins of all; then all are up."""
        def sign(node):
            change(node)
            node.write_manifest()

        def know(node):
            for peer in self.nodes:
                if peer is not node:
                    node.pin(peer)
                    node.take_manifest(peer)
            node.write_servers(node is self.rogue)
        for step in (Node.make_keys, sign, know):
            self.each(step)
        for node in self.nodes:
            node.up()

    def each(self, step):
        """A step of all nodes at the same time."""
        failed = []

        def one(node):
            try:
                step(node)
            except (Wrong, OSError, subprocess.SubprocessError) as error:
                failed.append(error)
        workers = [threading.Thread(target=one, args=(n,)) for n in self.nodes]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        if failed:
            raise failed[0]

    def reachable(self, node):
        """Waits until its servers listen."""
        import socket
        for port in (SSH,) if node is self.rogue else (SSH, SMTP):
            def listens():
                try:
                    socket.create_connection((node.address, port), 5).close()
                    return True
                except OSError:
                    return False
            wait_for("%s listens on %d" % (node.name, port), listens)

    def end(self):
        for node in self.nodes:
            node.down()
        for node in self.nodes:
            subprocess.run(["gpgconf", "--homedir", node.path("keys"),
                            "--kill", "all"], **self.as_user)
        cut_off(os.getpid())
        for directory in self.mounts:
            subprocess.run(["umount", "-l", directory])

    # Proofs

    def holders(self, owner):
        return [n for n in self.nodes if n.entries(owner)]

    def delivered(self, mails):
        """Those that are in their owners' Maildirs."""
        texts = {n.name: b"".join(n.mails()) for n in self.nodes}
        return [m for m in mails
                if m.token.encode() in texts[m.owner]]

    def exact(self, mail):
        """It is in the owner's Maildir, once, octet for octet below what the
        servers put on top."""
        found = getattr(self, mail.owner).mails(mail.token)
        check(len(found) == 1, mail.token, "to", mail.owner, "is there",
              len(found), "times:", mail.replies)
        check(found[0].endswith(mail.text), mail.token, "was changed")
        top = found[0][:-len(mail.text)].decode()
        check(re.fullmatch(r"((Return-Path|Delivered-To|Received): [^\n]*\n"
                           r"(\t[^\n]*\n)*)*", top), "on top of it:", top)

    def nothing_readable(self, mails):
        """No file of any node has a word of the mail of others, but for the
        addresses in its bounces."""
        tokens = self.dir + "/tokens"
        for node in self.nodes:
            with open(tokens, "w") as out:
                out.write("".join(mail.token + "\n" for mail in mails
                                  if mail.owner != node.name))
            done = subprocess.run(
                ["grep", "-r", "-a", "-F", "-f", tokens,
                 "--exclude-dir=bounces", node.dir], stdout=subprocess.PIPE,
                stderr=subprocess.PIPE, env=dict(os.environ, LC_ALL="C"))
            check(not done.stdout, "readable:", done.stdout[:2000])
        os.unlink(tokens)
        self.nothing_in_unnamed_files(mails)

    def nothing_in_unnamed_files(self, mails):
        """The same of files that processes have open and that have no name,
        which only root can see."""
        tokens = [mail.token.encode() for mail in mails]
        for pid, name in descendants(os.getpid()) if ROOT else ():
            try:
                for fd in os.listdir("/proc/%d/fd" % pid):
                    path = "/proc/%d/fd/%s" % (pid, fd)
                    link = os.readlink(path)
                    if link.startswith(self.dir) and "(deleted)" in link:
                        with open(path, "rb") as file:
                            text = file.read()
                        check(not any(t in text for t in tokens),
                              name, "has in", link, "what can be read")
            except OSError:
                continue

    def show(self):
        for node in self.nodes:
            print("--- %s: holds %d" % (node.name, len(node.entries())))
            if os.path.exists(node.path("log")):
                print("\n".join(node.log().split("\n")[-25:]))


def bind(path, text):
    """Puts a text in the place of a file, here only."""
    with tempfile.NamedTemporaryFile("w") as copy:
        copy.write(text)
        copy.flush()
        os.chmod(copy.name, 0o644)
        subprocess.run(["mount", "--bind", copy.name, path], check=True)


def as_root_alone():
    """Root: again, in a mount namespace, where nobody has a shell and is not
    locked, so that an sshd of nobody's lets nobody in."""
    if not ROOT:
        return
    if "NETWORK_ALONE" not in os.environ:
        os.environ["NETWORK_ALONE"] = "1"
        os.execvp("unshare", ["unshare", "-m", sys.executable, *sys.argv])
    with open("/etc/passwd") as file:
        bind("/etc/passwd", re.sub("^(%s:.*):.*$" % USER, r"\1:/bin/sh",
                                   file.read(), flags=re.M))
    bind("/etc/shadow", USER + ":*:20000::::::\n")


if __name__ == "__main__" and sys.argv[1] == "node":
    Keeper(sys.argv[2]).run()

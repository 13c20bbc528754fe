"""What must be so when the soak is over."""
import collections
import os
import re
import socket
import time

import smtp

import bed
import mail
from bed import children, descendants, memory, process, wait_for
from trouble import Trouble

IDLE_WORKERS = 16  # that the server may keep
QUIET = 8          # seconds in which nothing happens

failures = []


def say(text):
    print(text, flush=True)


def check(good, text):
    say("%s %s" % ("ok" if good else "not ok", text))
    if not good:
        failures.append(text)


def probe(server):
    """One message; the reply, and how long it took."""
    text = mail.compose("probe", 1000)
    begin = time.monotonic()
    reply = mail.attempt(server.port, "127.0.1.9", "probe", text)
    return reply, time.monotonic() - begin


def goes_through(server):
    reply, seconds = probe(server)
    check(reply[:3] == "250" and seconds < 5,
          "a message goes through at once: %r in %.1f s" %
          (reply[:9], seconds))


def busy(server):
    """What workers have open that have more than a channel."""
    return [opened for opened in map(bed.opened, server.workers())
            if len(opened) > 4] if bed.ROOT else []


def is_calm(server, base):
    """The loop has as many descriptors as it began with, and no more workers
    than it may keep, which wait."""
    return (len(server.workers()) <= IDLE_WORKERS and not busy(server) and
            (not bed.ROOT or server.descriptors() == base))


def measure(server):
    return {pid: (memory(pid), bed.descriptors(pid) if bed.ROOT else 0)
            for pid in (server.pid, server.keeper())}


def sizes(server, base, before):
    """Memory and descriptors.  The warm-up has filled the table of sources and
    met as many connections as there may be.  But malloc() keeps what lies
    between the living, and some of the crowd may have had larger buffers at a
    time; this is what the allowance is for.  With a sanitizer all that is
    allocated has red zones, and what is freed is kept for a while."""
    part, more = (0.5, 32 << 10) if server.sanitized else (0.2, 1 << 10)
    after = measure(server)
    for pid, name in (server.pid, "loop"), (server.keeper(), "keeper"):
        old, new = before[pid], after[pid]
        check(new[0] <= old[0] * (1 + part) + more,
              "memory of the %s: %d KB after the warm-up, %d KB at the end, "
              "at most %d KB" % (name, old[0], new[0], memory(pid, "VmHWM")))
    if bed.ROOT:
        now = server.descriptors()
        check(now == base, "descriptors of the loop: %d before, %d at the end"
              % (base, now))
        old, new = (when[server.keeper()][1] for when in (before, after))
        check(old == new, "descriptors of the keeper: %d, %d" % (old, new))


def processes(server, others):
    """Whether there are more than there may be when nothing happens; others
    are known to be ours."""
    allowed = {"smtp-keeper": 1, "smtp-lists": 1, "smtp-worker": IDLE_WORKERS,
               "mail-filter": bed.POOL, "maildir-deliver": bed.POOL}
    there = collections.Counter(p.name for p in descendants(server.pid))
    strangers = left(others + [server.pid])
    check(not strangers and all(count <= allowed.get(name, 0)
                                for name, count in there.items()),
          "processes of the server: %s %s" % (dict(there), strangers))
    more = busy(server)
    check(not more, "workers with more than a channel: %s" % more)


def left(others):
    """Names of orphans, which are given to us, and of other children."""
    names = []
    for child in children(os.getpid()):
        if child.pid in others:
            continue
        if child.state == "Z":
            os.waitpid(child.pid, os.WNOHANG)
        else:
            names.append(child.name)
    return names


def quiet(server):
    pids = [server.pid, server.keeper()] + server.listers()
    before = sum(process(pid).cpu for pid in pids)
    time.sleep(QUIET)
    spent = sum(process(pid).cpu for pid in pids) - before
    check(spent <= 0.1, "processor time in %d quiet seconds: %.2f s; of the "
          "loop in the whole run: %.0f s" %
          (QUIET, spent, process(server.pid).cpu))


def leaving(server, others):
    """One is in the middle of a message, which has time to end."""
    active, idle = (smtp.Peer(socket.create_connection(
        ("127.0.0.1", server.port), source_address=("127.0.1.9", 0)))
                  for _ in range(2))
    active.envelope("probe@soak.example")
    active.ask("DATA", "354")
    active.send(b"x\r\n")
    begin = time.monotonic()
    server.main.terminate()
    told = idle.reply() or ""
    time.sleep(2)
    active.send(b".\r\n")
    reply = active.reply() or ""
    status = server.leave()
    seconds = time.monotonic() - begin
    check(told[:3] == "421" and reply[:3] == "250",
          "SIGTERM: %r to one, and %r to who is in a message" %
          (told[:9], reply[:9]))
    check(status == 0, "the server leaves with %s after %.1f s" %
          (status, seconds))
    check(wait_for(15, lambda: not left(others)),
          "no process stays: %s" % left(others))


def messages(loaded, senders, log):
    """Each with a 250 is there, whole.  One may come without a 250, or come
    twice, if somebody was killed who should have said it; there is one such
    message for each of them at most."""
    doubtful = (Trouble.counts["worker_killed"] +
                Trouble.counts["stage_killed"] +
                log.count("pipeline gives no verdict: time is up"))
    found = mail.find("small") + mail.find("large")
    whole = {one.load for one in found if one.digest in mail.Load.known}
    damaged = sum(one.digest not in mail.Load.known for one in found)
    check(loaded["lost"] == 0 and len(whole) >= loaded["accepted"],
          "every 250 of smtp-load is in a Maildir: %d, %d files" %
          (loaded["accepted"], len(found)))
    extra = len(found) - loaded["accepted"]
    found = mail.find("tls")
    sent, taken = {}, set()
    for sender in senders:
        sent.update(sender.sent)
        taken |= sender.taken
    whole = {one.word for one in found if one.digest == sent.get(one.word)}
    damaged += sum(one.digest != sent.get(one.word) for one in found)
    check(not taken - whole, "and every 250 of TLS senders: %d, %d files" %
          (len(taken), len(found)))
    extra += len(found) - len(taken)
    check(damaged == 0, "damaged files in new/: %d" % damaged)
    check(extra <= doubtful, "messages that came without a 250: %d; killed in "
          "the middle: at most %d" % (extra, doubtful))
    stale = sum(len(os.listdir("mail/%s/tmp" % mailbox))
                for mailbox in mail.MAILBOXES)
    check(stale <= doubtful, "files of killed stages in tmp/: %d" % stale)
    check(not os.listdir("tmp"), "nothing is left in TMPDIR")


def good_senders(loaded, senders, log):
    """Crowds cost them time, but they are not sent away."""
    ends = collections.Counter(
        re.findall(r"client=127\.0\.1\..* end=(\w+)", log))
    check(ends["evicted"] == 0, "no good sender is evicted: %s" % dict(ends))
    replies = sum((sender.replies for sender in senders),
                  collections.Counter())
    check(not any(reply[0] == "5" for reply in replies) and
          loaded["refused"] == 0,
          "no good sender is refused for good: %s" % dict(replies))


def log_file(log):
    check(not re.search(r"Sanitizer|runtime error|Assertion", log),
          "no sanitizer complains")
    fatal = [line for line in log.splitlines() if "fatal:" in line]
    check(not fatal, "nothing is fatal: %d %s" % (len(fatal), fatal[:3]))
    killed = collections.Counter(
        re.findall("worker was killed by signal ([0-9]+)", log))
    check(set(killed) <= {"9"} and
          killed["9"] <= Trouble.counts["worker_killed"],
          "workers die of our SIGKILL only: %s" % dict(killed))
    died = collections.Counter(
        re.findall("a stage (?:was killed by|exited).*(?= \\()", log))
    say("   stages: %s" % dict(died))
    say("   connections in the log: %s" %
        dict(collections.Counter(re.findall(r" end=(\w+)", log))))

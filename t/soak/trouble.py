"""The troubles of the soak: processes, the name server, files and the disk."""
import collections
import os
import random
import signal
import threading

import bed


class Trouble(threading.Thread):
    """Does something bad every few seconds, and mends it.  There may be some
    of these at a time, but not two with the same."""
    locks = collections.defaultdict(threading.Lock)
    counts = collections.Counter()

    def __init__(self, server, names, disk, without):
        super().__init__(daemon=True)
        self.server, self.names, self.disk = server, names, disk
        self.over = threading.Event()
        self.kinds = [kind for kind in (
            self.worker_killed, self.worker_stopped, self.stage_killed,
            self.stage_stopped, self.lister_killed, self.lister_stopped,
            self.keeper_stopped, self.loop_stopped, self.names_gone,
            self.names_late, self.loaded_anew, self.disk_full,
            self.no_descriptors) if kind.__name__ not in without]

    def run(self):
        while not self.over.wait(random.random() * 4):
            kind = random.choice(self.kinds)
            if not self.locks[kind.__name__].acquire(blocking=False):
                continue
            try:
                self.counts[kind.__name__] += kind()
            except (StopIteration, ProcessLookupError, FileNotFoundError):
                pass  # it was gone before we came
            finally:
                self.locks[kind.__name__].release()

    def wait(self, seconds):
        self.over.wait(random.uniform(0.3, seconds))

    def killed(self, pids):
        if pids:
            os.kill(random.choice(pids), signal.SIGKILL)
        return len(pids) > 0

    def stopped(self, pids, seconds):
        if not pids:
            return False
        pid = random.choice(pids)
        os.kill(pid, signal.SIGSTOP)
        try:
            self.wait(seconds)
        finally:
            os.kill(pid, signal.SIGCONT)
        return True

    def worker_killed(self):
        return self.killed(self.server.workers())

    def worker_stopped(self):
        return self.stopped(self.server.workers(), 4)

    def stage_killed(self):
        return self.killed([p.pid for p in self.server.stages()])

    def stage_stopped(self):
        return self.stopped([p.pid for p in self.server.stages()],
                            bed.DEADLINE + 4)

    def lister_killed(self):
        """Who should start another one may be slow, or have no descriptor."""
        done = self.killed(self.server.listers())
        also = random.choice((self.keeper_stopped, self.no_descriptors, None))
        if done and also:
            self.counts[also.__name__] += also()
        return done

    def lister_stopped(self):
        return self.stopped(self.server.listers(), 4)

    def keeper_stopped(self):
        return self.stopped([self.server.keeper()], 4)

    def loop_stopped(self):
        return self.stopped([self.server.pid], 1.5)

    def names_gone(self):
        with self.locks["names"]:
            self.names.stop()
            self.wait(5)
            self.names.start()
        return True

    def names_late(self):
        with self.locks["names"]:
            for _ in range(5):
                self.names.signal(signal.SIGSTOP)
                self.wait(0.8)
                self.names.signal(signal.SIGCONT)
                self.wait(0.5)
        return True

    def loaded_anew(self):
        """Sometimes with a manifest or a certificate that is broken."""
        path = random.choice(("nodes/self.yaml", "cert.pem", None))
        if path:
            with open(path, "rb") as file:
                good = file.read()
            # not just cut: a manifest may still be one then
            cut = random.randrange(len(good) - 30)
            bed.write(path, good[:cut] + b"\n- [")
        try:
            self.server.main.send_signal(signal.SIGHUP)
            self.wait(1.5)
        finally:
            if path:
                bed.write(path, good)
                self.server.main.send_signal(signal.SIGHUP)
        return True

    def disk_full(self):
        if not self.disk.small:
            return False
        self.disk.fill()
        try:
            self.wait(3)
        finally:
            self.disk.empty()
        return True

    def no_descriptors(self):
        """Fewer may be open than are."""
        if not bed.ROOT:
            return False
        now = bed.descriptors(self.server.pid)
        self.server.limit_descriptors(random.randrange(10, now + 10))
        try:
            self.wait(3)
        finally:
            self.server.limit_descriptors(bed.DESCRIPTORS)
        return True

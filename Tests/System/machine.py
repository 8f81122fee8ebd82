"""A machine of its own that boots a real systemd: an overlay of this system's root, run by systemd-nspawn.

What is written goes to a tmpfs and is gone afterwards; the host's units, journal and users are not touched. The machine has
no network but its own loopback. Needs root, systemd-nspawn (Debian: systemd-container) and a kernel with overlayfs.
"""

import ctypes
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
import uuid
from pathlib import Path


class Failed(Exception):
    """A check's expectation did not hold. The text says what was seen."""


def until(what, seconds, look):
    """Looks again and again until `look()` is truthy, and returns that; past the deadline it fails with what was seen last."""
    deadline = time.monotonic() + seconds
    while True:
        seen = look()
        if seen:
            return seen
        if time.monotonic() > deadline:
            raise Failed(f"{what}: not within {seconds} s (last seen: {seen!r})")
        time.sleep(0.05)


# What a freshly booted system would do on its own and nobody here waits for.
MASKED = [
    "apt-daily.timer", "apt-daily-upgrade.timer", "dpkg-db-backup.timer", "e2scrub_all.timer", "fstrim.timer", "logrotate.timer",
    "man-db.timer", "systemd-tmpfiles-clean.timer", "console-getty.service", "getty.target", "systemd-logind.service",
    "systemd-networkd.service", "systemd-resolved.service", "systemd-timesyncd.service", "systemd-hwdb-update.service",
    "systemd-firstboot.service", "systemd-remount-fs.service", "ldconfig.service",
]

ENVIRONMENT = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME": "/root", "LANG": "C.UTF-8", "NO_COLOR": "1", "SYSTEMD_PAGER": "", "SYSTEMD_COLORS": "0", "TERM": "dumb",
}

PR_SET_PDEATHSIG = 1


class Machine:
    """Use it as `with Machine({"/src": repository}) as machine:`; inside, the machine is up."""

    def __init__(self, folders):
        # Path in the machine -> folder of the host, read-only there.
        self.folders = folders
        self.name = f"paidan-system-{os.getpid()}"
        self.nspawn = None
        self.init = None
        self.groups = []

    # --- its life

    def __enter__(self):
        try:
            self._build()
            self._boot()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if self.nspawn and self.nspawn.poll() is None:
            # SIGTERM to nspawn asks the machine to shut down in order.
            self.nspawn.terminate()
            try:
                self.nspawn.wait(30)
            except subprocess.TimeoutExpired:
                self.nspawn.kill()
                self.nspawn.wait()
        for group in self.groups:
            for folder, _, _ in os.walk(group, topdown=False):
                try:
                    os.rmdir(folder)
                except OSError:
                    pass
        if self.work:
            subprocess.run(["umount", "--lazy", self.tree, self.work], stderr=subprocess.DEVNULL, check=False)
            shutil.rmtree(self.work, ignore_errors=True)

    work = None

    def _build(self):
        # Our own view of the mounts: whatever happens, nothing stays behind on the host. (run starts it under unshare --mount.)
        subprocess.run(["mount", "--make-rprivate", "/"], check=True)
        self.work = tempfile.mkdtemp(prefix="paidan-system-", dir="/var/tmp")
        subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=0755", "tmpfs", self.work], check=True)
        upper, scratch, self.tree = (f"{self.work}/{name}" for name in ("upper", "scratch", "tree"))
        for folder in (upper, scratch, self.tree):
            os.mkdir(folder)
        options = f"lowerdir=/,upperdir={upper},workdir={scratch}"
        subprocess.run(["mount", "-t", "overlay", "-o", options, "overlay", self.tree], check=True)
        # nspawn keeps its locks there; the host's may be another systemd's.
        subprocess.run(["mount", "-t", "tmpfs", "tmpfs", "/run"], check=True)

        tree = Path(self.tree)
        (tree / "etc/machine-id").unlink(missing_ok=True)
        (tree / "etc/machine-id").write_text(uuid.uuid4().hex + "\n")
        (tree / "etc/fstab").write_text("")
        (tree / "etc/hostname").write_text("paidan-test\n")
        units = tree / "etc/systemd/system"
        # What the host has enabled (a database, say) is not what is tested.
        for wants in list(units.glob("*.wants")) + list(units.glob("*.requires")):
            shutil.rmtree(wants)
        for unit in MASKED:
            (units / unit).unlink(missing_ok=True)
            (units / unit).symlink_to("/dev/null")
        # An earlier installation on this host must not help.
        for leftover in ("usr/bin/paidan", "usr/lib/systemd/system/paidan.service", "etc/systemd/system/paidan.service"):
            (tree / leftover).unlink(missing_ok=True)
        for leftover in ("etc/paidan", "var/lib/paidan", "var/spool/paidan", "etc/systemd/system/paidan.service.d", "var/log/journal"):
            shutil.rmtree(tree / leftover, ignore_errors=True)
        (tree / "var/log/journal").mkdir()
        journald = tree / "etc/systemd/journald.conf.d"
        journald.mkdir(parents=True, exist_ok=True)
        (journald / "suite.conf").write_text("[Journal]\nStorage=persistent\nSystemMaxUse=512M\nForwardToConsole=no\n")
        self._add_chinese(tree)

    @staticmethod
    def _add_chinese(tree):
        """journalctl picks the catalog's language by the locale, which must exist: C.UTF-8's tables under that name do."""
        target = tree / "usr/lib/locale/zh_CN.utf8"
        if not target.exists():
            for name in ("C.utf8", "C.UTF-8"):
                if (tree / "usr/lib/locale" / name).is_dir():
                    shutil.copytree(tree / "usr/lib/locale" / name, target)
                    return
            raise Failed("no UTF-8 locale on this host: /usr/lib/locale/C.utf8 is missing")

    def _own_groups(self):
        """Control groups of our own, so that two suites at once don't share nspawn's. Where they can't be made we go without."""
        mounts = {}
        for line in Path("/proc/self/mountinfo").read_text().splitlines():
            left, right = line.split(" - ")
            kind, _, options = right.split(" ")[:3]
            if kind == "cgroup2":
                mounts[""] = left.split(" ")[4]
            elif kind == "cgroup" and "name=systemd" in options:
                mounts["name=systemd"] = left.split(" ")[4]
        for line in Path("/proc/self/cgroup").read_text().splitlines():
            _, controllers, path = line.split(":", 2)
            if controllers in mounts:
                group = f"{mounts[controllers]}{path.rstrip('/')}/{self.name}"
                try:
                    os.mkdir(group)
                    self.groups.append(group)
                except OSError:
                    pass

    def _boot(self):
        self._own_groups()
        libc = ctypes.CDLL(None, use_errno=True)

        def enter_groups():
            libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
            for group in self.groups:
                Path(group, "cgroup.procs").write_text(str(os.getpid()))

        binds = [f"--bind-ro={host}:{inside}" for inside, host in self.folders.items()]
        self.console = open(f"{self.work}/console", "w+b")
        self.nspawn = subprocess.Popen(
            ["systemd-nspawn", "--quiet", "--register=no", "--keep-unit", "--private-network", "--link-journal=no", "--settings=no",
             "--resolv-conf=off", "--timezone=off", f"--machine={self.name}", f"--directory={self.tree}", *binds, "--boot"],
            stdin=subprocess.DEVNULL, stdout=self.console, stderr=subprocess.STDOUT, preexec_fn=enter_groups, start_new_session=True)
        self.init = until("the machine's first process", 30, self._find_init)

        def state():
            if self.nspawn.poll() is not None:
                raise Failed("the machine ended while booting: " + self.console_tail())
            return self.enter("systemctl", "is-system-running", "--wait", check=False).stdout.strip()

        until("the machine is up", 60, lambda: state() in ("running", "degraded"))
        broken = self.enter("systemctl", "list-units", "--failed", "--plain", "--no-legend").stdout.strip()
        if broken:
            raise Failed(f"units failed while booting: {broken}")

    def _find_init(self):
        if self.nspawn.poll() is not None:
            raise Failed("systemd-nspawn ended at once: " + self.console_tail())
        for entry in os.listdir("/proc"):
            if not entry.isdigit():
                continue
            try:
                status = dict(line.split(":\t", 1) for line in Path("/proc", entry, "status").read_text().splitlines() if ":\t" in line)
            except OSError:
                continue
            is_first = status["NSpid"].split()[-1] == "1" and len(status["NSpid"].split()) > 1
            if is_first and status["Name"] == "systemd" and int(status["PPid"]) == self.nspawn.pid:
                return int(entry)
        return None

    def console_tail(self):
        self.console.seek(0)
        return self.console.read().decode(errors="replace")[-1500:]

    # --- in it

    def enter(self, *command, check=True, input=None, timeout=90, environment=None):
        """Runs a command inside, as its root. Text in and out. `check`: an exit code but 0 fails with what it said."""
        done = subprocess.run(
            ["nsenter", "--all", "--target", str(self.init), "--", *map(str, command)], input=input, capture_output=True, text=True,
            errors="replace", timeout=timeout, env=ENVIRONMENT | (environment or {}), check=False)
        if check and done.returncode != 0:
            raise Failed(f"{' '.join(map(str, command))}: exit code {done.returncode}: {(done.stderr + done.stdout).strip()[-800:]}")
        return done

    def path(self, inside):
        """The host's path of a file in the machine, its mounts (tmpfs on /run …) included."""
        return Path(f"/proc/{self.init}/root{inside}")

    def host_pid(self, inside):
        """The host's number of a process that has this number in the machine."""
        space = os.readlink(f"/proc/{self.init}/ns/pid")
        for entry in os.listdir("/proc"):
            try:
                if entry.isdigit() and os.readlink(f"/proc/{entry}/ns/pid") == space:
                    for line in Path("/proc", entry, "status").read_text().splitlines():
                        if line.startswith("NSpid:") and line.split()[-1] == str(inside):
                            return int(entry)
            except OSError:
                continue
        raise Failed(f"no process {inside} in the machine")

    # --- its journal

    def journal_end(self):
        """The time of the journal's last entry, in microseconds: what comes later is new."""
        self.enter("journalctl", "--sync")
        return int(json.loads(self.enter("journalctl", "-n1", "-o", "json").stdout)["__REALTIME_TIMESTAMP"])

    def journal(self, *matches, after=0):
        """Entries as dictionaries, oldest first, later than `after`. `matches` as journalctl takes them: `PAIDAN_TASK=…`.

        Not by --after-cursor: with matches, systemd 252 leaves out the first entry after it."""
        self.enter("journalctl", "--sync")
        since = f"--since=@{after // 1_000_000}"
        lines = self.enter("journalctl", "--all", "--quiet", "-o", "json", since, *matches, check=False).stdout.splitlines()
        entries = [json.loads(line) for line in lines]
        return [entry for entry in entries if int(entry["__REALTIME_TIMESTAMP"]) > after]

    def service(self, *names):
        """Properties of paidan.service as a dictionary."""
        lines = self.enter("systemctl", "show", "paidan", "-p", ",".join(names)).stdout.splitlines()
        return dict(line.split("=", 1) for line in lines if "=" in line)

"""What a sender and a duty engineer do, from outside: the socket, the spool folder, the commands."""

import http.client
import json
import os
import socket
import threading
import time

from machine import Failed, until

SOCKET = "/run/paidan/paidan.sock"
SPOOL = "/var/spool/paidan"


class SocketConnection(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path, timeout=10):
        super().__init__("localhost", timeout=timeout)
        self.path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Client:
    def __init__(self, machine):
        self.machine = machine

    # --- the socket

    def request(self, method, target, body=None, kind="application/json", connection=None):
        """The answer's status and its body; JSON is decoded."""
        own = connection is None
        connection = connection or SocketConnection(self.machine.path(SOCKET))
        try:
            connection.request(method, target, body=body, headers={"Content-Type": kind} if body else {})
            answer = connection.getresponse()
            data = answer.read().decode()
            is_json = (answer.getheader("Content-Type") or "").startswith("application/json")
            return answer.status, json.loads(data) if is_json and data else data
        finally:
            if own:
                connection.close()

    def post(self, report, connection=None):
        status, receipt = self.request("POST", "/v1/inputs", json.dumps(report).encode(), connection=connection)
        return status, receipt

    def accepted(self, report):
        """Posts and expects 200; gives the receipt."""
        status, receipt = self.post(report)
        if status != 200 or receipt.get("status") not in ("accepted", "duplicate"):
            raise Failed(f"POST /v1/inputs: {status} {receipt}")
        return receipt

    def health(self):
        return self.request("GET", "/healthz")

    # --- the commands

    def command(self, *arguments, check=True):
        return self.machine.enter("paidan", *arguments, check=check)

    def tasks(self, *arguments):
        lines = self.command("tasks", "--format", "json", *arguments).stdout.splitlines()
        return [json.loads(line) for line in lines if line]

    def all_tasks(self):
        return self.tasks("--all", "--limit", "100000")

    def task_of(self, report_id):
        found = [task for task in self.all_tasks() if report_id in task["report_ids"]]
        if len(found) != 1:
            raise Failed(f"{len(found)} tasks stand for report {report_id}")
        return found[0]

    def of_task(self, task):
        return json.loads(self.command("task", task, "--format", "json").stdout)

    def case(self, case):
        return json.loads(self.command("case", case, "--format", "json").stdout)

    @staticmethod
    def open_stages(case):
        return [stage["name"] for stage in case["stages"] if stage["state"] == "open"]

    @staticmethod
    def stage(case, name):
        return next(stage for stage in case["stages"] if stage["name"] == name)

    # --- the spool folder

    def drop(self, name, text):
        """As a sender does it: written in tmp, renamed into new."""
        folder = self.machine.path(SPOOL)
        (folder / "tmp" / name).write_text(text)
        os.rename(folder / "tmp" / name, folder / "new" / name)

    def waiting(self):
        return sorted(os.listdir(self.machine.path(f"{SPOOL}/new")))

    def done(self):
        """Names below done, whatever folders the daemon makes there."""
        return sorted(name for _, _, files in os.walk(self.machine.path(f"{SPOOL}/done")) for name in files)


def report(identity, **more):
    """A report that a crew can take: the example of the interface."""
    return {
        "id": identity, "source": "suite", "type": "fault", "category": "line_down", "site": "urban", "voltage": "low",
        "place": {"lat": 28.0121, "lon": 120.6554},
    } | more


class Load:
    """Senders that post and write files until told to stop. A sender that gets no answer sends the same again, as real ones
    do; what was answered with 200 is remembered with its receipt."""

    def __init__(self, client, name, senders=3):
        self.client = client
        self.name = name
        self.stopping = threading.Event()
        self.lock = threading.Lock()
        # id -> tasks of the receipt
        self.receipts = {}
        # ids in files handed over to the spool
        self.spooled = set()
        self.faults = []
        self.threads = [threading.Thread(target=self._guarded, args=(self._post, n)) for n in range(senders)]
        self.threads.append(threading.Thread(target=self._guarded, args=(self._write_files, senders)))

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        self.stopping.set()
        for thread in self.threads:
            thread.join()
        if self.faults:
            raise Failed("; ".join(self.faults[:3]))

    def wait_for(self, count, seconds=60):
        """Until so many more receipts are there."""
        goal = len(self.receipts) + count
        until(f"{count} more receipts for {self.name}", seconds, lambda: len(self.receipts) >= goal or self.faults)

    def _guarded(self, work, number):
        try:
            work(number)
        except Exception as error:  # pylint: disable=broad-except
            self.faults.append(f"sender {number}: {type(error).__name__}: {error}")

    def _post(self, number):
        connection = None
        count = 0
        while not self.stopping.is_set():
            identity = f"{self.name}-{number}-{count}"
            text = report(identity, category="cable_damage")
            give_up = time.monotonic() + 60
            while True:
                try:
                    connection = connection or SocketConnection(self.client.machine.path(SOCKET))
                    status, receipt = self.client.post(text, connection)
                except (OSError, http.client.HTTPException, ValueError):
                    connection = None
                    if self.stopping.is_set():
                        return
                    if time.monotonic() > give_up:
                        raise Failed(f"no answer for {identity} in 60 s") from None
                    time.sleep(0.02)
                    continue
                if status == 200:
                    with self.lock:
                        self.receipts[identity] = receipt["tasks"]
                    break
                if status not in (503, 507):
                    raise Failed(f"{identity}: {status} {receipt}")
                if self.stopping.is_set():
                    return
                if time.monotonic() > give_up:
                    raise Failed(f"{identity}: still {status} after 60 s: {receipt}")
                time.sleep(0.02)
            count += 1

    def _write_files(self, number):
        count = 0
        while not self.stopping.is_set():
            ids = [f"{self.name}-{number}-{count}-{line}" for line in range(20)]
            text = "".join(json.dumps(report(identity, category="cable_damage")) + "\n" for identity in ids)
            self.client.drop(f"{self.name}-{count}.jsonl", text)
            self.spooled.update(ids)
            count += 1
            # The folder is a queue on disk: leave it some files to read, not thousands.
            while len(self.client.waiting()) > 3 and not self.stopping.is_set():
                time.sleep(0.02)

    def verify(self):
        """Nothing lost, nothing twice: every answered and every spooled report is one task, as its receipt said."""
        until("the spool folder is empty", 60, lambda: not self.client.waiting())
        tasks_of = {}
        for task in self.client.all_tasks():
            for identity in task["report_ids"]:
                tasks_of.setdefault(identity, []).append(task["id"])
        mine = {identity for identity in tasks_of if identity.startswith(self.name + "-")}
        expected = set(self.receipts) | self.spooled
        lost = sorted(expected - mine)
        twice = sorted(identity for identity in mine if len(tasks_of[identity]) != 1)
        other = sorted(identity for identity in self.receipts if sorted(self.receipts[identity]) != sorted(tasks_of.get(identity, [])))
        if lost or twice or other:
            raise Failed(
                f"of {len(expected)} reports {len(lost)} are lost {lost[:3]}, {len(twice)} became several tasks {twice[:3]}, "
                f"{len(other)} have another task than their receipt says {other[:3]}")
        again = sorted(self.receipts)[:: max(1, len(self.receipts) // 50)]
        for identity in again:
            receipt = self.client.accepted(report(identity, category="cable_damage"))
            if receipt["status"] != "duplicate" or receipt["tasks"] != self.receipts[identity]:
                raise Failed(f"sent again, {identity} got {receipt} instead of its first receipt {self.receipts[identity]}")
        return len(expected)

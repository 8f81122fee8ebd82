#!/usr/bin/python3
"""A stand-in for paidan, to prove the suite without a build: as small as the checks allow, and no model for anything.

It keeps its reports in one file, one JSON line each, written and synced by the one thread that also feeds the watchdog.
Every report goes to one crew; a "rule set" is any text without the word catgory.
"""

import errno
import hashlib
import http.client
import http.server
import json
import os
import queue
import re
import shutil
import signal
import socket
import socketserver
import struct
import sys
import threading
import time
from pathlib import Path

RULES, STATE, SPOOL = Path("/etc/paidan/rules"), Path("/var/lib/paidan"), Path("/var/spool/paidan")
SOCKET = "/run/paidan/paidan.sock"
NEXT = {"accept": "accepted", "enroute": "enroute", "onsite": "onsite", "complete": "completed"}


def notify(text):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.sendto(text.encode(), os.environ["NOTIFY_SOCKET"].replace("@", "\0", 1))


class Journal:
    def __init__(self):
        text = Path("/usr/lib/systemd/catalog/paidan.catalog").read_text(encoding="utf-8")
        self.numbers = dict(re.findall(r"# (\w+)\n-- (\w{32})", text))
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)

    def say(self, event, message, **fields):
        data = b""
        for name, value in {"MESSAGE": message, "MESSAGE_ID": self.numbers[event], "PRIORITY": "6", "SYSLOG_IDENTIFIER": "paidan",
                            "PAIDAN_EVENT": event, **fields}.items():
            value = value.encode()
            data += name.encode() + b"\n" + struct.pack("<Q", len(value)) + value + b"\n"
        self.socket.sendto(data, "/run/systemd/journal/socket")


def read_rules(folder):
    """The set's hash, its text and its errors."""
    text, errors = "", []
    for path in sorted(folder.glob("*.yaml")):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            text += line + "\n"
            if "catgory" in line:
                column = line.index("catgory") + 1
                errors.append(f"{folder}/{path.name}:{number}:{column}: error[unknown-field]: 'report' has no field 'catgory'")
    return hashlib.sha256(text.encode()).hexdigest()[:12], text, errors


class Daemon:
    def __init__(self):
        self.journal = Journal()
        self.queue = queue.Queue()
        self.tasks = {}
        self.stopping = False
        self.without_room = False
        self.beat = time.monotonic()
        self.good = STATE / "good-rules"
        self.committing = False

    def start(self):
        self.hash, self.text, errors = read_rules(RULES)
        if errors and not self.good.exists():
            self.journal.say("no_usable_rules", "no usable rules\n" + "\n".join(errors))
            sys.exit(78)
        if errors:
            self.hash, self.text, _ = read_rules(self.good)
            self.journal.say("running_on_last_good_rules", "on the last good\n" + "\n".join(errors), PAIDAN_RULES_HASH=self.hash)
        else:
            self.keep_rules()
        self.log = os.open(STATE / "log", os.O_CREAT | os.O_RDWR | os.O_APPEND, 0o600)
        lines = (STATE / "log").read_text(encoding="utf-8").splitlines()
        for number, line in enumerate(lines, 1):
            # The last one may have been cut off from its journal line by a crash.
            self.apply(json.loads(line), is_new=number == len(lines))
        Path(SOCKET).unlink(missing_ok=True)
        self.server = Server(SOCKET, Handler)
        self.server.daemon = self
        os.chmod(SOCKET, 0o660)
        signal.signal(signal.SIGTERM, lambda *_: setattr(self, "stopping", True))
        for name, body in (("paidan-http", self.server.serve_forever), ("paidan-loop", self.loop), ("paidan-watch", self.watch),
                           ("paidan-inbox", self.inbox)):
            thread = threading.Thread(target=self.named, args=(name, body), daemon=True)
            thread.start()
            if name == "paidan-loop":
                loop = thread
        self.journal.say("ready", "ready", PAIDAN_RULES_HASH=self.hash)
        notify("READY=1\n" + self.status())
        while not self.stopping:
            time.sleep(0.05)
        notify("STOPPING=1")
        self.journal.say("stopping", "stopping")
        loop.join()
        self.journal.say("stopped", "stopped")
        os._exit(0)

    @staticmethod
    def named(name, body):
        Path(f"/proc/self/task/{threading.get_native_id()}/comm").write_text(name, encoding="ascii")
        body()

    def keep_rules(self):
        shutil.rmtree(self.good, ignore_errors=True)
        shutil.copytree(RULES, self.good)

    def status(self):
        return f"STATUS={len(self.tasks)} open tasks, 0 overdue, 1 crew on duty, 0 inputs in the last minute, rules {self.hash} since today"

    def apply(self, entry, is_new):
        task = entry["task"]
        if entry["event"] == "created":
            self.tasks[task] = {"id": task, "report_ids": [entry["id"]], "state": "dispatched", "priority": entry["priority"]}
        else:
            self.tasks[task]["state"] = entry["event"]
        if is_new:
            fields = {"PAIDAN_TASK": task, "PAIDAN_REPORT": entry["id"], "PAIDAN_RULE": "stand.in", "PAIDAN_CREW": "crew-1"}
            for event in ("created", "dispatched") if entry["event"] == "created" else (entry["event"],):
                self.journal.say(f"task_{event}", f"{task} {event}", **fields)

    def decide(self, body):
        """What is to be written, and the receipt."""
        if body.get("kind") == "progress":
            return {"task": body["task"], "id": body["task"], "event": NEXT[body["event"]]}, {"status": "accepted", "tasks": [body["task"]]}
        for task in self.tasks.values():
            if body["id"] in task["report_ids"]:
                return None, {"id": body["id"], "status": "duplicate", "tasks": [task["id"]]}
        task = f"T-20261122-{len(self.tasks) + 1}"
        priority = re.search(r"priority: (\w+)", self.text).group(1)
        receipt = {"id": body["id"], "status": "accepted", "tasks": [task]}
        return {"task": task, "id": body["id"], "event": "created", "priority": priority}, receipt

    def loop(self):
        while not (self.stopping and self.queue.empty()):
            self.beat = time.monotonic()
            notify("WATCHDOG=1\n" + self.status())
            try:
                body, answer = self.queue.get(timeout=0.2)
            except queue.Empty:
                continue
            entry, receipt = self.decide(body)
            if entry:
                size = os.fstat(self.log).st_size
                try:
                    self.committing = True
                    os.write(self.log, (json.dumps(entry) + "\n").encode())
                    os.fsync(self.log)
                    # A file on a tmpfs of whole pages: so that the disk really is full when it is.
                    with open(STATE / "page", "wb") as page:
                        page.write(bytes(4096))
                except OSError as error:
                    os.ftruncate(self.log, size)
                    if error.errno != errno.ENOSPC:
                        raise
                    if not self.without_room:
                        self.journal.say("disk_full", "no room")
                    self.without_room = True
                    answer.put((507, {"reason": "no room"}))
                    continue
                finally:
                    self.committing = False
                if self.without_room:
                    self.journal.say("disk_room_again", "room again")
                self.without_room = False
                self.apply(entry, is_new=True)
            answer.put((200, receipt))

    def submit(self, body):
        answer = queue.Queue()
        self.queue.put((body, answer))
        return answer.get()

    def inbox(self):
        while True:
            for path in sorted((SPOOL / "new").iterdir()):
                if all(self.submit(json.loads(line))[0] == 200 for line in path.read_text(encoding="utf-8").splitlines()):
                    path.rename(SPOOL / "done" / path.name)
            time.sleep(0.05)

    def watch(self):
        while True:
            time.sleep(0.2)
            silent = time.monotonic() - self.beat
            if silent > 6:
                part = "writer" if self.committing else "loop"
                self.journal.say("watchdog_reason", f"the {part} has stood still for {silent:.1f} s")
                time.sleep(60)

    def reload(self):
        new, text, errors = read_rules(RULES)
        notify(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}")
        if errors:
            self.journal.say("rules_refused", "refused\n" + "\n".join(errors), PAIDAN_RULES_HASH=self.hash)
        else:
            self.hash, self.text = new, text
            self.keep_rules()
            self.journal.say("rules_loaded", "loaded", PAIDAN_RULES_HASH=new)
        notify("READY=1\n" + self.status())
        return errors


class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True
    request_queue_size = 64


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def address_string(self):
        return "local"

    def log_message(self, *_):
        pass

    def answer(self, status, value):
        data = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self):  # pylint: disable=invalid-name
        daemon = self.server.daemon
        if self.path == "/healthz":
            self.answer(200, {"status": "ok", "reasons": ["the disk is full"] if daemon.without_room else []})
        else:
            self.answer(200, list(daemon.tasks.values()))

    def do_POST(self):  # pylint: disable=invalid-name
        body = self.rfile.read(int(self.headers["Content-Length"] or 0))
        daemon = self.server.daemon
        if self.path == "/v1/reload":
            errors = daemon.reload()
            self.answer(422 if errors else 200, errors)
        else:
            self.answer(*daemon.submit(json.loads(body)))


def call(method, target, value=None):
    connection = http.client.HTTPConnection("localhost")
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.connect(SOCKET)
    connection.request(method, target, json.dumps(value))
    answer = connection.getresponse()
    return answer.status, json.loads(answer.read())


def main(words):
    if words[0] == "serve":
        Daemon().start()
    elif words[0] == "reload":
        status, errors = call("POST", "/v1/reload", {})
        print("\n".join(errors))
        sys.exit(status != 200)
    elif words[0] == "tasks":
        for task in call("GET", "/v1/tasks")[1]:
            print(json.dumps(task))
    elif words[0] == "task":
        call("POST", "/v1/inputs", {"kind": "progress", "task": words[1], "event": words[2]})
    elif words[0] == "send":
        for line in Path(words[1]).read_text(encoding="utf-8").splitlines():
            print(json.dumps(call("POST", "/v1/inputs", json.loads(line))[1]))


if __name__ == "__main__":
    main(sys.argv[1:])

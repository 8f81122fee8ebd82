"""What must hold under the real systemd. Each check says what it shows, and how it is spoiled to see it turn red."""

import dataclasses
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Callable

from client import SPOOL, Client, Load, report
from machine import Failed, until

RULES = "/etc/paidan/rules"
STATE = "/var/lib/paidan"
DROP_INS = "/etc/systemd/system/paidan.service.d"
CATALOGS = "/usr/lib/systemd/catalog"
ENGLISH = {"LANG": "C.UTF-8"}
CHINESE = {"LANG": "zh_CN.UTF-8"}
# WatchdogSec= of the unit, and what the issue allows on top of it.
WATCHDOG_SECONDS, WATCHDOG_SLACK_SECONDS = 10, 2


@dataclasses.dataclass
class Check:
    what: str
    # What --sabotage does to the world before this check looks at it.
    sabotage: str
    run: Callable
    stand_in: bool


ALL = []


def check(what, red_when, stand_in=True):
    def register(function):
        ALL.append(Check(what, red_when, function, stand_in))
        return function
    return register


def expect(holds, text):
    if not holds:
        raise Failed(text)


class World:
    """The machine with paidan installed, and what every check needs of it."""

    def __init__(self, machine, binary):
        self.machine = machine
        self.binary = binary
        self.client = Client(machine)
        self.note = ""
        self.after = 0
        self.wedges = []

    # --- the service

    def install(self):
        return self.machine.enter("/src/systemd/install.sh", "--binary", self.binary, timeout=300)

    def start(self):
        self.machine.enter("systemctl", "start", "paidan")

    def stop(self):
        self.machine.enter("systemctl", "stop", "paidan")

    def drop_in(self, text):
        folder = self.machine.path(DROP_INS)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "suite.conf").write_text(text)
        self.machine.enter("systemctl", "daemon-reload")

    def main_pid(self):
        return int(self.machine.service("MainPID")["MainPID"])

    def running(self, other_than=0):
        """The main process' number once the service is active with another one than that; 0 until then."""
        seen = self.machine.service("ActiveState", "SubState", "MainPID")
        pid = int(seen["MainPID"])
        return pid if (seen["ActiveState"], seen["SubState"]) == ("active", "running") and pid not in (0, other_than) else 0

    def rules_hash(self):
        """The hash in the Status line: twelve hexadecimal digits."""
        text = self.machine.service("StatusText")["StatusText"]
        found = re.search(r"\b[0-9a-f]{12}\b", text)
        expect(found, f"no rules' hash in the Status line: {text!r}")
        return found.group()

    def entries(self, *matches):
        """The service's own journal lines since the check began."""
        return self.machine.journal("-u", "paidan", *matches, after=self.after)

    def created(self):
        """The tasks whose creation stands in the journal since the check began. Not by -u: journald can't tell any more which unit a
        process belonged to when it ended before journald read its last lines."""
        lines = self.machine.journal("SYSLOG_IDENTIFIER=paidan", "PAIDAN_EVENT=task_created", after=self.after)
        return {line["PAIDAN_TASK"] for line in lines}

    def event(self, name, seconds=15):
        """The first line of this event since the check began."""
        return until(f"{name} in the journal", seconds, lambda: self.entries(f"PAIDAN_EVENT={name}"))[0]

    # --- its rules

    def rules_file(self, words):
        """The shipped rule file that has these words, and its text."""
        for path in sorted(self.machine.path(RULES).glob("*.yaml")):
            text = path.read_text()
            if words in text:
                return path, text
        raise Failed(f"no shipped rule file has '{words}'")

    def edit_rules(self, old, new):
        path, text = self.rules_file(old)
        path.write_text(text.replace(old, new))
        # Whoever changes what a test holds changes the test too: else the reload is refused, and rightly.
        for test in sorted(self.machine.path(RULES).glob("tests/*.yaml")):
            text = test.read_text()
            if old in text:
                test.write_text(text.replace(old, new))
        return path.name

    def break_rules(self):
        """A typing error in a condition, and the file that has it."""
        return self.edit_rules("report.category", "report.catgory")

    # --- between checks

    def prepare(self):
        self.note = ""
        self.clean_up()
        self.machine.enter("systemctl", "stop", "paidan")
        while self.machine.enter("mountpoint", "--quiet", STATE, check=False).returncode == 0:
            self.machine.enter("umount", STATE)
        shutil.rmtree(self.machine.path(DROP_INS), ignore_errors=True)
        shutil.rmtree(self.machine.path(RULES), ignore_errors=True)
        shutil.copytree(self.machine.path("/usr/share/paidan/rules"), self.machine.path(RULES))
        # Each check begins with an empty store and spool, so that none lives on what another left (crews that are busy, say).
        self.machine.enter("rm", "-rf", STATE)
        self.machine.enter("find", f"{SPOOL}/tmp", f"{SPOOL}/new", "-mindepth", "1", "-delete")
        self.machine.enter("systemctl", "daemon-reload")
        self.machine.enter("systemctl", "reset-failed", "paidan", check=False)
        self.start()
        self.after = self.machine.journal_end()

    def clean_up(self):
        for wedge in self.wedges:
            wedge.kill()
            wedge.wait()
        self.wedges.clear()

    def last_words(self):
        try:
            state = self.machine.service("ActiveState", "SubState", "Result", "ExecMainStatus", "NRestarts", "StatusText")
            lines = self.machine.enter("journalctl", "-u", "paidan", "-n", "25", "-o", "short-precise", "--no-hostname").stdout
            return f"{state}\n{lines}"
        except Exception as error:  # pylint: disable=broad-except
            return f"nothing can be learnt any more: {error}"

    def wedge(self, *arguments):
        """Starts wedge.py on the host; returns once a thread stands still, with what it says."""
        process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("wedge.py")), *map(str, arguments)], stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True)
        self.wedges.append(process)
        line = process.stdout.readline().strip()
        if not line:
            raise Failed(f"wedge.py: {process.stderr.read().strip()}")
        return line


# --- installing and starting


@check("install.sh installs the build, and a second time leaves edited rules alone", "the spool folder is open to everybody")
def installs(world, sabotaged):
    machine = world.machine
    edited = "# edited by the operator\n"
    path, text = world.rules_file("module: site")
    path.write_text(text + edited)
    said = world.install().stdout
    if sabotaged:
        machine.enter("chmod", "0777", f"{SPOOL}/new")
    expect("systemctl enable --now paidan" in said, f"install.sh does not say what to do next: {said}")
    expect(path.read_text().endswith(edited), "the second installation wrote over edited rules")
    for folder in ("", "/tmp", "/new", "/done", "/quarantine"):
        seen = machine.enter("stat", "--format=%a %U %G", SPOOL + folder).stdout.strip()
        expect(seen == "2770 paidan paidan", f"{SPOOL}{folder} is {seen}, not 2770 paidan paidan")
    world.stop()
    world.start()
    for folder, wanted in ((STATE, "700 paidan paidan"), ("/run/paidan", "750 paidan paidan")):
        seen = machine.enter("stat", "--format=%a %U %G", folder).stdout.strip()
        expect(seen == wanted, f"{folder} is {seen}, not {wanted}")
    seen = machine.enter("stat", "--format=%a %U %G", "/run/paidan/paidan.sock").stdout.strip()
    expect(seen == "660 paidan paidan", f"the socket is {seen}, not 660 paidan paidan")
    complaints = machine.enter("systemd-analyze", "verify", "/usr/lib/systemd/system/paidan.service", check=False)
    text = (complaints.stdout + complaints.stderr).strip()
    expect(not text, f"systemd-analyze verify: {text}")


@check("starts: READY means that the socket answers, and the Status line tells the state", "ExecStart runs but never says READY")
def starts(world, sabotaged):
    world.stop()
    if sabotaged:
        world.drop_in("[Service]\nExecStart=\nExecStart=/bin/sleep infinity\nTimeoutStartSec=2\n")
    began = time.monotonic()
    world.machine.enter("systemctl", "enable", "--now", "paidan")
    world.note = f"READY in {time.monotonic() - began:.2f} s"
    status, health = world.client.health()
    expect(status == 200, f"/healthz right after the start: {status} {health}")
    seen = world.machine.service("ActiveState", "SubState", "StatusText", "UnitFileState")
    expect((seen["ActiveState"], seen["SubState"]) == ("active", "running"), f"after the start the unit is {seen}")
    expect(seen["UnitFileState"] == "enabled", f"the unit is {seen['UnitFileState']}, not enabled")
    for word in ("open", "overdue", "on duty", "min", "rules", "since"):
        expect(word in seen["StatusText"], f"the Status line does not tell '{word}': {seen['StatusText']!r}")
    told = world.event("ready").get("PAIDAN_RULES_HASH")
    expect(told == world.rules_hash(), f"the journal's ready tells the rules {told}, the Status line {world.rules_hash()}")


@check("the Status line follows: a task more is counted", "nothing is reported")
def status_follows(world, sabotaged):
    def open_tasks():
        text = world.machine.service("StatusText")["StatusText"]
        found = re.search(r"(\d+) open", text)
        expect(found, f"no number of open tasks in the Status line: {text!r}")
        return int(found.group(1))
    before = open_tasks()
    if not sabotaged:
        world.client.accepted(report(f"status-{time.time_ns()}"))
    until("one more open task in the Status line", 10, lambda: open_tasks() == before + 1)


# --- the main job


def live(world, name):
    """A fault file, dispatched, lived through by the crew; gives the task's number and the events expected."""
    world.client.drop(f"{name}.json", json.dumps(report(name)))
    dispatched = until(
        "the fault's dispatch in the journal", 15,
        lambda: world.entries(f"PAIDAN_REPORT={name}", "PAIDAN_EVENT=task_dispatched"))[0]
    task, crew = dispatched["PAIDAN_TASK"], dispatched.get("PAIDAN_CREW")
    expect(crew, f"the dispatch names no crew: {dispatched['MESSAGE']}")
    for word in ("accept", "enroute", "onsite", "complete"):
        world.client.command("task", task, word, "--by", crew)
    return task


def events_of(world, task):
    return [entry["PAIDAN_EVENT"] for entry in world.entries(f"PAIDAN_TASK={task}")]


LIFE = ["task_created", "task_dispatched", "task_accepted", "task_enroute", "task_onsite", "task_completed"]


@check("a fault file leads to a dispatched task, and the journal tells its life", "the file stays in the spool's tmp")
def life(world, sabotaged):
    name = f"life-{time.time_ns()}"
    if sabotaged:
        world.client.drop = lambda *_: None
    try:
        task = live(world, name)
    finally:
        world.client.__dict__.pop("drop", None)
    told = until(
        "the whole life in the journal", 10,
        lambda: (seen := events_of(world, task)) and "task_completed" in seen and seen)
    expect([event for event in told if event in LIFE] == LIFE, f"journalctl PAIDAN_TASK={task} tells {told}, not {LIFE}")
    state = world.client.task_of(name)["state"]
    expect(state == "completed", f"the task is {state}, not completed")
    expect(f"{name}.json" in world.client.done() and not world.client.waiting(), "the file did not move to done")
    entry = world.entries(f"PAIDAN_TASK={task}", "PAIDAN_EVENT=task_dispatched")[0]
    for field in ("PAIDAN_REPORT", "PAIDAN_RULE", "PAIDAN_CREW", "MESSAGE_ID"):
        expect(entry.get(field), f"the dispatch line has no {field}")
    world.note = entry["MESSAGE"]


@check("journalctl -x explains a life in English and Chinese", "one Chinese entry is taken out of the catalog")
def explained(world, sabotaged):
    machine = world.machine
    task = live(world, f"explained-{time.time_ns()}")
    world.event("task_completed")
    chinese = machine.path(f"{CATALOGS}/paidan.zh_CN.catalog")
    text = chinese.read_text()
    if sabotaged:
        number = re.search(r"# task_accepted\n-- (\w{32})", text).group(1)
        chinese.write_text(text.replace(number, "0" * 32))
        machine.enter("journalctl", "--update-catalog")
    try:
        for language, words in ((ENGLISH, [
                f"Task {task} was created", f"Task {task} was dispatched", f"Task {task} was accepted",
                f"The crew of task {task} is on the way", f"The crew of task {task} is on site", f"Task {task} was completed"]),
                (CHINESE, [f"工单 {task} 已生成", f"工单 {task} 已派单", f"工单 {task} 已接单", f"工单 {task} 班组已出发",
                           f"工单 {task} 班组已到达现场", f"工单 {task} 已完成"])):
            shown = machine.enter("journalctl", "-u", "paidan", "-x", f"PAIDAN_TASK={task}", environment=language).stdout
            for word in words:
                expect(f"Subject: {word}" in shown, f"journalctl -x under {language['LANG']} does not show 'Subject: {word}'")
    finally:
        chinese.write_text(text)
        machine.enter("journalctl", "--update-catalog")


TELL_CREW = """#!/bin/sh
# Fails the first time, as a gateway that is down; tries to leave the sandbox; keeps what it was given.
cd /var/spool/paidan/tmp || exit 9
[ -e tried ] || { touch tried; echo "gateway is down" >&2; exit 7; }
touch /etc/paidan/rules/escaped 2>/dev/null
cat >> told
echo >> told
"""


@check("a notification command gets the notice, is tried again, and stays in the sandbox", "the command is not there", stand_in=False)
def told(world, sabotaged):
    machine = world.machine
    command = machine.path("/usr/local/bin/tell-crew")
    path, text = world.rules_file("# channels:")
    example = text[text.index("# channels:"):]
    path.write_text(text.replace(example, example.replace("\n# ", "\n").replace("# channels:", "channels:")))
    if not sabotaged:
        command.write_text(TELL_CREW)
        command.chmod(0o755)
    try:
        machine.enter("systemctl", "reload", "paidan")
        name = f"told-{time.time_ns()}"
        task = world.client.accepted(report(name))["tasks"][0]
        failed = world.event("notice_failed")
        expect(failed.get("PAIDAN_TASK") == task, f"the failed notice names {failed.get('PAIDAN_TASK')}, not {task}")
        file = machine.path(f"{SPOOL}/tmp/told")
        until("the notice is delivered at a second try", 60, lambda: file.exists() and "\n\n" in file.read_text())
        notice = json.loads(file.read_text().split("\n")[0])
        expect((notice["task"], notice["event"]) == (task, "dispatched"), f"the command was given {notice}")
        expect(not machine.path(f"{RULES}/escaped").exists(), "the command wrote into /etc")
        world.note = failed["MESSAGE"]
    finally:
        command.unlink(missing_ok=True)


@check("paidan send hands inputs over and prints each receipt", "the file has a broken line")
def sends(world, sabotaged):
    names = [f"send-{time.time_ns()}-{n}" for n in range(3)]
    lines = [json.dumps(report(name)) for name in names]
    if sabotaged:
        lines[1] = lines[1][:-5]
    world.machine.path("/tmp/send.jsonl").write_text("\n".join(lines) + "\n")
    done = world.client.command("send", "/tmp/send.jsonl", check=False)
    expect(done.returncode == 0, f"exit code {done.returncode}: {done.stdout}{done.stderr}")
    for name in names:
        expect(name in done.stdout, f"no receipt for {name} in: {done.stdout}")
        world.client.task_of(name)
    again = world.client.command("send", "/tmp/send.jsonl")
    expect("duplicate" in again.stdout, f"sent again, the receipts do not say duplicate: {again.stdout}")


@check("an application lives through SIGKILL and an edit of its process, stage by stage", "the missing document is not handed in", stand_in=False)
def application(world, sabotaged):
    client = world.client
    receipt = client.accepted({
        "id": f"application-{time.time_ns()}", "source": "counter", "type": "application", "category": "new_connection", "voltage": "low",
        "fields": {"residential": True}, "documents": ["identity"], "place": {"lat": 28.0121, "lon": 120.6554}})
    case = receipt["case"]
    seen = client.case(case)
    expect(seen["missing"] == ["property"] and receipt["tasks"] == [], f"{case} should wait for one document: {seen}")
    if not sabotaged:
        client.command("case", case, "documents", "property")
    seen = client.case(case)
    expect(client.open_stages(seen) == ["acceptance"], f"its first stage should be open: {seen}")

    # The process gets another stage; the application goes on by the one that it began with, also after a crash.
    (world.machine.path(RULES) / "tests/connections.yaml").unlink()
    path, text = world.rules_file("name: lv_residential")
    head, rest = text.split("name: lv_residential", 1)
    before, after = rest.split("      - name: filing", 1)
    path.write_text(
        head + "name: lv_residential" + before
        + "      - name: greeting\n        after: [energisation]\n        assign: { department: customer_service }\n"
        + "      - name: filing" + after.replace("after: [energisation]", "after: [greeting]", 1))
    world.machine.enter("systemctl", "reload", "paidan")
    client.command("task", client.stage(seen, "acceptance")["task"], "complete")
    pid = world.main_pid()
    world.machine.enter("systemctl", "kill", "--kill-whom=main", "--signal=KILL", "paidan")
    until("the service runs again", 15, lambda: world.running(other_than=pid))
    seen = client.case(case)
    expect(client.open_stages(seen) == ["site_survey"], f"after the crash its second stage should be open: {seen}")
    expect("greeting" not in [stage["name"] for stage in seen["stages"]], "an open case took up the edited process by itself")
    client.command("case", case, "migrate")
    names = [stage["name"] for stage in client.case(case)["stages"]]
    expect("greeting" in names, f"migrated, the case has the stages {names}")

    # A stage is done by whoever has it, and the next begins by itself, to the end.
    done = []
    while (seen := client.case(case))["state"] == "open":
        name = client.open_stages(seen)[0]
        task = client.stage(seen, name)["task"]
        if client.of_task(task)["state"] == "queued":
            client.command("task", task, "assign", "marketing")
        client.command("task", task, "complete")
        done.append(name)
        expect(len(done) < 20, f"the case does not end: {done}")
    expect(seen["state"] == "completed" and done[-2:] == ["greeting", "filing"], f"the case is {seen['state']} after {done}")
    expect(not client.tasks(), "stages that are done still stand among the open tasks")
    told = [entry["PAIDAN_EVENT"] for entry in world.entries(f"PAIDAN_CASE={case}") if entry["PAIDAN_EVENT"].startswith("case_")]
    for event in ("case_opened", "case_documents_missing", "case_documents_received", "case_accepted", "case_migrated", "case_completed"):
        expect(told.count(event) == 1, f"the journal tells {event} {told.count(event)} times: {told}")
    again = client.command("case", case, "resume", check=False)
    expect(again.returncode == 1 and "completed and filed" in again.stderr, f"a filed case was changed: {again.stdout}{again.stderr}")
    # A slip of the keys in a name is no empty list.
    for words, meant in ((("tasks", "--department", "marketting"), "marketing"), (("cases", "--process", "lv_residentail"), "connections.lv_residential")):
        slip = client.command(*words, check=False)
        expect(slip.returncode != 0 and f"did you mean '{meant}'" in slip.stderr, f"paidan {' '.join(words)}: {slip.stdout}{slip.stderr}")
    world.note = f"{case}: {', '.join(done)}"


# --- reload


def urgency(world):
    """The priority that a hazard gets under the rules in force."""
    name = f"urgency-{time.time_ns()}"
    world.client.accepted(report(name))
    return world.client.task_of(name)["priority"]


@check("systemctl reload with a good edit takes effect at once", "nothing is edited")
def reload_good(world, sabotaged):
    pid, before, priority = world.main_pid(), world.rules_hash(), urgency(world)
    expect(priority == "emergency", f"with the shipped rules a fallen line has priority {priority}")
    if not sabotaged:
        world.edit_rules("priority: emergency", "priority: high")
    world.machine.enter("systemctl", "reload", "paidan")
    after = world.rules_hash()
    expect(after != before, f"after the reload the Status line still shows the rules {after}")
    expect(urgency(world) == "high", "a fallen line is not routed by the edited rule")
    loaded = world.event("rules_loaded")
    expect(loaded.get("PAIDAN_RULES_HASH") == after, f"rules_loaded in the journal names {loaded.get('PAIDAN_RULES_HASH')}, not {after}")
    expect(world.main_pid() == pid, "the reload started another process")


@check("systemctl reload with a bad edit fails with file:line:column, and the old rules stay", "the edit has no error")
def reload_bad(world, sabotaged):
    pid, before = world.main_pid(), world.rules_hash()
    if sabotaged:
        file = world.edit_rules("priority: emergency", "priority: high")
    else:
        file = world.break_rules()
    done = world.machine.enter("systemctl", "reload", "paidan", check=False)
    expect(done.returncode != 0, "systemctl reload says that all is well")
    place = re.compile(re.escape(file) + r":(\d+):(\d+): error\[")
    lines = "\n".join(str(entry["MESSAGE"]) for entry in world.entries())
    found = place.search(lines)
    expect(found, f"no {file}:LINE:COLUMN: error[…] in the journal: {lines}")
    line = world.machine.path(f"{RULES}/{file}").read_text().splitlines()[int(found.group(1)) - 1]
    column = int(found.group(2))
    expect("catgory" in line[column - 1:] and column - 1 <= line.index("catgory"), f"{found.group()} does not point at the mistake: {line}")
    refused = world.event("rules_refused")
    expect(refused.get("PAIDAN_RULES_HASH") == before, "rules_refused in the journal does not name the rules that stay")
    expect(world.rules_hash() == before and world.main_pid() == pid, "the old rules did not stay in force")
    expect(world.running(), "the service is not running after a refused reload")
    expect(urgency(world) == "emergency", "reports are not routed by the old rules")


# --- hard times


@check("SIGKILL under load, three times: nothing is lost, nothing is there twice", "the store is emptied before the comparison")
def killed(world, sabotaged):
    client = world.client
    with Load(client, f"kill{time.time_ns()}") as load:
        for _ in range(3):
            load.wait_for(150)
            pid = world.main_pid()
            world.machine.enter("systemctl", "kill", "--kill-whom=main", "--signal=KILL", "paidan")
            until("the service runs again", 15, lambda: world.running(other_than=pid))
        load.wait_for(50)
        load.stop()
    if sabotaged:
        until("the spool folder is empty", 60, lambda: not client.waiting())
        world.stop()
        world.machine.enter("find", STATE, "-mindepth", "1", "-delete")
        world.start()
    count = load.verify()
    tasks = {task["id"] for task in client.all_tasks()}
    until("every task's creation stands in the journal", 15, lambda: tasks <= world.created())
    world.note = f"{count} reports, {len(load.receipts)} of them with a receipt"


@check("a full disk: no input is lost, health says so, and it goes on by itself", "the disk has room")
def full_disk(world, sabotaged):
    machine, client = world.machine, world.client
    world.stop()
    machine.enter("mount", "-t", "tmpfs", "-o", f"size={'1g' if sabotaged else '24m'},mode=0700", "tmpfs", STATE)
    world.start()
    pid = world.main_pid()
    name = f"full{time.time_ns()}"
    receipts = {}

    def post(number):
        identity = f"{name}-{number}"
        status, receipt = client.post(report(identity, category="no_power"))
        if status == 200:
            receipts[identity] = receipt["tasks"]
        return status, receipt

    expect(post(0)[0] == 200, "no input is taken in on the empty disk")
    filler = machine.path(f"{STATE}/filler")
    with open(filler, "wb", buffering=0) as file:
        try:
            while not sabotaged or file.tell() < 1 << 20:
                file.write(bytes(4096))
        except OSError:
            pass
    refused = None
    for number in range(1, 20_000 if not sabotaged else 200):
        status, receipt = post(number)
        if status != 200:
            expect(status == 507, f"on the full disk: {status} {receipt}, not 507")
            refused = number
            break
    expect(refused, f"{len(receipts)} inputs were taken in on a disk without room")
    world.event("disk_full")
    status, health = client.health()
    expect(status in (200, 503) and health.get("reasons"), f"/healthz on the full disk gives no reason: {status} {health}")
    expect(any(re.search("disk|room", reason) for reason in health["reasons"]), f"/healthz does not name the disk: {health}")
    spooled = f"{name}-spool"
    client.drop(f"{spooled}.json", json.dumps(report(spooled, category="no_power")))
    # Full for longer than the watchdog's time: an honest "no room" is a sign of life.
    since = time.monotonic()
    while time.monotonic() - since < WATCHDOG_SECONDS + WATCHDOG_SLACK_SECONDS:
        expect(world.main_pid() == pid, "the full disk ended the process")
        expect(client.waiting() == [f"{spooled}.json"], "the spool file did not stay where it is while there was no room")
        time.sleep(0.5)
    filler.unlink()
    until("the waiting file is taken in once there is room", 30, lambda: not client.waiting())
    until("inputs are taken in again", 30, lambda: post(refused)[0] == 200)
    world.event("disk_room_again")
    until("health is good again", 15, lambda: not client.health()[1].get("reasons"))
    expect(world.main_pid() == pid, "the process was started anew; it should have gone on by itself")
    tasks = [identity for task in client.all_tasks() for identity in task["report_ids"]]
    for identity in [*receipts, spooled]:
        expect(tasks.count(identity) == 1, f"{identity} stands for {tasks.count(identity)} tasks")
    expect(set(tasks) == set(receipts) | {spooled}, "there are tasks that nobody got a receipt for")
    world.note = f"{len(receipts)} taken in, then 507"


@check("a journal that stands still holds up nothing, and misses nothing afterwards", "the journal's files are deleted", stand_in=False)
def journal_still(world, sabotaged):
    machine, client = world.machine, world.client
    shown = machine.enter("systemctl", "show", "systemd-journald", "-p", "MainPID", "--value").stdout
    journald = machine.host_pid(int(shown))
    name, pid, tasks = f"still{time.time_ns()}", world.main_pid(), set()
    os.kill(journald, signal.SIGSTOP)
    try:
        # Longer than any part of the daemon may be silent before the watchdog is left hungry, and than the watchdog's time.
        since = time.monotonic()
        while time.monotonic() - since < 45:
            tasks |= set(client.accepted(report(f"{name}-{len(tasks)}", category="cable_damage"))["tasks"])
            time.sleep(0.02)
        expect(world.main_pid() == pid, "the daemon was killed because the journal stood still")
        began = time.monotonic()
        world.machine.enter("systemctl", "restart", "paidan", timeout=70)
        world.note = f"{len(tasks)} reports meanwhile; a restart took {time.monotonic() - began:.1f} s"
    finally:
        os.kill(journald, signal.SIGCONT)
    if sabotaged:
        machine.enter("journalctl", "--rotate", "--vacuum-size=1")
    until("every task's creation stands in the journal", 15, lambda: tasks <= world.created())


@check("with broken rules it starts on the last good ones, and says so", "no last good ones are kept")
def last_good(world, sabotaged):
    before = world.rules_hash()
    world.stop()
    file = world.break_rules()
    if sabotaged:
        world.machine.enter("find", STATE, "-mindepth", "1", "-delete")
    world.start()
    told = world.event("running_on_last_good_rules")
    expect(re.search(re.escape(file) + r":\d+:\d+: error\[", told["MESSAGE"]), f"the errors are not in the journal: {told['MESSAGE']}")
    expect(told.get("PAIDAN_RULES_HASH") == before, f"it runs on the rules {told.get('PAIDAN_RULES_HASH')}, not on the last good {before}")
    expect(world.rules_hash() == before, f"the Status line names {world.rules_hash()}, not the last good {before}")
    expect(urgency(world) == "emergency", "reports are not routed by the last good rules")
    world.edit_rules("report.catgory", "report.category")
    world.machine.enter("systemctl", "reload", "paidan")
    expect(world.event("rules_loaded").get("PAIDAN_RULES_HASH") == before, "the mended rules are not the ones from before")


@check("without any good rules it exits with 78, and is not started again", "the unit restarts on 78")
def no_rules(world, sabotaged):
    world.stop()
    world.machine.enter("mount", "-t", "tmpfs", "-o", "mode=0700", "tmpfs", STATE)
    file = world.break_rules()
    if sabotaged:
        world.drop_in("[Service]\nRestartPreventExitStatus=\n")
    done = world.machine.enter("systemctl", "start", "paidan", check=False)
    expect(done.returncode != 0, "systemctl start says that all is well")
    names = ("ActiveState", "SubState", "ExecMainStatus", "Result", "NRestarts")
    seen = world.machine.service(*names)
    wanted = dict(zip(names, ("failed", "failed", "78", "exit-code", "0")))
    expect(seen == wanted, f"the unit is {seen}, not {wanted}")
    told = world.event("no_usable_rules")
    expect(re.search(re.escape(file) + r":\d+:\d+: error\[", told["MESSAGE"]), f"the errors are not in the journal: {told['MESSAGE']}")


def bitten(world, sabotaged, stand_still, word):
    """Something stands still: the watchdog kills in time, the reason is in the journal before, and the service runs again."""
    pid = world.main_pid()
    if sabotaged:
        what = "nothing stands still"
    else:
        what = stand_still(world.machine.host_pid(pid))
    began = time.time()
    limit = WATCHDOG_SECONDS + WATCHDOG_SLACK_SECONDS

    def bite():
        return [entry for entry in world.entries() if "atchdog timeout" in str(entry["MESSAGE"])]

    seconds = int(bite_time(until("the watchdog's bite in the journal", limit + 3, bite)[0])) / 1_000_000 - began
    expect(seconds <= limit, f"{what}: killed after {seconds:.1f} s, later than {limit} s")
    reasons = world.entries("PAIDAN_EVENT=watchdog_reason")
    expect(reasons, f"{what}: killed after {seconds:.1f} s without a reason in the journal")
    expect(bite_time(reasons[0]) < bite_time(bite()[0]), "the reason is in the journal only after the bite")
    expect(word in reasons[0]["MESSAGE"], f"{what}: the reason does not name the {word}: {reasons[0]['MESSAGE']}")
    until("the service runs again", 15, lambda: world.running(other_than=pid))
    expect(world.client.health()[0] == 200, "it is not healthy after the new start")
    world.note = f"{what}; killed after {seconds:.1f} s; said before: {reasons[0]['MESSAGE']}"


def bite_time(entry):
    return int(entry["__REALTIME_TIMESTAMP"])


@check("a wedged loop is killed by the watchdog in time, and the reason stands in the journal before", "the loop runs on")
def wedged_loop(world, sabotaged):
    bitten(world, sabotaged, lambda pid: world.wedge("thread", pid, "paidan-loop"), "loop")


@check("a writer whose disk does not answer is killed by the watchdog in time, with the reason before", "the disk answers")
def blocked_writer(world, sabotaged):
    with Load(world.client, f"blocked{time.time_ns()}", senders=1) as load:
        load.wait_for(3)
        bitten(world, sabotaged, lambda pid: world.wedge("sync", pid), "writer")
        load.wait_for(3)
        load.stop()
    load.verify()


@check("systemd-analyze security is at most 1.5", "the sandbox is opened")
def security(world, sabotaged):
    if sabotaged:
        world.drop_in("[Service]\nPrivateDevices=no\nProtectSystem=no\nSystemCallFilter=\nCapabilityBoundingSet=~\n")
    shown = world.machine.enter("systemd-analyze", "security", "--no-pager", "paidan.service").stdout
    found = re.search(r"exposure level for paidan.service: ([0-9.]+)", shown)
    expect(found, f"no figure in: {shown[-300:]}")
    expect(float(found.group(1)) <= 1.5, f"the exposure level is {found.group(1)}")
    world.note = f"exposure level {found.group(1)}"


@check("a clean stop under load finishes what was accepted and exits with 0", "it is killed instead of stopped")
def clean_stop(world, sabotaged):
    with Load(world.client, f"stop{time.time_ns()}") as load:
        load.wait_for(100)
        if sabotaged:
            world.drop_in("[Service]\nKillSignal=SIGKILL\nRestart=no\n")
        world.stop()
        names = ("ActiveState", "Result", "ExecMainCode", "ExecMainStatus")
        seen = world.machine.service(*names)
        wanted = dict(zip(names, ("inactive", "success", "1", "0")))
        expect(seen == wanted, f"after the stop the unit is {seen}, not {wanted}")
        for event in ("stopping", "stopped"):
            world.event(event)
        load.stopping.set()
        world.start()
        load.stop()
    world.note = f"{load.verify()} reports"


@check("every message of the whole run has a number, and is explained in both languages", "a message without a number is written")
def all_explained(world, sabotaged):
    machine = world.machine
    if sabotaged:
        stray = "printf \"MESSAGE=stray\\\\nSYSLOG_IDENTIFIER=paidan\\\\n\" | logger --journald"
        world.drop_in(f"[Service]\nExecStartPost=/bin/sh -c '{stray}'\n")
        world.stop()
        world.start()
    own = [entry for entry in machine.journal("_SYSTEMD_UNIT=paidan.service", "SYSLOG_IDENTIFIER=paidan", "_TRANSPORT=journal")]
    expect(own, "the journal has no line of the daemon's")
    stray = [str(entry["MESSAGE"]) for entry in own if "MESSAGE_ID" not in entry or "PAIDAN_EVENT" not in entry]
    expect(not stray, f"{len(stray)} lines have no MESSAGE_ID or PAIDAN_EVENT: {stray[:3]}")
    kinds = {entry["MESSAGE_ID"]: entry["PAIDAN_EVENT"] for entry in own}
    for language in (ENGLISH, CHINESE):
        for number, event in kinds.items():
            shown = machine.enter("journalctl", "--dump-catalog", number, environment=language, check=False).stdout
            expect("Subject: " in shown, f"{event} ({number}) is not in the catalog under {language['LANG']}")
            has_han = re.search("[\u4e00-\u9fff]", shown) is not None
            expect(has_han == (language is CHINESE), f"{event} is not explained in the language of {language['LANG']}")
    world.note = f"{len(kinds)} kinds of messages in {len(own)} lines"

#!/usr/bin/env python3
"""paidan under the real systemd: installs a build on a machine of its own and looks at it as an operator would.

    sudo Tests/System/suite.py [--binary FILE] [--only WORDS] [--sabotage] [--list] [--stand-in] [--require]

    --binary FILE   the program to install; without it .build/release/paidan, else .build/debug/paidan
    --only WORDS    only the checks whose name has these words
    --sabotage      spoils what each check looks at, and expects the check to notice: each must turn red
    --stand-in      with Tests/System/standin.py in the daemon's place: proves the suite itself, needs no build
    --require       what can't run here is a failure; without it it is skipped aloud

One line a check: `ok N - what` or `not ok N - what: why`; the last line is `N passed, N failed`. Exit code 0 when none
failed, also when everything was skipped.
"""

import argparse
import os
import shutil
import subprocess
import sys
import time
import traceback
from pathlib import Path

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parent.parent
sys.path.insert(0, str(HERE))
sys.dont_write_bytecode = True

import checks  # noqa: E402
from machine import Failed, Machine  # noqa: E402


def impediment(binary):
    """Why the suite can't run here; None when it can."""
    if os.geteuid() != 0:
        return "needs root, to boot a machine of its own"
    if shutil.which("systemd-nspawn") is None:
        return "needs systemd-nspawn (apt install systemd-container)"
    if shutil.which("nsenter") is None or shutil.which("unshare") is None:
        return "needs nsenter and unshare (apt install util-linux)"
    if "overlay" not in Path("/proc/filesystems").read_text():
        subprocess.run(["modprobe", "overlay"], stderr=subprocess.DEVNULL, check=False)
        if "overlay" not in Path("/proc/filesystems").read_text():
            return "needs a kernel with overlayfs"
    if not binary.exists():
        return f"needs the program: {binary} is not there (swift build -c release)"
    return None


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--binary", type=Path)
    parser.add_argument("--only", default="")
    parser.add_argument("--sabotage", action="store_true")
    parser.add_argument("--stand-in", action="store_true")
    parser.add_argument("--require", action="store_true")
    parser.add_argument("--list", action="store_true")
    options = parser.parse_args()
    if options.stand_in:
        options.binary = HERE / "standin.py"
    if options.binary is None:
        release = REPOSITORY / ".build/release/paidan"
        options.binary = release if release.exists() else REPOSITORY / ".build/debug/paidan"
    return options


def main():
    options = arguments()
    chosen = [check for check in checks.ALL if options.only.lower() in check.what.lower() and (check.stand_in or not options.stand_in)]
    if options.list:
        for check in chosen:
            print(f"{check.what}\n    red when {check.sabotage}")
        return 0
    reason = impediment(options.binary)
    if reason:
        print(f"{'not ok' if options.require else 'SKIPPED'} - the suite under the real systemd: {reason}")
        print(f"0 passed, {1 if options.require else 0} failed")
        return 1 if options.require else 0
    if os.environ.get("PAIDAN_SUITE_MOUNTS") != str(os.getppid()):
        # Mounts of our own. The variable names the process that made them, so that a stray one is not believed.
        os.environ["PAIDAN_SUITE_MOUNTS"] = str(os.getpid())
        return subprocess.run(["unshare", "--mount", sys.executable, __file__, *sys.argv[1:]], check=False).returncode
    return run(chosen, options)


def run(chosen, options):
    passed = failed = 0
    began = time.monotonic()
    binary = options.binary.resolve()
    try:
        with Machine({"/src": REPOSITORY, "/build": binary.parent}) as machine:
            print(f"# booted in {time.monotonic() - began:.1f} s; program: {binary}", flush=True)
            world = checks.World(machine, f"/build/{binary.name}")
            world.install()
            for number, check in enumerate(chosen, 1):
                why = judge(world, check, options.sabotage)
                what = f"red when {check.sabotage}: {check.what}" if options.sabotage else check.what
                if why is None:
                    passed += 1
                    note = " ".join(world.note.split())[:400]
                    print(f"ok {number} - {what}" + (f" ({note})" if note else ""), flush=True)
                else:
                    failed += 1
                    print(f"not ok {number} - {what}: {why}", flush=True)
                    for line in world.last_words().splitlines():
                        print(f"#   {line}")
                    sys.stdout.flush()
    except Failed as failure:
        failed += 1
        print(f"not ok - the machine: {failure}")
    except Exception:  # pylint: disable=broad-except
        failed += 1
        print("not ok - the machine: " + traceback.format_exc().strip().replace("\n", "\n#   "))
    if passed + failed == 0:
        failed = 1
        print(f"not ok - no check is named like '{options.only}'")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


def judge(world, check, is_sabotaged):
    """None when the check did what it should: held, or (sabotaged) turned red by what it saw. Else why not."""
    try:
        world.prepare()
    except Exception as error:  # pylint: disable=broad-except
        return f"could not prepare: {error}"
    try:
        check.run(world, is_sabotaged)
    except Failed as failure:
        if is_sabotaged:
            # It must have noticed the sabotage, not something else: the reader sees what it says.
            world.note = f"it said: {failure}"
            return None
        return str(failure)
    except Exception:  # pylint: disable=broad-except
        # Not an expectation that failed but the check itself: red in both cases.
        return "the check broke: " + traceback.format_exc().strip().replace("\n", "\n#   ")
    finally:
        world.clean_up()
    return "it stayed green" if is_sabotaged else None


if __name__ == "__main__":
    sys.exit(main())

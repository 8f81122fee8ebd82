"""Makes one thread of a process stand still while all others run on: what a defect or a hanging disk looks like.

    wedge.py thread PID NAME     stops the thread of that name, wherever it is
    wedge.py sync PID            stops the first thread that asks the disk to keep its data (fsync, fdatasync): it never
                                 gets an answer

Prints one line when the thread stands still, then stays until the process is gone. To let it run on, end this program.
Exit code 0: the process ended; 1: it could not be done, with the reason on standard error.
"""

import ctypes
import os
import platform
import signal
import sys

PTRACE_CONT, PTRACE_DETACH, PTRACE_SYSCALL = 7, 17, 24
PTRACE_SEIZE, PTRACE_INTERRUPT, PTRACE_GET_SYSCALL_INFO = 0x4206, 0x4207, 0x420E
OPTION_SYSGOOD, OPTION_CLONE = 1, 8
EVENT_STOP = 128
WALL = 0x40000000
SYNC_CALLS = {"x86_64": {74: "fsync", 75: "fdatasync"}, "aarch64": {82: "fsync", 83: "fdatasync"}}

libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.restype = ctypes.c_long
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]


def ptrace(request, thread, address=0, data=0):
    if libc.ptrace(request, thread, address, data) < 0:
        error = ctypes.get_errno()
        raise OSError(error, f"ptrace {request:#x} of {thread}: {os.strerror(error)}")


def threads(pid):
    return [int(entry) for entry in os.listdir(f"/proc/{pid}/task")]


def name(pid, thread):
    with open(f"/proc/{pid}/task/{thread}/comm", encoding="utf-8") as file:
        return file.read().strip()


def wait_for_its_end(thread):
    """The dead thread is reaped here; until then its process could not be reaped by its own parent."""
    while True:
        try:
            _, status = os.waitpid(thread, WALL)
        except ChildProcessError:
            return
        if os.WIFEXITED(status) or os.WIFSIGNALED(status):
            return


def stop_thread(pid, wanted):
    found = [thread for thread in threads(pid) if name(pid, thread) == wanted]
    if len(found) != 1:
        names = sorted(name(pid, thread) for thread in threads(pid))
        raise OSError(0, f"{len(found)} threads are named {wanted}; there are: {', '.join(names)}")
    ptrace(PTRACE_SEIZE, found[0])
    ptrace(PTRACE_INTERRUPT, found[0])
    os.waitpid(found[0], WALL)
    print(f"stopped thread {found[0]} {wanted}", flush=True)
    wait_for_its_end(found[0])


def syscall_entered(thread):
    """The number of the call that the thread is about to make; None when it comes back from one."""
    info = (ctypes.c_uint8 * 88)()
    ptrace(PTRACE_GET_SYSCALL_INFO, thread, ctypes.sizeof(info), ctypes.addressof(info))
    return int.from_bytes(bytes(info[24:32]), "little") if info[0] == 1 else None


def stop_at_sync(pid):
    calls = SYNC_CALLS.get(platform.machine())
    if calls is None:
        raise OSError(0, f"the numbers of fsync are not known for {platform.machine()}")
    attached = set()
    for thread in threads(pid):
        ptrace(PTRACE_SEIZE, thread, 0, OPTION_SYSGOOD | OPTION_CLONE)
        ptrace(PTRACE_INTERRUPT, thread)
        attached.add(thread)
    victim = None
    while victim is None or len(attached) > 1:
        thread, status = os.waitpid(-1, WALL)
        if not os.WIFSTOPPED(status):
            attached.discard(thread)
            if thread == victim or not attached:
                return
            continue
        attached.add(thread)
        if thread == victim:
            continue
        stop, event = os.WSTOPSIG(status), status >> 16
        signal_to_pass = 0 if event or stop == signal.SIGTRAP | 0x80 else stop
        if victim is None and stop == signal.SIGTRAP | 0x80:
            call = syscall_entered(thread)
            if call in calls:
                victim = thread
                for other in attached - {victim}:
                    try:
                        ptrace(PTRACE_INTERRUPT, other)
                    except OSError:
                        pass
                continue
        try:
            if victim is None:
                ptrace(PTRACE_SYSCALL, thread, 0, signal_to_pass)
            else:
                ptrace(PTRACE_DETACH, thread, 0, signal_to_pass)
                attached.discard(thread)
        except OSError:
            # It ended between the wait and the call.
            attached.discard(thread)
    print(f"stopped thread {victim} {name(pid, victim)} at {calls[syscall_entered(victim)]}", flush=True)
    wait_for_its_end(victim)


def main():
    try:
        if len(sys.argv) == 4 and sys.argv[1] == "thread":
            stop_thread(int(sys.argv[2]), sys.argv[3])
        elif len(sys.argv) == 3 and sys.argv[1] == "sync":
            stop_at_sync(int(sys.argv[2]))
        else:
            print(__doc__, file=sys.stderr)
            return 64
    except OSError as error:
        print(f"wedge: {error.strerror or error}; nothing stands still", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Keeps the embedded PostgreSQL alive exactly as long as somebody uses it; runs as a process of its own.

A program that wants the server starts a keeper and holds its standard input open. The keeper starts the server or
joins one that runs, says where it is, and waits. When its input closes, however its program ended, `kill -9`
included, it leaves; the last keeper to leave stops the server. So nothing is left running and nothing is torn. A server
that dies while it is in use, for want of memory or killed by somebody, is started again.

Only the standard library is imported here: the keeper costs a few megabytes for as long as the portal runs.
"""

import fcntl
import hashlib
import json
import os
import pwd
import secrets
import select
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

SUPERUSER = "askwell"
SOCKET_ROOM = 90  # bytes a socket's folder may be long; the system's limit is about 107 with the file name
LOOK_SECONDS = 1.0  # between two looks whether the server lives
SHARED_ROOM = 1 << 30  # bytes that processes of the server may share while they make an index together
PATIENCE = 60.0  # seconds a server may need to come up after a crash, or to go down


class KeeperFailed(Exception):
    """The embedded PostgreSQL could not be started; the text says why."""


def main() -> None:
    """`python keeper.py BINARIES FOLDER`: one line of JSON when ready, then wait for the end of input."""
    binaries, folder = Path(sys.argv[1]), Path(sys.argv[2])
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with open(folder / "users.lock", "w") as users:
            with _alone(folder):
                fcntl.flock(users, fcntl.LOCK_SH)
                answer = _join_or_start(binaries, folder)
            print(json.dumps(answer), flush=True)
            while not _input_ended(LOOK_SECONDS):
                _revive(binaries, folder)
            _leave(folder, users)
    except (KeeperFailed, OSError, subprocess.SubprocessError, KeyError) as error:
        print(json.dumps({"error": str(error)}), flush=True)


def _input_ended(seconds: float) -> bool:
    """Whether our user is gone, after waiting at most `seconds` for that."""
    readable, _, _ = select.select([0], [], [], seconds)
    return bool(readable) and not os.read(0, 4096)


def _revive(binaries: Path, folder: Path) -> None:
    """Start the server again if its process is gone. One that is busy recovering is left alone."""
    if _lives(folder / "postgres"):
        return
    with _alone(folder):
        if not _lives(folder / "postgres"):
            # What is left of the old one may still be ending: then the next look tries again.
            with suppress(KeeperFailed):
                _join_or_start(binaries, folder)


def _leave(folder: Path, users: IO[str]) -> None:
    """Stop the server if nobody else uses it. The lock is tried, not waited for: somebody else will be the last."""
    with _alone(folder):
        try:
            fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        _stop(folder / "postgres")


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Inside, no other keeper starts or stops this server."""
    with open(folder / "start.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _join_or_start(binaries: Path, folder: Path) -> dict[str, object]:
    data, password_file = folder / "postgres", folder / "postgres.password"
    owner = _owner()
    if owner:
        _let_through(binaries)
        _let_through(folder / "x")
    running = _settled(data)
    if running is None:
        if not (data / "PG_VERSION").exists():
            _create(binaries, folder, data, password_file, owner)
        running = _start(binaries, data, owner)
    return {
        "pid": running[0],
        "socket": running[1],
        "user": SUPERUSER,
        "password": password_file.read_text().strip(),
    }


def _owner() -> pwd.struct_passwd | None:
    """Who runs the server: PostgreSQL refuses root, so root lends it a user without rights; others run it."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam("askwell-postgres")
    except KeyError:
        command = ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", "askwell-postgres"]
        subprocess.run(command, check=True, capture_output=True)
        return pwd.getpwnam("askwell-postgres")


def _let_through(path: Path) -> None:
    """Let the server's user pass through (not list) the folders above `path`."""
    for folder in path.resolve().parents:
        mode = folder.stat().st_mode
        if not mode & stat.S_IXOTH:
            folder.chmod(stat.S_IMODE(mode) | stat.S_IXOTH)


def _run(owner: pwd.struct_passwd | None, *command: str | Path) -> None:
    who: dict[str, object] = {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []} if owner else {}
    done = subprocess.run(list(command), capture_output=True, text=True, cwd="/", **who)  # type: ignore[call-overload]
    if done.returncode:
        raise KeeperFailed(f"{Path(command[0]).name}: {done.stderr.strip()[-600:]}")


def _create(binaries: Path, folder: Path, data: Path, password_file: Path, owner: pwd.struct_passwd | None) -> None:
    """A new cluster, made beside its place and moved there when whole, so that a crash leaves no half of one."""
    with tempfile.TemporaryDirectory(prefix="new-", dir=folder) as scratch:
        unfinished, password = Path(scratch) / "postgres", secrets.token_urlsafe(24)
        handed = Path(scratch) / "password"
        handed.touch(mode=0o600)
        handed.write_text(password)
        unfinished.mkdir(mode=0o700)
        if owner:
            for path in (Path(scratch), unfinished, handed):
                os.chown(path, owner.pw_uid, owner.pw_gid)
        _run(
            owner,
            binaries / "initdb",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            "--locale=C",
            "-U",
            SUPERUSER,
            "--pwfile",
            handed,
            "-D",
            unfinished,
        )
        password_file.touch(mode=0o600)
        password_file.write_text(password)
        shutil.rmtree(data, ignore_errors=True)
        unfinished.rename(data)


def _settled(data: Path) -> tuple[int, str] | None:
    """The server that runs, after waiting for one that is starting, recovering or ending; None if there is none."""
    patience = time.monotonic() + PATIENCE
    while _running(data) is None and _lives(data) and time.monotonic() < patience:
        time.sleep(0.02)
    return _running(data)


def _start(binaries: Path, data: Path, owner: pwd.struct_passwd | None) -> tuple[int, str]:
    """Start the server where none runs. Right after a crash the old one's processes may still hold on to its memory."""
    patience = time.monotonic() + PATIENCE / 6
    while True:
        try:
            return _launch(binaries, data, owner)
        except KeeperFailed:
            if time.monotonic() > patience or _lives(data):
                raise
            time.sleep(0.2)


def _launch(binaries: Path, data: Path, owner: pwd.struct_passwd | None) -> tuple[int, str]:
    socket = _socket_folder(data, owner)
    # Nobody runs it: these are a dead server's, whose number somebody else may have by now.
    for stale in (data / "postmaster.pid", socket / ".s.PGSQL.5432.lock"):
        stale.unlink(missing_ok=True)
    options = {
        "listen_addresses": "",
        "unix_socket_directories": f'"{socket}"',
        "unix_socket_permissions": "0700",
        "max_connections": "60",
        "shared_buffers": "128MB",
        "maintenance_work_mem": "256MB",
        "jit": "off",
        "dynamic_shared_memory_type": shared_memory(Path("/dev/shm")),  # noqa: S108  (asked for its room only)
    }
    settings = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
    who: dict[str, object] = {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []} if owner else {}
    log = open(data / "server.log", "w")  # noqa: SIM115  (the server writes to it from now on)
    server = subprocess.Popen(  # type: ignore[call-overload]
        [binaries / "postgres", "-D", data, *settings],
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        cwd="/",
        start_new_session=True,
        **who,
    )
    patience = time.monotonic() + PATIENCE
    while time.monotonic() < patience:
        running = _running(data)
        if running is not None:
            return running
        if server.poll() is not None:
            break
        time.sleep(0.02)
    raise KeeperFailed("PostgreSQL did not start: " + (data / "server.log").read_text(errors="replace")[-600:])


def shared_memory(folder: Path) -> str:
    """How processes of the server share memory: through `folder`, where the system has one, or, where that is too small
    (in a container it often holds 64 MB), through files beside the data."""
    return "mmap" if folder.is_dir() and shutil.disk_usage(folder).total < SHARED_ROOM else "posix"


def _socket_folder(data: Path, owner: pwd.struct_passwd | None) -> Path:
    """The server's own folder for its socket: beside the data if the path is short enough, else a temporary one."""
    folder = data.parent / "socket"
    if len(os.fsencode(folder)) > SOCKET_ROOM or any(mark in str(folder) for mark in '",'):
        name = hashlib.sha256(os.fsencode(data)).hexdigest()[:16]
        folder = Path(tempfile.gettempdir()) / f"askwell-{os.geteuid()}-{name}"
    folder.mkdir(mode=0o700, exist_ok=True)
    mine = owner.pw_uid if owner else os.geteuid()
    if owner and folder.stat().st_uid == os.geteuid():
        os.chown(folder, owner.pw_uid, owner.pw_gid)
    if folder.stat().st_uid != mine or folder.is_symlink():
        raise KeeperFailed(f"the folder {folder} belongs to somebody else")
    folder.chmod(0o700)
    return folder


def _running(data: Path) -> tuple[int, str] | None:
    """Process and socket folder of the server over this data, once it takes connections; None if there is none."""
    try:
        lines = (data / "postmaster.pid").read_text().splitlines()
        pid, socket, status = int(lines[0]), lines[4].strip(), lines[7].strip()
    except (FileNotFoundError, IndexError, ValueError):
        return None
    return (pid, socket) if status == "ready" and _is_server(pid, data) else None


def _lives(data: Path) -> bool:
    """Whether there is a server's process over this data, whatever it is doing."""
    try:
        pid = int((data / "postmaster.pid").read_text().splitlines()[0])
    except (FileNotFoundError, IndexError, ValueError):
        return False
    return _alive(pid) and _is_server(pid, data)


def _is_server(pid: int, data: Path) -> bool:
    """Whether this process lives and is the server over `data`, not a stranger that was given an old number."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    command = Path(f"/proc/{pid}/cmdline")
    return not command.exists() or os.fsencode(data) in command.read_bytes()


def _stop(data: Path) -> None:
    """A fast shutdown: statements are cancelled, everything committed is kept. An immediate one if that hangs."""
    running = _running(data)
    if running is None:
        return
    for wish in (signal.SIGINT, signal.SIGQUIT):
        os.kill(running[0], wish)
        patience = time.monotonic() + PATIENCE / 3
        while time.monotonic() < patience:
            if not (data / "postmaster.pid").exists() or not _alive(running[0]):
                return
            time.sleep(0.02)


def _alive(pid: int) -> bool:
    try:
        if os.waitpid(pid, os.WNOHANG)[0] == pid:
            return False
    except ChildProcessError:
        pass
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


if __name__ == "__main__":
    main()

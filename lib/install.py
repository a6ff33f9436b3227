"""Set up .venv with the named requirement files, or say in one line why that cannot be done.

Runs on the reader's own Python before anything is installed: standard library only, old syntax.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parents[1]
VENV = HERE / ".venv"
NEEDED_GB = 4
OLDEST = (3, 10)
REASONS = (
    (("No space left on device", "not enough space on the disk"), "the disk is full; free {gb} GB"),
    (
        ("NewConnectionError", "NameResolutionError", "Temporary failure in name resolution",
         "Connection refused", "ConnectTimeoutError", "Network is unreachable", "ProxyError"),
        "no connection to the Python package index; the first set-up needs a network",
    ),
    (("Requires-Python", "No matching distribution"), "no build of a package for this Python; "
     "try Python 3.11, 3.12 or 3.13: make PYTHON=python3.12 ..."),
)  # fmt: skip


def problem_before_start(version: tuple = sys.version_info, folder: Path = HERE) -> "str | None":
    """Why the set-up should not even start, or None."""
    if tuple(version[:2]) < OLDEST:
        return (
            "this is Python {}.{}, the book needs 3.10 or newer: make PYTHON=python3.12 ...".format(
                *version[:2]
            )
        )
    free = shutil.disk_usage(str(folder)).free / 1e9
    if not VENV.exists() and free < NEEDED_GB:
        return f"only {free:.1f} GB free on this disk, the set-up needs {NEEDED_GB} GB"
    return None


def diagnose(log: str) -> str:
    """One clear line for what pip printed."""
    for signs, reason in REASONS:
        if any(sign in log for sign in signs):
            return reason.format(gb=NEEDED_GB)
    errors = [line for line in log.splitlines() if line.startswith("ERROR")]
    return errors[-1] if errors else "pip failed"


def create_venv() -> "str | None":
    """Make .venv unless it is there."""
    if (VENV / "bin" / "python").exists():
        return None
    made = subprocess.run(
        [sys.executable, "-m", "venv", str(VENV)],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    if made.returncode:
        shutil.rmtree(str(VENV), ignore_errors=True)
        return (
            "Python's venv module does not work here; on Debian or Ubuntu: apt install python3-venv"
        )
    return None


def pip_install(files: list, log_path: Path) -> "str | None":
    """Run pip with its progress on the screen and in the log; return why it failed, or None."""
    command = [str(VENV / "bin" / "python"), "-m", "pip", "install", "--disable-pip-version-check"]
    extra = os.environ.get("TORCH_INDEX")
    command += ["--extra-index-url", extra] if extra else []
    for name in files:
        command += ["-r", name]
    log_path.parent.mkdir(exist_ok=True)
    pip = subprocess.Popen(
        command,
        cwd=str(HERE),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    lines = []
    for line in pip.stdout:
        lines.append(line)
        if line.startswith(("Collecting", "Installing", "Building")):
            print("  " + line.strip()[:100], flush=True)
    log_path.write_text("".join(lines), encoding="utf-8")
    return diagnose("".join(lines)) if pip.wait() else None


def main(files: list) -> None:
    """Set everything up; exit with one line if that fails."""
    problem = problem_before_start()
    if problem is None:
        print(f"Setting up .venv from {', '.join(files)} (the first time takes some minutes)")
        log = HERE / "_build" / "setup.log"
        problem = create_venv() or pip_install(files, log)
        if problem and log.exists():
            problem += f"  (all of pip's words: {log})"
    if problem:
        sys.exit("Set-up stopped: " + problem)


if __name__ == "__main__":
    main(sys.argv[1:])

"""Packages of npm in a folder of a test, by its lock file."""

import fcntl
import os
import subprocess


def installed(folder):
    """None where the packages of this folder's lock are there, once they are, or why they cannot be."""
    shared = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(shared, fcntl.LOCK_EX)  # tests that run beside each other may have one folder
        return install(folder)
    finally:
        os.close(shared)


def install(folder):
    with open(os.path.join(folder, "package-lock.json"), encoding="utf-8") as file:
        lock = file.read()
    done = os.path.join(folder, "node_modules", ".installed")
    if os.path.exists(done) and open(done, encoding="utf-8").read() == lock:
        return None
    result = subprocess.run(["npm", "ci", "--no-audit", "--no-fund"], cwd=folder, capture_output=True, text=True, timeout=600, check=False)
    if result.returncode != 0:
        return "npm ci: %s" % (result.stderr.strip().splitlines() or ["failed"])[-1]
    with open(done, "w", encoding="utf-8") as file:
        file.write(lock)
    return None

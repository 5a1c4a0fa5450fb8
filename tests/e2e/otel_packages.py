"""OpenTelemetry's SDK and pycadf from PyPI, in a virtual environment of a test's own."""

import os
import subprocess
import sys

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "otel")


class Packages:
    def __init__(self, folder):
        """`missing`: why they cannot be had, or None."""
        self.place = os.path.join(folder, "venv")
        self.missing = None
        for command in ((sys.executable, "-m", "venv", self.place),
                        (self.python(), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", os.path.join(FOLDER, "requirements.txt"))):
            result = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
            if result.returncode != 0:
                self.missing = "%s: %s" % (command[2], ((result.stderr or result.stdout).strip().splitlines() or ["failed"])[-1])
                return

    def python(self):
        return os.path.join(self.place, "bin", "python")

    def start(self, program, *arguments):
        return subprocess.Popen([self.python(), os.path.join(FOLDER, program), *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True)

    def run(self, program, *arguments):
        """(exit code, standard output, standard error)"""
        process = self.start(program, *arguments)
        out, err = process.communicate(timeout=600)
        return process.returncode, out, err

"""HAPI's FHIR client: java/Hapi.java."""

import json
import os
import subprocess

from maven import NotHere, Program

__all__ = ["Client", "NotHere"]


class Client:
    def __init__(self, folder):
        self.program = Program(folder, os.path.join(os.path.dirname(os.path.abspath(__file__)), "java/Hapi.java"))
        self.folder = folder

    def run(self, version, base, token=None, **resources):
        """What it says, by name; with an access token, where one is given."""
        for name, resource in resources.items():
            with open(os.path.join(self.folder, name + ".json"), "w", encoding="utf-8") as file:
                json.dump(resource, file)
        result = subprocess.run([*self.program.command, version, base, self.folder, *([token] if token else [])],
                                stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=600, check=False)
        said = dict(line.split("=", 1) for line in result.stdout.splitlines() if "=" in line)
        if result.returncode != 0:
            said["failed"] = result.stderr[-2000:]
        return said

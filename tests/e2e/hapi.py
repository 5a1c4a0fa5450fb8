"""HAPI's FHIR client, from Maven Central, where Java, Maven and the network are: java/Hapi.java."""

import json
import os
import shutil
import subprocess

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "java")


class NotHere(Exception):
    pass


class Client:
    def __init__(self, folder):
        if shutil.which("java") is None or shutil.which("mvn") is None:
            raise NotHere("there is no java or no mvn")
        os.makedirs(folder)
        self.folder = folder
        paths = os.path.join(folder, "paths")
        shutil.copy(os.path.join(HERE, "pom.xml"), folder)
        result = subprocess.run(["mvn", "-q", "-B", "-f", os.path.join(folder, "pom.xml"), "dependency:build-classpath", "-Dmdep.outputFile=" + paths],
                                stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=600, check=False)
        if result.returncode != 0:
            raise NotHere("Maven cannot have it: " + (result.stdout.strip().splitlines() or ["it says nothing"])[0][:200])
        with open(paths, encoding="utf-8") as file:
            self.paths = file.read().strip()
        subprocess.run(["javac", "-cp", self.paths, "-d", folder, os.path.join(HERE, "Hapi.java")], check=True, timeout=600)

    def run(self, version, base, **resources):
        """What it says, by name."""
        for name, resource in resources.items():
            with open(os.path.join(self.folder, name + ".json"), "w", encoding="utf-8") as file:
                json.dump(resource, file)
        result = subprocess.run(["java", "-cp", self.folder + os.pathsep + self.paths, "Hapi", version, base, self.folder],
                                stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=600, check=False)
        said = dict(line.split("=", 1) for line in result.stdout.splitlines() if "=" in line)
        if result.returncode != 0:
            said["failed"] = result.stderr[-2000:]
        return said

"""Java programs of the tests, with what they need from Maven Central, where Java, Maven and the network are."""

import os
import shutil
import subprocess


class NotHere(Exception):
    pass


class Program:
    """SOURCE of a folder that has a pom.xml beside it, compiled in `folder`, which is made."""

    def __init__(self, folder, source):
        if shutil.which("javac") is None or shutil.which("mvn") is None:
            raise NotHere("there is no javac or no mvn")
        os.makedirs(folder)
        paths = os.path.join(folder, "paths")
        shutil.copy(os.path.join(os.path.dirname(source), "pom.xml"), folder)
        result = subprocess.run(["mvn", "-q", "-B", "-f", os.path.join(folder, "pom.xml"), "dependency:build-classpath", "-Dmdep.outputFile=" + paths],
                                stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=600, check=False)
        if result.returncode != 0:
            raise NotHere("Maven cannot have it: " + (result.stdout.strip().splitlines() or ["it says nothing"])[0][:200])
        with open(paths, encoding="utf-8") as file:
            jars = file.read().strip()
        subprocess.run(["javac", "-cp", jars, "-d", folder, source], check=True, timeout=600)
        self.name = os.path.splitext(os.path.basename(source))[0]
        self.command = ["java", "-cp", folder + os.pathsep + jars, self.name]

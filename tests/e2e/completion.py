#!/usr/bin/env python3
"""What shells complete, and what the manual says, against what the commands take: every command, every option.
usage: completion.py INDSIGT"""

import os
import pty
import re
import shutil
import subprocess
import sys
import tempfile

from indsigt import Tap

MANUALS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "man")
BASH = """source /dev/stdin; compopt() { :; }; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMP_LINE=$*; _indsigt
printf '%s\\n' "${COMPREPLY[@]}" """


def run(*arguments):
    return subprocess.run(arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False).stdout


def options_in(usage):
    """The options of a usage, as they stand there."""
    return set(re.findall(r"(?<![\w-])(--[a-z][a-z-]*|-[a-z])\b", usage))


class Completed:
    """What bash completes, and what the program says that any shell may."""

    def __init__(self, indsigt):
        self.indsigt = indsigt
        self.script = run(indsigt, "completion", "bash")

    def __call__(self, *words):
        result = subprocess.run(["bash", "-c", BASH, "bash", self.indsigt, *words], input=self.script, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, text=True, check=False)
        return result.stdout.split()

    def typed(self, place, keys):
        """What stands on the line of a bash in this place, which is its home too, after these keys. It goes to the end of the
        line and puts what is there between quotes behind an echo, into a file: a terminal may say that all have left it
        before it gives what they wrote last."""
        found = os.path.join(place, "bin", "found")
        open(found, "w", encoding="utf-8").close()
        pid, terminal = pty.fork()
        if pid == 0:
            os.chdir(place)
            os.execvpe("bash", ["bash", "--norc", "--noprofile", "-i"], {
                **os.environ, "HOME": place, "HISTFILE": "", "INPUTRC": "/dev/null", "PS1": "", "TERM": "dumb", "COLUMNS": "80"})
        os.write(terminal, ("source <('%s' completion bash)\n%s\x05' >bin/found\x01echo '\nexit\n" % (self.indsigt, keys)).encode())
        try:
            while os.read(terminal, 65536) != b"":
                pass
        except OSError:  # its end
            pass
        os.waitpid(pid, 0)
        os.close(terminal)
        with open(found, encoding="utf-8") as line:
            return line.read()

    def described(self, *words):
        result = subprocess.run([self.indsigt, "completion", "words"], input="\n".join(("indsigt", *words)) + "\n",
                                stdout=subprocess.PIPE, text=True, check=False)
        return dict(line.split("\t") if "\t" in line else (line, "") for line in result.stdout.split("\n") if line)


def items(manual, command):
    """What a manual says where it is about this command: its items, each to the next one."""
    family, _, word = command.partition(" ")
    said = ""
    for item in re.split(r"^\.It ", open(os.path.join(MANUALS, manual), encoding="utf-8").read(), flags=re.M)[1:]:
        head = item.split("\n")[0]
        names = re.match(r"Cm ([a-z ,]+?)(?= (?:Ar|Cm|Fl|Oo|Op|Ns)\b|$)", head)
        if names is None:
            continue
        names = names.group(1).strip()
        if names == command or names.startswith(family + " ") and word in re.split(r"[ ,]+", names[len(family) + 1:]):
            said += re.split(r"^\.(?:El|Sh|Ss)\b", item, flags=re.M)[0]
    return said


def undocumented(said, options):
    """The options that a piece of manual does not name (.Fl -json, .Fl -json | o, Fl o)."""
    named = set()
    for line in said.split("\n"):
        for rest in re.findall(r"\bFl ((?:\S+ \| )*\S+)", line):
            named.update("-" + word for word in rest.replace(",", " ").split(" | "))
    return sorted(options - named)


def at_a_terminal(tap, completed):
    """The program is called as it stands on the line, whichever that is, and the line is cut as bash does it."""
    with tempfile.TemporaryDirectory(prefix="indsigt-e2e-") as place:
        os.mkdir(os.path.join(place, "bin"))
        os.symlink(completed.indsigt, os.path.join(place, "bin", "indsigt"))
        for name in ("[ab]", "a", "one.json"):
            open(os.path.join(place, name), "w", encoding="utf-8").close()
        manual = os.path.abspath(os.path.join(MANUALS, "indsigt.1"))
        for keys, line, why in (
                ("bin/indsigt sta\t", "bin/indsigt statement ", "a program that is not in PATH"),
                ("~/bin/indsigt sta\t", "~/bin/indsigt statement ", "... and one at home"),
                ("bin/indsigt send --format=j\t", "bin/indsigt send --format=json ", "a value behind '='"),
                ("bin/indsigt send --format=\t", "bin/indsigt send --format=", "... and none of several"),
                ("bin/indsigt send --key=on\t", "bin/indsigt send --key=one.json ", "a file behind '='"),
                ("bin/indsigt send --server a:1 --for\t", "bin/indsigt send --server a:1 --format ", "an option behind a ':'"),
                ("bin/indsigt send --key %s\t" % manual[:-1], "bin/indsigt send --key %s " % manual, "a file where one is taken"),
                ("bin/indsigt send --key [\t", "bin/indsigt send --key \\[ab\\] ", "a file whose name is a pattern for others")):
            found = completed.typed(place, keys)
            tap.ok(found == line + "\n", "bash completes %s: %s" % (why, found))


def main():
    tap = Tap()
    indsigt = os.path.abspath(sys.argv[1])
    completed = Completed(indsigt)
    overview = run(indsigt, "help").split("Commands:\n")[1].split("\n\n")[0]
    commands = [line[2:].split("  ")[0].strip() for line in overview.split("\n")]
    tap.ok(len(commands) > 30, "there are %d commands" % len(commands))
    for command in commands:
        words = command.split()
        options = options_in(run(indsigt, *words, "--help").split("\n\n")[0])
        found = [completed(*words[:i], "") for i in range(len(words))]
        tap.ok(all(word in there for word, there in zip(words, found)), "%s: bash completes it" % command)
        there = set(completed(*words, "-"))
        tap.ok(options <= there, "%s: bash completes %d options: %s" % (command, len(options), sorted(options - there) or "all"))
        described = completed.described(*words, "-")
        tap.ok(all(described.values()), "%s: each is described" % command)
        shown = run(indsigt, *words, "--help")
        spelled = {described.get(option) for option in options}  # -o is --output too
        hidden = {option for option, text in described.items() if option not in options | {"--help"} and text not in spelled}
        tap.ok("--help" in described and not hidden, "%s: the usage has what is taken: %s" % (command, sorted(hidden) or "all"))
        hidden = set(re.findall(r"^  (--?[a-z][a-z-]*)", shown, re.M)) - options
        tap.ok(not hidden, "%s: and all that --help explains: %s" % (command, sorted(hidden) or "all"))
        said = items("indsigt.1", command) + {"proof": items("indsigt-proof.1", "proof")}.get(command, "")
        tap.ok(said != "", "%s: the manual has it" % command)
        tap.ok(not undocumented(said, options), "%s: the manual says %s" % (command, undocumented(said, options) or "all options"))
    tap.ok(completed("send", "--format", "") == ["json", "fhir", "dicom", "syslog", "otlp", "cadf"], "words that an option takes are completed")
    tap.ok(completed("completion", "") == ["bash", "zsh", "fish"], "... and those of an argument")
    tap.ok(completed("send", "--server", "") == [], "nothing is where nothing can be known")
    at_a_terminal(tap, completed)
    tap.ok(completed("sender", "e") == ["endorse"], "half a word is enough")
    for daemon, folder in (("indsigt-ingestd", "ingest"), ("indsigt-queryd", "query")):
        program = os.path.join(os.path.dirname(indsigt), "..", folder, daemon)
        shown = run(program, "--help")
        options = options_in(shown.split("\n\n")[0])
        hidden = set(re.findall(r"^  (--[a-z-]+)", shown, re.M)) - options
        tap.ok(not hidden, "%s: the usage has what is taken: %s" % (daemon, sorted(hidden) or "all"))
        lacks = undocumented(open(os.path.join(MANUALS, daemon + ".8"), encoding="utf-8").read(), options)
        tap.ok(options and not lacks, "%s: its manual says %s" % (daemon, lacks or "all %d options" % len(options)))
    tap.ok(completed.described("send", "--nothing", "x" * 300, "-")["--server"] != "" and
           not completed.described(*["x"] * 300), "words that are too long or too many do no harm")
    tap.ok("json" not in completed.described("send", "x" * 255 + "--format", ""), "a long word is one, and no option")
    tap.ok(not completed.described("send", *["x"] * 61, "-", "x"), "of too many words another than the last is not completed")
    tap.ok(list(completed.described("send", "--format=f")) == ["--format=fhir"] and
           not completed.described("send", "--key", "x", "--nothing=") and ":" in completed.described("send", "--key=x"),
           "a value in the option's own word")
    for shell in ("zsh", "fish"):
        script = run(indsigt, "completion", shell)
        if shutil.which(shell) is None:
            tap.skip("%s takes the script" % shell, "%s is missing" % shell)
            continue
        taken = subprocess.run([shell, "-n"], input=script, stderr=subprocess.PIPE, text=True, check=False)
        tap.ok(taken.returncode == 0 and not taken.stderr, "%s takes the script: %s" % (shell, taken.stderr))
    tap.done()


main()

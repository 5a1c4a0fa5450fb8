#!/usr/bin/env python3
"""Each daemon as a user of its own: who may read and write what, what root's rights were given up for, and who is heard on the
control socket."""

import json
import os
import signal
import socket
import subprocess
import sys

from certificates import Authority, NoOpenssl
from indsigt import Ledger, Tap, event, wait_until

# System users that every Debian has, each with a group of its own.
INGEST, QUERY, OTHER = "daemon", "games", "www-data"
SUBJECT = "cpr:0101701234"


def ids(name):
    import grp
    import pwd
    return pwd.getpwnam(name).pw_uid, grp.getgrgid(pwd.getpwnam(name).pw_gid).gr_gid


def as_user(name, work):
    """What `work` returns, as JSON, in a process of that user."""
    uid, gid = ids(name)
    ends = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.setgroups([])
        os.setresgid(gid, gid, gid)
        os.setresuid(uid, uid, uid)
        os.write(ends[1], json.dumps(work()).encode())
        os._exit(0)
    os.close(ends[1])
    with os.fdopen(ends[0]) as answer:
        text = answer.read()
    os.waitpid(pid, 0)
    return json.loads(text)


def files_of(place):
    """All files and folders, whoever may list them."""
    return [os.path.join(folder, name) for folder, folders, files in os.walk(place) for name in files + folders] + [place]


def opened(paths, flags):
    """Those that could be opened so."""
    found = []
    for path in paths:
        try:
            os.close(os.open(path, flags))
            found.append(path)
        except OSError:
            pass
    return found


def may_make(paths):
    """Folders in which a file could be made."""
    found = []
    for path in paths:
        try:
            os.close(os.open(os.path.join(path, "made"), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
            os.unlink(os.path.join(path, "made"))
            found.append(path)
        except OSError:
            pass
    return found


def status(pid):
    lines = open("/proc/%d/status" % pid, encoding="ascii").read().splitlines()
    return dict(line.split(":", 1) for line in lines if ":" in line)


def limits(pid):
    return open("/proc/%d/limits" % pid, encoding="ascii").read()


def ask(path):
    """What the control socket says to this user."""
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(path)
        client.sendall(b'{"do":"status"}\n')
        return json.loads(client.makefile().readline())


def write(path, text):
    with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="utf-8") as file:
        file.write(text)


def set_up(t, ledger):
    os.chmod(ledger.place, 0o711)
    # An operator's: what queryd reads, and what is nobody's business. Nobody answers at that address.
    write(ledger.dir + "/issuers.json", json.dumps({"issuers": [{
        "issuer": "http://127.0.0.1:9", "audiences": ["x"], "person": {"claim": "cpr", "prefix": "cpr:"},
        "role": {"claim": "roles", "values": {"a": "auditor"}, "default": "subject"}, "ca": "authority.crt", "introspection": {"client": "client.json"}}]}))
    write(ledger.dir + "/client.json", '{"client_id":"a","client_secret":"b"}')
    write(ledger.dir + "/authority.crt", "")
    write(ledger.dir + "/notes.txt", "mine")
    ledger.add_reporter()
    result = ledger.result("own", ledger.dir, "--ingest-user", INGEST, "--query-user", QUERY)
    rows = {line.split()[0]: line for line in result.stdout.splitlines()[1:]}
    t.ok(result.returncode == 0 and rows["keys/log"].split()[3:] == ["read,", "write", "-", "-", "-"],
         "only ingestd's user may read the log's key: " + rows.get("keys/log", result.stderr))
    for name in "issuers.json", "client.json", "authority.crt":
        info = os.stat(os.path.join(ledger.dir, name))
        t.ok((info.st_uid, info.st_gid, info.st_mode & 0o777) == (0, ids(QUERY)[1], 0o640), "queryd's group reads %s, which stays root's" % name)
    info = os.stat(ledger.dir + "/notes.txt")
    t.ok((info.st_uid, info.st_gid, info.st_mode & 0o777) == (0, 0, 0o600), "what no ledger makes is left alone")
    looked = {line.split()[0]: line for line in ledger.run("own", ledger.dir).splitlines()[1:]}
    t.ok(looked == rows and looked["reads"].split()[3:] == ["-", "read,", "write", "-", "-"], "looked at later it is the same: " + looked.get("reads", ""))
    t.ok(rows["keys/master"].split()[3:] == ["read,", "write", "read", "-", "-"], "queryd's user may read what opens records")
    key = ledger.add_sender("KSD")  # as root: what it makes must not be in the way
    ledger.serve("--ingest-user", INGEST, "--query-user", QUERY)
    return key


def look_at_processes(t, ledger):
    for name, user in ("indsigt-ingestd", INGEST), ("indsigt-queryd", QUERY):
        pid = ledger.daemon(name)
        now = status(pid)
        uid, gid = ids(user)
        t.ok(now["Uid"].split() == [str(uid)] * 4 and now["Gid"].split() == [str(gid)] * 4 and not now["Groups"].split(),
             name + " has the user's ids alone")
        t.ok(all(int(now[which], 16) == 0 for which in ("CapEff", "CapPrm", "CapInh", "CapAmb")) and
             now["NoNewPrivs"].strip() == "1", name + " has no capabilities and gets none")
        core = [line for line in limits(pid).splitlines() if line.startswith("Max core file size")][0].split()
        t.ok(core[4:6] == ["0", "0"], name + " makes no core dump")
        t.ok(os.stat("/proc/%d/mem" % pid).st_uid == 0, name + " is not dumpable: its memory is root's alone")


def look_at_files(t, ledger):
    paths = files_of(ledger.dir)
    folders = [path for path in paths if os.path.isdir(path)]
    files = [path for path in paths if os.path.isfile(path)]
    own, reads = ledger.dir + "/cosigned", [folder for folder in folders if folder.startswith(ledger.dir + "/reads")]
    files = [path for path in files if not path.startswith(ledger.dir + "/reads")]
    locks = {ledger.dir + "/store/lock.mdb", ledger.dir + "/keys/env/lock.mdb"}
    written = set(as_user(QUERY, lambda: opened(files, os.O_RDWR))) | set(as_user(QUERY, lambda: opened(files, os.O_WRONLY)))
    t.ok(written == locks, "queryd's user can open nothing for writing but the tables of readers: %s" %
         sorted(os.path.relpath(path, ledger.dir) for path in written))
    made = as_user(QUERY, lambda: may_make(folders))
    t.ok(set(made) == {own, *reads}, "and make no file but in cosigned/ and reads/: %s" % made)
    read = set(as_user(QUERY, lambda: opened(files, os.O_RDONLY)))
    secret = {ledger.dir + "/keys/log", ledger.dir + "/lock", ledger.dir + "/notes.txt"}
    t.ok(set(files) - read == secret, "it reads all but the log's key: %s" %
         sorted(os.path.relpath(path, ledger.dir) for path in set(files) - read))
    sealed = [path for path in files if "/keys/" in path or "/store/" in path or "/filed/" in path]
    t.ok(not as_user(OTHER, lambda: opened(sealed, os.O_RDONLY)) and any("/filed/" in path for path in sealed),
         "others read none of %d files of keys/, store/ and filed/" % len(sealed))
    t.ok(not as_user(OTHER, lambda: may_make(folders)), "and make none")


def look_at_socket(t, ledger):
    path = ledger.dir + "/control.sock"
    os.chmod(path, 0o666)  # as if somebody had
    answer = as_user(OTHER, lambda: ask(path))
    t.ok(answer["ok"] is False and answer["error"] == "forbidden", "another user is not heard, whatever the socket's mode is")
    t.ok(as_user(QUERY, lambda: ask(path))["ok"] is False, "nor is queryd's")
    t.ok(as_user(INGEST, lambda: ask(path))["ok"] is True and ask(path)["ok"] is True, "ingestd's own and root are")
    os.chmod(path, 0o600)


def work(t, ledger, key, expected):
    lines = "\n".join(event(SUBJECT, "case %d" % i) for i in range(5)) + "\n"
    sent = ledger.result("send", "--server", ledger.ingest, "--key", key, "-", stdin=lines)
    ledger.run("epoch", ledger.dir)
    token = ledger.run("token", ledger.dir, SUBJECT).strip()
    answer = json.loads(ledger.run("who", SUBJECT, "--ledger", "http://" + ledger.query, "--token", token, "--json"))
    t.ok(sent.returncode == 0 and len(answer["accesses"]) == expected, "events are taken in, filed and answered")


def go_on_after_root(t, ledger, key):
    """Root's commands make files of root's; serving sets them right."""
    ledger.stop()
    ledger.run("send", "--server", "127.0.0.1:1", "--key", key, "/dev/null", check=False)
    ledger.run("epoch", ledger.dir, "--rebuild")
    roots = [path for path in files_of(ledger.dir) if os.stat(path).st_uid == 0]
    t.ok(sorted(os.path.relpath(path, ledger.dir) for path in roots) == ["authority.crt", "client.json", "issuers.json", "notes.txt"],
         "what root's commands make in it is handed over: %s" % roots)
    ledger.serve("--ingest-user", INGEST, "--query-user", QUERY)
    work(t, ledger, key, 10)
    code, line = ledger.audit("--labels")
    t.ok(code == 0, line)
    copy = ledger.path("copy")
    result = ledger.result("copy", ledger.dir, copy)
    t.ok(result.returncode == 0 and os.stat(copy + "/keys/master").st_mode & 0o777 == 0o600, "a copy is its owner's alone")
    t.ok(ledger.result("who", SUBJECT, "--ledger", copy).returncode == 0, "and opens")


def keys_for_tls(t, ledger):
    """A key is one user's, and read again at each SIGHUP: what would not be is said at the start."""
    try:
        ca = Authority(ledger.path("ca"))
    except NoOpenssl as why:
        t.skip("each user has its own TLS key", str(why))
        return
    os.chmod(ledger.path("ca"), 0o711)
    one, other = ca.issue("one"), ca.issue("other")
    os.chown(one.key, *ids(INGEST))
    os.chown(other.key, *ids(QUERY))
    users = "--ingest-user", INGEST, "--query-user", QUERY, "--tls-cert", one.certificate, "--tls-key", one.key
    ledger.stop()
    result = ledger.result("serve", ledger.dir, "--ingest", "127.0.0.1:0", "--query", "127.0.0.1:0", *users)
    t.ok(result.returncode == 2 and "indsigt-queryd: the key" in result.stderr and "--query-tls-key" in result.stderr,
         "a key that queryd could not read again: %d %s" % (result.returncode, result.stderr.strip()))
    result = ledger.result("serve", ledger.dir, *users, "--query-tls-cert", other.certificate)
    t.ok(result.returncode == 2, "half a pair: " + result.stderr.split("\n")[0])
    ledger.serve(*users, "--query-tls-cert", other.certificate, "--query-tls-key", other.key)
    with open(ledger.path("serve.log"), encoding="utf-8") as log:
        log.seek(0, os.SEEK_END)
        ledger.server.send_signal(signal.SIGHUP)
        said = ""

        def read_more():
            nonlocal said
            said += log.read()
            return said.count("TLS: ") >= 2 and "takes messages" in said
        wait_until(read_more, "both have read their files, and who reports reads has begun anew")
    t.ok("started again" not in said, "who reports reads begins anew with it, and is not said to have died")
    t.ok(said.count("were read anew") == 2, "with a pair for each both read theirs anew: " + said.strip())


def unreadable(t, ledger):
    """What a daemon's user cannot read names the command that mends it."""
    ledger.stop()
    for name, program, user in ("keys/master", "query/indsigt-queryd", QUERY), ("store/data.mdb", "ingest/indsigt-ingestd", INGEST):
        path = os.path.join(ledger.dir, name)
        before = os.stat(path)
        os.chown(path, 0, 0)
        os.chmod(path, 0o600)
        result = subprocess.run([os.path.join(os.path.dirname(ledger.indsigt), "..", program), ledger.dir, "--listen", "127.0.0.1:0", "--user", user],
                                capture_output=True, text=True, timeout=60, check=False)
        t.ok(result.returncode == 4 and "Permission denied" in result.stderr and "'indsigt own'" in result.stderr, "unreadable: " + result.stderr.strip())
        os.chown(path, before.st_uid, before.st_gid)
        os.chmod(path, before.st_mode & 0o777)


def refuse(t, ledger):
    for name, options in (("unknown", ("nobody-of-that-name", QUERY)), ("root", ("root", QUERY)), ("one for both", (INGEST, INGEST))):
        result = ledger.result("own", ledger.dir, "--ingest-user", options[0], "--query-user", options[1])
        t.ok(result.returncode == 2, "%s: %s" % (name, result.stderr.strip().splitlines()[0]))
    outside = ledger.path("outside")
    for make in os.link, os.symlink:
        with open(outside, "w", encoding="ascii") as file:
            file.write("not the ledger's\n")
        make(outside, ledger.dir + "/filed/x")
        result = ledger.result("own", ledger.dir, "--ingest-user", INGEST, "--query-user", QUERY)
        t.ok(result.returncode != 0 and os.stat(outside).st_uid == 0, "%s is not given away: %s" %
             (make.__name__, result.stderr.strip()))
        os.unlink(ledger.dir + "/filed/x")
        os.unlink(outside)


def one_user(t, indsigt):
    """Who has a ledger alone keeps it, whatever root does in it."""
    ledger = Ledger(indsigt)
    uid, gid = ids(INGEST)
    for path in files_of(ledger.dir):
        os.chown(path, uid, gid)
    modes = {path: os.stat(path).st_mode for path in files_of(ledger.dir)}
    ledger.add_sender("KSD")
    ledger.run("epoch", ledger.dir, "--rebuild")
    t.ok(all(os.stat(path).st_uid == uid for path in files_of(ledger.dir)) and
         all(os.stat(path).st_mode == mode for path, mode in modes.items() if os.path.exists(path)), "one user's ledger stays that user's")
    place = os.path.join(ledger.dir, "gateway")
    os.mkdir(place, 0o700)
    os.chown(place, ids(OTHER)[0], -1)
    result = ledger.result("sender", "add", ledger.dir, "--name", "Arkiv", "--org", "cvr:55133018", "--key", ledger.path("arkiv.key"))
    t.ok(result.returncode == 0 and result.stderr == "" and os.stat(place).st_uid == ids(OTHER)[0],
         "and a gateway's folder in it that gateway's: %s" % result.stderr)
    ledger.remove()


def end_with_its_parent(t, ledger):
    pids = [ledger.daemon("indsigt-ingestd"), ledger.daemon("indsigt-queryd")]
    ledger.server.send_signal(signal.SIGKILL)
    ledger.server.wait()
    ledger.server.stdout.close()
    ledger.server = None
    wait_until(lambda: not any(os.path.exists("/proc/%d/cmdline" % pid) and
                               open("/proc/%d/cmdline" % pid, "rb").read() for pid in pids), "the daemons")
    t.ok(True, "both end with the one that started them")


def only_root(t, ledger):
    uid, gid = ids(INGEST)
    result = subprocess.run([ledger.indsigt, "own", ledger.dir, "--ingest-user", OTHER, "--query-user", QUERY], user=uid,
                            group=gid, extra_groups=[], capture_output=True, text=True, check=False)
    t.ok(result.returncode == 2 and "only root" in result.stderr, "who is not root names nobody: " + result.stderr.split("\n")[0])


def main():
    t = Tap()
    if os.geteuid() != 0:
        t.skip("each daemon has a user of its own", "only root can start them as others")
        t.done()
    ledger = Ledger(sys.argv[1])
    try:
        key = set_up(t, ledger)
        look_at_processes(t, ledger)
        work(t, ledger, key, 5)
        look_at_files(t, ledger)
        look_at_socket(t, ledger)
        go_on_after_root(t, ledger, key)
        keys_for_tls(t, ledger)
        unreadable(t, ledger)
        ledger.serve("--ingest-user", INGEST, "--query-user", QUERY)
        refuse(t, ledger)
        only_root(t, ledger)
        end_with_its_parent(t, ledger)
        one_user(t, sys.argv[1])
    finally:
        ledger.remove()
    t.done()


if __name__ == "__main__":
    main()

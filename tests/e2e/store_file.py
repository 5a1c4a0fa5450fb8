#!/usr/bin/env python3
"""A store's file that was cut or emptied, also while a daemon runs on it, and a table of readers that somebody holds: each
is named in one sentence, and nobody's program ends by a signal. usage: store_file.py INDSIGT"""

import ctypes
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import urllib.error

from indsigt import Ledger, Tap, event, wait_until

SUBJECT = "cpr:0101701234"
READ_ONLY, NO_TLS = 0x20000, 0x200000


def hold_all(path, holds):
    """Takes every snapshot that can be had, and keeps them."""
    lmdb = ctypes.CDLL("liblmdb.so.0")
    lmdb.mdb_txn_begin.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_uint, ctypes.c_void_p]
    lmdb.mdb_env_set_mapsize.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
    env = ctypes.c_void_p()
    lmdb.mdb_env_create(ctypes.byref(env))
    lmdb.mdb_env_set_mapsize(env, 1 << 40)
    if lmdb.mdb_env_open(env, path.encode(), READ_ONLY | NO_TLS, 0o600) != 0:
        os._exit(1)
    count = 0
    while lmdb.mdb_txn_begin(env, None, READ_ONLY, ctypes.byref(ctypes.c_void_p())) == 0:
        count += 1
    holds.put(count)
    signal.pause()


def send(ledger, key, activity):
    return ledger.result("send", "--server", ledger.ingest, "--key", key, "-", stdin=event(SUBJECT, activity) + "\n")


def status(ledger, path):
    try:
        ledger.get(path)
        return 200
    except urllib.error.HTTPError as error:
        return error.code


def readers(tap, ledger, key):
    daemon = ledger.daemon("indsigt-ingestd")
    holds = multiprocessing.Queue()
    holder = multiprocessing.Process(target=hold_all, args=(ledger.dir + "/store", holds))
    holder.start()
    tap.ok(holds.get(timeout=60) > 400, "somebody holds every snapshot there is")
    who = ledger.result("who", SUBJECT, "--ledger", ledger.dir)
    tap.ok(who.returncode > 0 and "too many snapshots" in who.stderr, "who says so")
    tap.ok(status(ledger, "/v1/coverage") == 503, "an answer over HTTP is put off")
    holder.kill()
    holder.join()
    tap.ok(ledger.result("who", SUBJECT, "--ledger", ledger.dir).returncode == 0, "who answers once the holder is dead")
    wait_until(lambda: status(ledger, "/v1/coverage") == 200, "an answer over HTTP")
    tap.ok(True, "so does the query daemon")
    tap.ok(send(ledger, key, "second").returncode == 0, "events are taken")
    tap.ok(ledger.daemon("indsigt-ingestd") == daemon, "by the daemon that was there before")


def damage(tap, ledger, what, change, words):
    """`what`: which file; each program says one of `words`, and changes nothing."""
    file = os.path.join(ledger.dir, what)
    shutil.copy(file, ledger.path("whole"))
    change(file)
    size = os.path.getsize(file)
    for name, arguments in (("who", ("who", SUBJECT, "--ledger", ledger.dir)),
                            ("statement", ("statement", SUBJECT, "--ledger", ledger.dir, "-o", ledger.path("s"))),
                            ("serve", ("serve", ledger.dir, "--ingest", "127.0.0.1:0", "--query", "127.0.0.1:0"))):
        result = ledger.result(*arguments)
        tap.ok(result.returncode > 0 and any(word in result.stderr for word in words) and
               "signal" not in result.stderr, "%s names %s that is %s" % (name, what, change.__name__))
        if not any(word in result.stderr for word in words):
            print("# %d %s" % (result.returncode, result.stderr.strip()))
    tap.ok(os.path.getsize(file) == size, "nothing was made anew")
    shutil.copy(ledger.path("whole"), file)


def cut_while_running(tap, ledger, key):
    """Each daemon alone, and all behind the head of the file that it has mapped is gone: a thread of it reads there."""
    file = os.path.join(ledger.dir, "store/data.mdb")
    shutil.copy(file, ledger.path("whole"))
    for name, folder, ask in (
            ("queryd", "query", (sys.executable, "-c", "import sys, urllib.request; urllib.request.urlopen(sys.argv[1])",
                                 "http://%s/v1/coverage")),
            ("ingestd", "ingest", (ledger.indsigt, "send", "--key", key, ledger.path("third"), "--server", "%s"))):
        program = os.path.join(os.path.dirname(ledger.indsigt), "..", folder, "indsigt-" + name)
        daemon = subprocess.Popen([program, ledger.dir, "--listen", "127.0.0.1:0"], stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, text=True)
        address = daemon.stdout.readline().split()[1]
        os.truncate(file, 8192)
        asker = subprocess.Popen([*ask[:-1], ask[-1] % address], stderr=subprocess.DEVNULL)
        said = daemon.communicate()[1]
        asker.kill()
        asker.wait()
        tap.ok(daemon.returncode == 4 and "data.mdb was cut" in said,
               "%s says that its file was cut under it: %d %s" % (name, daemon.returncode, said.strip()))
        shutil.copy(ledger.path("whole"), file)


def cut(file):
    os.truncate(file, os.path.getsize(file) // 2)


def empty(file):
    os.truncate(file, 0)


def main():
    tap = Tap()
    ledger = Ledger(sys.argv[1])
    try:
        key = ledger.add_sender("ksd")
        ledger.serve()
        tap.ok(send(ledger, key, "first").returncode == 0, "an event is taken")
        readers(tap, ledger, key)
        ledger.stop()
        for file in ("store/data.mdb", "keys/env/data.mdb"):
            damage(tap, ledger, file, cut, ("was cut",))
            damage(tap, ledger, file, empty, ("is empty",))
        with open(ledger.path("third"), "w", encoding="utf-8") as file:
            file.write(event(SUBJECT, "third") + "\n")
        cut_while_running(tap, ledger, key)
        ledger.serve()
        tap.ok(len(ledger.who(SUBJECT)["accesses"]) == 2, "with the whole files back everything is there")
    finally:
        ledger.remove()
    tap.done()


main()

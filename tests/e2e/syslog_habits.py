#!/usr/bin/env python3
"""What Debian's rsyslog, syslog-ng and logger do to messages and lines when nobody has set them up for audit: what can be undone is, and
what was lost on the way is said to be that. Each part names the habit (B1 to B9 of what real senders do).
SYS-6, SYS-8, SYS-10, SYS-12, SYS-13, GW-4, GW-8, GW-10
usage: syslog_habits.py INDSIGT GATEWAY [PART...]"""

import glob
import os
import shutil
import signal
import socket
import subprocess

import syslog_daemons
from certificates import Authority
from gateway import HEAD, Gateway, audit, counted, free_port, gateway_read, run, seen, shown
from indsigt import event, wait_until

LIBRARIES = glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")
CUT_AT = 8096  # rsyslog's own limit


def on_lines(subject, what, size=0):
    """As a program writes XML for people, and the tab that it indents with; `size`: at least so many bytes. All in UTF-8."""
    text = audit(subject, what).replace("><", ">\n\t<").replace("UserID=", "\n\t\tUserID=")
    more = '<ParticipantObjectIdentification ParticipantObjectID="1.2.%d" ParticipantObjectTypeCode="2" ParticipantObjectTypeCodeRole="3"/>'
    objects = "\n".join(more % n for n in range(size // len(more) + 1 if size else 0))
    return text.replace("</AuditMessage>", objects + "</AuditMessage>")


def daemons(tap, ledger, what):
    """The folder that they are unpacked in, or None."""
    if not hasattr(ledger, "daemons"):
        ledger.daemons = syslog_daemons.fetch(ledger.place)
    root, why = ledger.daemons
    if root is None:
        tap.skip(what, why)
    return root


def give(port, *messages):
    with socket.create_connection(("127.0.0.1", port), timeout=240) as line:
        line.sendall(b"".join(counted(message) for message in messages))


def error_of(row):
    return row["error"]


def line_breaks(tap, ledger, program):
    """B4, B5: XML on many lines, through rsyslog as it comes (#012, #011) and through syslog-ng (as they are, by lines too)."""
    root = daemons(tap, ledger, "line breaks")
    if root is None:
        return
    gateway = Gateway(ledger, ledger.add_sender("line-breaks"), program)
    ways = {"rsyslog": lambda f, p: syslog_daemons.rsyslog(root, f, p, gateway.address, bare=True, TCP_Framing="octet-counted"),
            "rsyslog by lines": lambda f, p: syslog_daemons.rsyslog(root, f, p, gateway.address, bare=True, TCP_Framing="traditional"),
            "rsyslog by imtcp": lambda f, p: syslog_daemons.rsyslog(root, f, p, gateway.address, bare=True, input="imtcp", TCP_Framing="octet-counted"),
            "syslog-ng": lambda f, p: syslog_daemons.syslog_ng(root, f, p, gateway.address, lines="")}
    for number, (name, start) in enumerate(ways.items()):
        subject, port = "01017016%02d" % number, free_port()
        daemon = start(ledger.path("breaks-%d" % number), port)
        give(port, HEAD + on_lines(subject, "%s one" % name), HEAD + on_lines(subject, "%s two" % name))
        tap.ok(seen(ledger, "cpr:" + subject, 2) == ["%s one" % name, "%s two" % name], "%s: XML on many lines is read" % name)
        daemon.stop()
    tap.ok(gateway.rejected() == [], "none is refused: %s" % [row["reason"] for row in gateway.rejected()])
    gateway.stop()
    tap.ok(gateway.status()["lines"]["broken"] == 0, "and no line is broken, with or without a word at its end")


def cut(tap, ledger, program):
    """B6: rsyslog cuts at 8,096 bytes; imtcp makes three messages of one of 20,058."""
    root = daemons(tap, ledger, "what is cut")
    if root is None:
        return
    gateway = Gateway(ledger, ledger.add_sender("cut"), program)
    port = free_port()
    daemon = syslog_daemons.rsyslog(root, ledger.path("cut"), port, gateway.address, bare=True, TCP_Framing="octet-counted")
    give(port, HEAD + on_lines("0101701620", "long", 12000), HEAD + on_lines("0101701620", "behind"))
    tap.ok(seen(ledger, "cpr:0101701620", 1) == ["behind"], "imptcp: what comes behind is taken")
    daemon.stop()
    rows = gateway.rejected()
    tap.ok([error_of(row) for row in rows] == ["truncated"] and "maxMessageSize" in rows[0]["reason"], "what was cut says so, and what to do: %s" % [row["reason"] for row in rows])
    tap.ok(len(rows[0]["message"].encode()) <= CUT_AT + 200, "it is kept as it came: %d bytes" % len(rows[0]["message"]))
    daemon = syslog_daemons.rsyslog(root, ledger.path("fragments"), port, gateway.address, bare=True, input="imtcp", TCP_Framing="octet-counted")
    give(port, HEAD + on_lines("0101701621", "longer", 20000), HEAD + on_lines("0101701621", "behind"))
    tap.ok(seen(ledger, "cpr:0101701621", 1) == ["behind"], "imtcp: what comes behind is taken")
    daemon.stop()
    errors = [error_of(row) for row in gateway.rejected()[1:]]
    tap.ok(errors == ["truncated", "trailing", "trailing"], "of one message that imtcp made three of, one is cut and two are pieces: %s" % errors)
    gateway.stop()


def by_logger(tap, ledger, program):
    """B6: logger cuts at 1,024 bytes, and makes a message of each line that it reads."""
    if shutil.which("logger") is None:
        tap.skip("logger", "it is not here")
        return
    gateway = Gateway(ledger, ledger.add_sender("by-logger"), program)
    command = ["logger", "--server", "127.0.0.1", "--port", str(gateway.port), "--tcp", "--octet-count", "--rfc5424"]
    long = audit("0101701630", "cut", '<ParticipantObjectIdentification ParticipantObjectID="%s" ParticipantObjectTypeCode="2" ParticipantObjectTypeCodeRole="3"/>' % ("1." * 300 + "1"))
    subprocess.run([*command, long], check=True, timeout=240)
    rows = wait_until(gateway.rejected, "what was cut is kept")
    tap.ok([error_of(row) for row in rows] == ["truncated"] and "--size (logger)" in rows[0]["reason"], "what logger cut says so: %s" % [row["reason"] for row in rows])
    subprocess.run(command, input=on_lines("0101701630", "lines"), text=True, check=True, timeout=240)
    lines = on_lines("0101701630", "lines").count("\n") + 1
    wait_until(lambda: len(gateway.rejected()) >= lines, "each line is refused")
    tap.ok(shown(ledger, "cpr:0101701630") == [], "a message in pieces is taken by nobody")
    subprocess.run([*command, "--size", "65536", long], check=True, timeout=240)
    tap.ok(seen(ledger, "cpr:0101701630", 1) == ["cut"], "with --size it is whole")
    gateway.stop()


def lines_of(gateway):
    """Connections that are open to it, by the kernel's word."""
    local = "0100007F:%04X" % gateway.port
    with open("/proc/net/tcp", encoding="ascii") as file:
        return sum(line.split()[1] == local and line.split()[3] == "01" for line in file.readlines()[1:])


class Hours:
    """A clock that a gateway lives by, which is put forward; libfaketime reads it at every look."""

    def __init__(self, ledger):
        self.path = ledger.path("hours")
        self.set(0)

    def set(self, hours):
        with open(self.path + ".new", "w", encoding="ascii") as file:
            file.write("+%dh\n" % hours)
        os.rename(self.path + ".new", self.path)

    def environment(self, *preloaded, **more):
        return {**os.environ, "LD_PRELOAD": " ".join((LIBRARIES[0], *preloaded)), "FAKETIME_TIMESTAMP_FILE": self.path, "FAKETIME_NO_CACHE": "1", **more}


def hours(tap, ledger, program):
    """B2: syslog-ng connects when it starts, and has something to say six hours later; beside it as many lines as may be."""
    root = daemons(tap, ledger, "hours of silence")
    if root is None:
        return
    if not LIBRARIES or "INDSIGT_DYING_CALL" not in os.environ:
        tap.skip("hours of silence", "libfaketime is not here, or not for a program with sanitizers")
        return
    clock, port = Hours(ledger), free_port()
    authority = Authority(ledger.path("ca-of-hours"))
    server, client = authority.issue("server"), authority.issue("client")
    gateway = Gateway(ledger, ledger.add_sender("hours"), program, "--syslog-cert", server.certificate, "--syslog-key", server.key,
                      "--client-ca", authority.certificate, environment=clock.environment())
    daemon = syslog_daemons.syslog_ng(root, ledger.path("hours-of-silence"), port, gateway.address, (authority.certificate, client.certificate, client.key))
    wait_until(lambda: lines_of(gateway) == 1, "syslog-ng is connected")
    clock.set(6)
    with gateway.connect() as half:
        half.sendall(b"\x16\x03\x01")
        wait_until(lambda: gateway_read(gateway) == 0, "a handshake has begun")
        clock.set(7)
        half.settimeout(240)
        tap.ok(half.recv(1) == b"" and lines_of(gateway) == 1, "a handshake that began is over after an hour, a line that said nothing is not after seven")
    give(port, HEAD + audit("0101701670", "first"))
    tap.ok(seen(ledger, "cpr:0101701670", 1) == ["first"], "its first message arrives")
    clock.set(30)
    give(port, HEAD + audit("0101701670", "next day"))
    tap.ok(seen(ledger, "cpr:0101701670", 2) == ["first", "next day"], "and what it says on the next day")
    daemon.stop()
    gateway.stop()
    lines = gateway.status()["lines"]
    tap.ok(lines["accepted"] == 2 and lines["refused"] == 1 and lines["broken"] == 0, "all of it on one line: %s" % lines)


def small_house(tap, ledger, program, name, others=64):
    """The program with room for four lines, beside `others` files; None where that cannot be."""
    if not LIBRARIES or "INDSIGT_FAILING_CALL" not in os.environ or shutil.which("prlimit") is None:
        tap.skip(name, "libfaketime or prlimit is not here, or not for a program with sanitizers")
        return None
    wrapper = ledger.path("few-files")
    with open(wrapper, "w", encoding="utf-8", opener=lambda path, flags: os.open(path, flags, 0o700)) as file:
        file.write('#!/bin/sh\nexec prlimit --nofile=%d:%d "%s" "$@"\n' % (others + 4, others + 4, program))
    return wrapper


def crowd(tap, ledger, program):
    """GW-4: where there is no place, the line that was silent longest gives way, if that is a minute, and not within a message."""
    wrapper = small_house(tap, ledger, program, "a crowd")
    if wrapper is None:
        return
    clock = Hours(ledger)
    gateway = Gateway(ledger, ledger.add_sender("crowd"), wrapper, environment=clock.environment())
    lines = [gateway.connect() for _ in range(4)]
    whole = counted(HEAD + audit("0101701680", "in two parts"))
    lines[0].sendall(whole[:100])
    for line in lines[1:]:
        line.sendall(counted(HEAD + audit("0101701680", "early")))
    seen(ledger, "cpr:0101701680", 1)
    fifth = gateway.connect()
    fifth.sendall(counted(HEAD + audit("0101701680", "fifth")))
    lines[2].sendall(counted(HEAD + audit("0101701680", "still")))
    lines[3].sendall(counted(HEAD + audit("0101701680", "there")))
    tap.ok(seen(ledger, "cpr:0101701680", 3) == ["early", "still", "there"], "who comes to a full house waits, and nobody is sent away who was heard just now")
    clock.set(1)
    tap.ok(seen(ledger, "cpr:0101701680", 4) == ["early", "fifth", "still", "there"], "until somebody has been silent for long")
    lines[1].settimeout(240)
    tap.ok(lines[1].recv(1) == b"", "the one that was silent longest")
    lines[0].sendall(whole[100:])
    tap.ok(seen(ledger, "cpr:0101701680", 5)[2] == "in two parts", "and not the one that is within a message: %s" % shown(ledger, "cpr:0101701680"))
    for line in (*lines, fifth):
        line.close()
    gateway.stop()
    tap.ok(gateway.rejected() == [] and gateway.status()["messages"]["repeated"] == 2, "nothing is lost by it: %s" % gateway.status()["messages"])


def full_house(tap, ledger, program):
    """GW-4: nobody gives way for nobody, and a length that came alone is within its message."""
    wrapper = small_house(tap, ledger, program, "a full house")
    if wrapper is None:
        return
    clock = Hours(ledger)
    gateway = Gateway(ledger, ledger.add_sender("full-house"), wrapper, environment=clock.environment())
    lines = [gateway.connect() for _ in range(4)]
    whole = counted(HEAD + audit("0101701681", "length first"))
    length = whole.index(b" ") + 1
    lines[0].sendall(whole[:length])
    wait_until(lambda: gateway_read(gateway) == 0, "its length is read")
    for number, line in enumerate(lines[1:]):
        line.sendall(counted(HEAD + audit("0101701681", "early %d" % number)))
    seen(ledger, "cpr:0101701681", 3)
    clock.set(1)
    lines[3].sendall(counted(HEAD + audit("0101701681", "after an hour")))
    seen(ledger, "cpr:0101701681", 4)
    tap.ok(lines_of(gateway) == 4, "a full house is nobody's trouble while nobody waits at its door: %d lines" % lines_of(gateway))
    late = [gateway.connect() for _ in range(2)]
    for number, line in enumerate(late):
        line.sendall(counted(HEAD + audit("0101701681", "late %d" % number)))
    seen(ledger, "cpr:0101701681", 6)
    lines[0].sendall(whole[length:])
    tap.ok("length first" in seen(ledger, "cpr:0101701681", 7), "who has said no more than a length does not give way")
    for line in (*lines, *late):
        line.close()
    gateway.stop()


def unread(tap, ledger, program):
    """GW-4, B8: a line whose bytes wait to be read is not silent, however long nothing was read."""
    wrapper = small_house(tap, ledger, program, "lines that wait to be read", 64 + 512)
    if wrapper is None:
        return
    clock, full = Hours(ledger), ledger.path("disk-is-full")
    gateway = Gateway(ledger, ledger.add_sender("unread"), wrapper, "--http", "127.0.0.1:0",
                      environment=clock.environment(os.environ["INDSIGT_FAILING_CALL"], FAILING_WRITE=full))
    lines = [gateway.connect() for _ in range(4)]
    for number, line in enumerate(lines):
        line.sendall(counted(HEAD + audit("0101701682", "before %d" % number)))
    seen(ledger, "cpr:0101701682", 4)
    with open(full, "w", encoding="ascii"):
        lines[0].sendall(counted(HEAD + audit("0101701682", "full")))
    wait_until(lambda: "disk is full" in gateway.said(), "its disk is full")
    for number, line in enumerate(lines):
        line.sendall(counted(HEAD + audit("0101701682", "unread %d" % number)))
    clock.set(1)
    fifth = gateway.connect()
    fifth.sendall(counted(HEAD + audit("0101701682", "fifth")))
    status, _ = gateway.post(event("cpr:0101701682", "posted"))
    tap.ok(status == 503 and lines_of(gateway) == 5, "while nothing is read nobody gives way: %d lines" % lines_of(gateway))
    os.remove(full)
    lines[3].close()
    tap.ok(len(seen(ledger, "cpr:0101701682", 10)) == 10, "all that had come is found: %s" % shown(ledger, "cpr:0101701682"))
    for line in (*lines, fifth):
        line.close()
    gateway.stop()


def stopped(tap, ledger, program):
    """GW-4, B8: nor is one whose bytes came before who takes the last place."""
    wrapper = small_house(tap, ledger, program, "the last place")
    if wrapper is None:
        return
    clock = Hours(ledger)
    gateway = Gateway(ledger, ledger.add_sender("stopped"), wrapper, environment=clock.environment())
    lines = [gateway.connect() for _ in range(3)]
    for number, line in enumerate(lines):
        line.sendall(counted(HEAD + audit("0101701683", "before %d" % number)))
    seen(ledger, "cpr:0101701683", 3)
    gateway.process.send_signal(signal.SIGSTOP)
    late = [gateway.connect() for _ in range(2)]
    for number, line in enumerate(lines):
        line.sendall(counted(HEAD + audit("0101701683", "meanwhile %d" % number)))
    clock.set(1)
    gateway.process.send_signal(signal.SIGCONT)
    tap.ok(len(seen(ledger, "cpr:0101701683", 6)) == 6, "all that had come is found: %s" % shown(ledger, "cpr:0101701683"))
    for line in (*lines, *late):
        line.close()
    gateway.stop()


def idle(tap, ledger, program):
    """B2, B3: syslog-ng connects when it starts and begins its handshake with its first message; and ends without a word."""
    root = daemons(tap, ledger, "idle lines")
    if root is None:
        return
    authority = Authority(ledger.path("ca-of-habits"))
    server, client = authority.issue("server"), authority.issue("client")
    gateway = Gateway(ledger, ledger.add_sender("idle"), program, "--syslog-cert", server.certificate, "--syslog-key", server.key,
                      "--client-ca", authority.certificate)
    port = free_port()
    daemon = syslog_daemons.syslog_ng(root, ledger.path("idle"), port, gateway.address, (authority.certificate, client.certificate, client.key))
    wait_until(lambda: lines_of(gateway) == 1, "syslog-ng is connected")
    # Time passes by what the gateway itself ends when its limit is over: a handshake that has begun after syslog-ng came, twice.
    for _ in range(2):
        with gateway.connect() as half:
            half.sendall(b"\x16\x03\x01")
            half.settimeout(240)
            half.recv(1)
    tap.ok(lines_of(gateway) == 1, "a line that says nothing for longer than a handshake may last is still there")
    give(port, HEAD + audit("0101701640", "first"))
    tap.ok(seen(ledger, "cpr:0101701640", 1) == ["first"], "its first message arrives")
    daemon.stop()
    wait_until(lambda: lines_of(gateway) == 0, "syslog-ng has gone")
    gateway.stop()
    lines = gateway.status()["lines"]
    tap.ok(lines["accepted"] == 3 and lines["refused"] == 2 and lines["broken"] == 0, "it came once, and its end broke nothing: %s" % lines)


def told(tap, ledger, program):
    """B8: the gateway ends in a burst and is there again: rsyslog, which looks whether its line still stands, loses nothing."""
    root = daemons(tap, ledger, "an end in a burst")
    if root is None:
        return
    count = 1000 if os.environ.get("INDSIGT_SHORT") else 5000
    port, address = free_port(), "127.0.0.1:%d" % free_port()
    key = ledger.add_sender("told")
    gateway = Gateway(ledger, key, program, address=address)
    daemon = syslog_daemons.rsyslog(root, ledger.path("told"), port, address, TCP_Framing="octet-counted")
    for part in range(4):
        give(port, *(HEAD + audit("0101701650", "%05d" % n) for n in range(part * count // 4, (part + 1) * count // 4)))
        if part < 3:
            seen(ledger, "cpr:0101701650", part * count // 4 + 1)
            gateway.stop(signal.SIGTERM)
            gateway = Gateway(ledger, key, program, address=address)
    found = seen(ledger, "cpr:0101701650", count)
    tap.ok(found == ["%05d" % n for n in range(count)], "%d messages, three ends in order: %d found" % (count, len(found)))
    daemon.stop()
    gateway.stop()


def two_lines(tap, ledger, program):
    """B7, B9: one sender on two lines at once, out of order, the same message on both; whatever priority and MSGID it writes."""
    gateway = Gateway(ledger, ledger.add_sender("two-lines"), program)
    heads = ["<0>1 - - - - - - ", "<191>1 2026-11-20T08:00:00.123456+01:00 h a p IHE+DICOM - ", "<84>1 2026-11-20T08:00:00Z h a p OTHER [x y=\"]\"] \ufeff",
             "<13>Nov 20 08:00:00 h a[1]: ", "<999>1 - h - - IHE+RFC-3881 - "]
    texts = [counted(heads[n % len(heads)] + audit("0101701660", "%03d" % n)) for n in range(100)]
    with gateway.connect() as one, gateway.connect() as other:
        for n in range(50):
            one.sendall(texts[99 - n])
            other.sendall(texts[n])
        wait_until(lambda: gateway_read(gateway) == 0, "all is read")
        for n in range(50):
            other.sendall(texts[50 + n])
    tap.ok(seen(ledger, "cpr:0101701660", 100) == ["%03d" % n for n in range(100)], "all are found once, in whatever order and on whatever line")
    gateway.stop()
    tap.ok(gateway.rejected() == [] and gateway.status()["messages"]["repeated"] == 50, "none is refused for its head: %s" % gateway.status()["messages"])


if __name__ == "__main__":
    run(line_breaks, cut, by_logger, idle, hours, crowd, full_house, unread, stopped, told, two_lines)

"""rsyslog, syslog-ng and logger as Debian has them, for tests: fetched and unpacked in a folder, never installed, since only one
daemon of a machine may be."""

import glob
import os
import shutil
import subprocess

from indsigt import wait_until

PACKAGES = ("rsyslog", "rsyslog-gnutls", "rsyslog-openssl", "libestr0", "libfastjson4", "liblognorm5", "syslog-ng-core")
# What these need of libraries that a machine may not have, and as which some Debian may not know them.
LIBRARIES = ("libivykis0", "libivykis0t64", "libpcre3", "libnet1", "libwrap0")


def fetch(folder):
    """(the folder, None), or (None, why not)."""
    root = os.path.join(folder, "daemons")
    os.makedirs(root)
    if shutil.which("apt-get") is None or shutil.which("dpkg") is None:
        return None, "there is no apt-get"
    result = subprocess.run(["apt-get", "download", *PACKAGES], cwd=root, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        return None, "apt-get download: " + (result.stderr.strip().splitlines() or ["failed"])[-1]
    for library in LIBRARIES:
        subprocess.run(["apt-get", "download", library], cwd=root, capture_output=True, check=False)
    for package in glob.glob(os.path.join(root, "*.deb")):
        subprocess.run(["dpkg", "-x", package, root], check=True)
    return root, None


class Daemon:
    """A process with a configuration of its own, in a folder of its own."""

    def __init__(self, root, folder, program, configuration, *options):
        os.makedirs(folder)
        path = os.path.join(folder, "conf")
        with open(path, "w", encoding="utf-8") as file:
            file.write(configuration)
        libraries = os.path.dirname(glob.glob(root + "/usr/lib/*/libestr.so.0")[0])
        self.log = os.path.join(folder, "log")
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen([root + program, *[o.replace("CONF", path) for o in options]], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            env={**os.environ, "LD_LIBRARY_PATH": ":".join((libraries, libraries.replace(root + "/usr", root), root + "/usr/lib/syslog-ng"))})

    def said(self):
        with open(self.log, encoding="utf-8", errors="replace") as file:
            return file.read()

    def stop(self):
        self.process.terminate()
        return self.process.wait(240)


def rsyslog(root, folder, port, target, **action):
    """Takes messages at 127.0.0.1:PORT as they are, and forwards them; `action`: parameters of omfwd, and of what else there is:
    `bare`: with rsyslog's own limit and escapes, `input`: by imtcp in place of imptcp."""
    modules = os.path.dirname(glob.glob(root + "/usr/lib/*/rsyslog/lmnet.so")[0])
    host, to = target.split(":")
    given = {"target": host, "port": to, "protocol": "tcp", "template": "RSYSLOG_SyslogProtocol23Format", "action.resumeRetryCount": "-1",
             "action.resumeInterval": "1", **action}
    files = {name: action.pop(name) for name in ("ca", "certificate", "key") if name in action}
    for name in files:
        given.pop(name)
    words = {"ca": "DefaultNetstreamDriverCAFile", "certificate": "DefaultNetstreamDriverCertFile", "key": "DefaultNetstreamDriverKeyFile"}
    module = given.pop("input", "imptcp")
    limits = "" if given.pop("bare", False) else ' maxMessageSize="64k" parser.escapeControlCharactersOnReceive="off"'
    configuration = """global(workDirectory="%s"%s%s)
module(load="%s")
input(type="%s" port="%d" address="127.0.0.1" supportOctetCountedFraming="on")
main_queue(queue.size="200000")
action(type="omfwd" %s)
""" % (folder, limits, "".join(' %s="%s"' % (words[name], path) for name, path in files.items()), module, module, port,
       " ".join('%s="%s"' % pair for pair in given.items()))
    daemon = Daemon(root, folder, "/usr/sbin/rsyslogd", configuration, "-n", "-i", "NONE", "-f", "CONF", "-M", modules)
    wait_until(lambda: listens(port) or daemon.process.poll() is not None, "rsyslog listens")
    return daemon


def syslog_ng(root, folder, port, target, tls=None, lines="flags(no-multi-line)"):
    """The same; `lines`: what becomes of line breaks in a message."""
    host, to = target.split(":")
    secure = "" if tls is None else 'transport("tls") tls(ca-file("%s") cert-file("%s") key-file("%s") peer-verify(required-trusted))' % tls
    configuration = """@version: 3.38
options { log-msg-size(65536); chain-hostnames(no); keep-hostname(yes); };
source s { syslog(ip("127.0.0.1") port(%d) transport("tcp") %s); };
destination d { syslog("%s" port(%s) %s); };
log { source(s); destination(d); flags(flow-control); };
""" % (port, lines, host, to, secure or 'transport("tcp")')
    modules = sorted(glob.glob(root + "/usr/lib/syslog-ng/*/"))[-1]
    daemon = Daemon(root, folder, "/usr/sbin/syslog-ng", configuration, "-F", "--no-caps", "-f", "CONF", "-R", folder + "/persist", "--pidfile", folder + "/pid",
                    "--control", folder + "/ctl", "--module-path", modules)
    wait_until(lambda: listens(port) or daemon.process.poll() is not None, "syslog-ng listens")
    return daemon


def listens(port):
    """Whether somebody listens at 127.0.0.1:PORT."""
    wanted = "0100007F:%04X" % port
    with open("/proc/net/tcp", encoding="ascii") as file:
        return any(line.split()[1] == wanted and line.split()[3] == "0A" for line in file.readlines()[1:])

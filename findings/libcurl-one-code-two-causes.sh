#!/bin/sh
# pycurl 7.45.6 (PyPI, with libcurl 8.12): one code for a peer that speaks no HTTP and for a redirect that is not allowed.
set -eu
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
python3 -m venv venv
venv/bin/pip --quiet install pycurl==7.45.6
venv/bin/python - <<'P'
import pycurl, socket, threading

def serve(reply):
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    listening.listen(1)
    def answer():
        connection, _ = listening.accept()
        connection.recv(4096)
        connection.sendall(reply)
        connection.close()
    threading.Thread(target=answer, daemon=True).start()
    return listening.getsockname()[1]

def ask(reply):
    curl = pycurl.Curl()
    curl.setopt(curl.URL, "http://127.0.0.1:%d/" % serve(reply))
    curl.setopt(curl.FOLLOWLOCATION, 1)
    curl.setopt(curl.WRITEFUNCTION, lambda data: None)
    try:
        curl.perform()
        return 0, curl.getinfo(curl.RESPONSE_CODE)
    except pycurl.error as error:
        return error.args[0], curl.getinfo(curl.RESPONSE_CODE)

print(pycurl.version)
other = ask(b"hello, this port speaks something else\n")
moved = ask(b"HTTP/1.1 302 Found\r\nLocation: gopher://127.0.0.1/\r\nContent-Length: 0\r\n\r\n")
print("a line of text for an answer: code %d, status %d" % other)
print("a redirect to a scheme that is not followed: code %d, status %d" % moved)
assert other[0] == moved[0] == pycurl.E_UNSUPPORTED_PROTOCOL and (other[1], moved[1]) == (0, 302)
print("as seen: the code alone cannot tell what answers there")
P

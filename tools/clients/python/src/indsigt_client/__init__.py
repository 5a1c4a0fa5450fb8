"""Reports accesses to an Indsigt gateway on this machine. Standard library alone.

An event is a dict as `indsigt help event` describes it. What `report` returns from is durable: the gateway has it on disk, and sends it.
"""

import http.client
import json
import random
import time
import uuid

__all__ = ["Reporter", "Refused", "Unavailable"]
__version__ = "0.1.0"

DEFAULT_ADDRESS = "127.0.0.1:7515"
LINES_MAX = 1000
BYTES_MAX = 1 << 20
FIRST_PAUSE_S = 0.05
LONGEST_PAUSE_S = 2.0


class Refused(ValueError):
    """The event is not one that the ledger takes. `error` is a short name, `reason` names the field; `event` is the event."""

    def __init__(self, error, reason, event=None):
        super().__init__(reason)
        self.error = error
        self.reason = reason
        self.event = event


class Unavailable(ConnectionError):
    """The gateway could not take it in time. `events` are those of which nothing says that they were taken, each with its id: given
    again as they are, each is reported once. `refused`: those of report_many that were refused before."""

    def __init__(self, why, events=(), refused=()):
        super().__init__(why)
        self.events = list(events)
        self.refused = list(refused)


class Reporter:
    """Takes events to the gateway at `address` (HOST:PORT). `token_file`: what the gateway's --http-token names. `patience`: seconds for
    which a gateway that is away or busy is tried. May be used by several threads: each call has a connection of its own."""

    def __init__(self, address=DEFAULT_ADDRESS, token_file=None, patience=30.0):
        self._address = address
        self._patience = patience
        self._headers = {}
        if token_file is not None:
            with open(token_file, encoding="ascii") as file:
                self._headers["Authorization"] = "Bearer " + file.read().strip()

    def report(self, event):
        """Returns once the event is durable. Raises Refused or Unavailable."""
        event = _with_id(event)
        status, answer = self._post(_line(event), "application/json", [event], [])
        if status not in (200, 201):
            raise _refused(status, answer, event)

    def report_many(self, events):
        """Returns once all are durable but those that are refused, which it gives back: a list of Refused, each with its event.
        Raises Unavailable with those that were not taken."""
        refused, waiting = [], []
        for event in map(_with_id, events):
            try:
                waiting.append((event, _line(event)))
            except Refused as why:
                refused.append(why)
        while waiting:
            count, size = 0, 0
            for _, line in waiting[:LINES_MAX]:
                size += len(line) + 1
                if size > BYTES_MAX and count > 0:
                    break
                count += 1
            part = waiting[:count]
            status, answer = self._post(b"\n".join(line for _, line in part), "application/x-ndjson", [event for event, _ in waiting], refused)
            waiting = waiting[count:]
            if status != 200:
                refused += [_refused(status, answer, event) for event, _ in part]
                continue
            for one, result in zip(part, answer["results"]):
                if result.get("error") == "stopped":
                    waiting.append(one)
                elif "error" in result:
                    refused.append(Refused(result["error"], result["reason"], one[0]))
        return refused

    def _post(self, body, kind, events, refused):
        """(status, answer); tries again what may be tried again."""
        end = time.monotonic() + self._patience
        pause = FIRST_PAUSE_S
        while True:
            why = None
            connection = http.client.HTTPConnection(self._address, timeout=max(end - time.monotonic(), 1.0))
            try:
                connection.request("POST", "/v1/events", body, {"Content-Type": kind, **self._headers})
                response = connection.getresponse()
                answer = json.loads(response.read())
                if response.status < 500 and response.status != 429:
                    return response.status, answer
                why = answer.get("detail", "the gateway is busy")
            except (OSError, http.client.HTTPException, ValueError) as error:
                why = "%s: %s" % (self._address, error)
            finally:
                connection.close()
            if time.monotonic() + pause > end:
                raise Unavailable("the gateway could not take it within %g seconds: %s" % (self._patience, why), events, refused)
            time.sleep(pause * (0.5 + random.random()))
            pause = min(2 * pause, LONGEST_PAUSE_S)


def _with_id(event):
    return event if "id" in event else {**event, "id": str(uuid.uuid4())}


def _line(event):
    try:
        return json.dumps(event, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
    except (TypeError, ValueError) as error:  # a lone surrogate, NaN, what JSON has no form for
        reason = "half a character" if isinstance(error, UnicodeError) else str(error)
        raise Refused("bad-json", "the event cannot be written as JSON in UTF-8: %s" % reason, event) from None


def _refused(status, answer, event):
    return Refused(answer.get("error", str(status)), answer.get("detail", "refused with status %d" % status), event)

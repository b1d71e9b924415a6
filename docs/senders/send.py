"""Sends runs to Studio Metrics beside your work, with Python's own library: nothing here blocks or breaks that work.

Try it: `python3 send.py`. In a program make one `Sender()` in each process, and give it each run: `sender.send(run)`.
"""

import atexit
import email.utils
import itertools
import json
import os
import pathlib
import random
import sys
import threading
import time
import urllib.error
import urllib.request

# Answers about what was sent: the same would be answered again. Everything else is waited out.
FINAL = {400, 409, 410, 413, 415, 422}


class Sender:
    """Keeps what is not answered yet and tries it again: after 1, 2, 4, 8 ... seconds, at last each minute.

    studio: its address, else STUDIO_URL. spool: a folder where what waits outlives this program, else STUDIO_SPOOL.
    key: where one is needed, else STUDIO_KEY.
    most_bytes: beyond them the oldest of what waits is given up. first_pause: in seconds. say: hears what is given up.
    """

    def __init__(self, studio=None, spool=None, key=None, most_bytes=8 << 20, first_pause=1.0, say=None):
        self.studio = (studio or os.environ.get("STUDIO_URL") or "http://127.0.0.1:3000").rstrip("/")
        self.key = key or os.environ.get("STUDIO_KEY")
        spool = spool or os.environ.get("STUDIO_SPOOL")
        self.spool = pathlib.Path(spool) if spool else None
        self.most_bytes, self.first_pause = most_bytes, first_pause
        self.say = say or (lambda text: print(f"studio: {text}", file=sys.stderr))
        self.said, self.given_up, self.count = set(), 0, itertools.count()
        self.waiting, self.bytes, self.changed = {}, 0, threading.Condition()
        self._load()
        threading.Thread(target=self._work, daemon=True).start()
        atexit.register(self.close)

    def send(self, run):
        """Returns at once. A list of up to 1,000 runs goes as one call, in which each is answered by itself."""
        try:
            body = json.dumps(run, allow_nan=False)
        except (TypeError, ValueError) as error:
            return self._give_up("a run", f"it is not JSON: {error}")
        name = f"{int(time.time() * 1000):013}-{next(self.count):06}-{random.getrandbits(32):08x}.json"
        with self.changed:
            self._store(name, body)
            self._add(name, body)

    def close(self, patience=10):
        """Waits that many seconds at most for what is under way, and says whether everything has arrived."""
        atexit.unregister(self.close)
        with self.changed:
            self.changed.wait_for(lambda: not self.waiting, patience)
            if self.waiting:
                fate = f"stays in {self.spool} until the next start" if self.spool else "is given up: the program ends"
                self._say_once("end", f"what still waits ({len(self.waiting)}) {fate}")
            return not self.waiting and not self.given_up

    def _work(self):
        pause = self.first_pause
        while True:
            with self.changed:
                self.changed.wait_for(lambda: self.waiting)
                name, body = next(iter(self.waiting.items()))
            trouble, wait = self._post(body)
            if not trouble:
                self._forget(name)
                pause = self.first_pause
                continue
            with self.changed:
                self._say_once("away", f"{self.studio} takes no runs now, so they wait: {trouble}")
                if name in self.waiting:  # to the end of the row: the others are not stopped by one
                    self.waiting[name] = self.waiting.pop(name)
            time.sleep(max(pause, wait) * random.uniform(1, 1.25))
            pause = min(pause * 2, 60)

    def _post(self, body):
        """Why it has to wait, if it has to, and the seconds that the studio asks for."""
        headers = {"content-type": "application/json"} | ({"x-api-key": self.key} if self.key else {})
        request = urllib.request.Request(f"{self.studio}/api/metrics/campaign", body.encode(), headers)
        try:
            try:
                answer = urllib.request.urlopen(request, timeout=40)
            except urllib.error.HTTPError as refusal:
                answer = refusal
            with answer:
                text = answer.read().decode(errors="replace")
            if answer.status in FINAL:
                return self._give_up(_name(body), f"{answer.status} {_why(text)}"), 0
            if answer.status >= 300:
                return f"{answer.status} {_why(text)}", _seconds(answer.headers.get("retry-after", ""))
            return self._take(body, json.loads(text)), 0
        except Exception as error:
            return str(error) or repr(error), 0

    def _take(self, body, answer):
        """An array is answered run by run. What answers 200 and means nothing by it is no studio."""
        if "id" not in answer and "items" not in answer:
            return "the answer is not the studio's; is the address right?"
        for item in answer.get("items", []):
            if item["status"] not in ("stored", "duplicate"):
                self._give_up(_name(body, item["index"]), f"{item['status']}, {_why(json.dumps(item))}")

    def _give_up(self, what, why):
        self.given_up += 1
        self.say(f"{what} is given up: {why}")

    def _say_once(self, topic, text):
        if topic not in self.said:
            self.said.add(topic)
            self.say(text)

    def _add(self, name, body):
        with self.changed:
            self.waiting[name] = body
            self.bytes += len(body)
            while self.bytes > self.most_bytes:
                self._say_once("bound", f"more than {self.most_bytes} bytes wait: the oldest runs are given up")
                self.given_up += 1
                self._forget(min(self.waiting))
            self.changed.notify_all()

    def _forget(self, name):
        with self.changed:
            self.bytes -= len(self.waiting.pop(name, ""))
            if self.spool:
                try:
                    (self.spool / name).unlink(missing_ok=True)
                except OSError:
                    pass  # it is sent again at the next start, and known by then
            if not self.waiting:
                self.said -= {"away", "bound"}  # the next time is another time
            self.changed.notify_all()

    def _store(self, name, body):
        try:
            if self.spool:
                self.spool.mkdir(parents=True, exist_ok=True)
                part = self.spool / f"{name}.part"
                part.write_text(body)
                part.rename(self.spool / name)
        except OSError as error:
            self._say_once("spool", f"what waits is kept in memory only: {error}")

    def _load(self):
        try:
            for file in sorted(self.spool.glob("*.json")) if self.spool else []:
                self._add(file.name, file.read_text(errors="replace"))
        except OSError as error:
            self._say_once("spool", f"what was left before cannot be read: {error}")


def _seconds(retry_after):
    """Seconds, or a date; an hour at most."""
    try:
        wait = int(retry_after)
    except ValueError:
        try:
            wait = email.utils.parsedate_to_datetime(retry_after).timestamp() - time.time()
        except (TypeError, ValueError):
            wait = 0
    return min(max(wait, 0), 3600)


def _why(text):
    """What the studio's problem document says, else the beginning of the text."""
    try:
        problem = json.loads(text)
        faults = [f"{fault['field']} {fault['message']}".strip() for fault in problem.get("errors", [])]
        return "; ".join(faults) or problem["detail"]
    except (ValueError, KeyError, TypeError, AttributeError):
        return text[:200]


def _name(body, index=None):
    """Campaign, run and phase of what was sent."""
    try:
        sent = json.loads(body)
        if isinstance(sent, list) and index is None:
            return f"an array of {len(sent)} runs"
        run = sent if index is None else sent[index]
        return "/".join(str(run[key]) for key in ("campaignId", "runId", "phase"))
    except (ValueError, LookupError, TypeError):
        return f"what was sent ({body[:60]}...)"


if __name__ == "__main__":
    sender = Sender()
    sender.send(
        {
            "campaignId": "autumn",
            "campaignName": "Autumn launch",
            "runId": "from-python",
            "phase": "2-3",
            "agentsTotal": 5,
            "agentsSuccessful": 5,
            "assetsGenerated": 9,
            "tokensIn": 5346,
            "tokensOut": 2240,
            "costUSD": "0.0348",
            "latencyP95Ms": 42000,
            "latencyAvgMs": 21700,
        }
    )
    if not sender.close(patience=60):
        sys.exit(1)
    print(f"It is on disk. Now look at {sender.studio}/")

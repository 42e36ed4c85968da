"""Signing keys that change while passes are given and checked: two servers on one store, three verifiers that keep keys."""

import base64
import json
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

from kit import DAYPASS, ENVIRONMENT, ISSUER, Stage, run, tell, until, wants
from run import free_port

BENCH, PYTHON = ENVIRONMENT["BENCH"], ENVIRONMENT["PYTHON"]
HERE = Path(__file__).resolve().parent

PER_SECOND = 200
MAX_AGE_SECONDS = 2
# A new key is published for twice the maximum age and 10 s before it signs: it is made 3 s after the last one began, and
# in these 3 s there is none yet, so that one can be made by hand.
ROTATE_AFTER_SECONDS = 17
KEYS = f'rotate_after = "{ROTATE_AFTER_SECONDS}s"\njwks_max_age = "{MAX_AGE_SECONDS}s"'
KEYS_THAT_SIGN = 4
# Of the last key: for longer than a verifier may keep the set without it.
PASSES_OF_THE_LAST = 2 * MAX_AGE_SECONDS * PER_SECOND
LOOK_SECONDS = 0.2
# Every server hears of a revocation in that time, on a machine that has much else to do; what was being recorded under the key
# until then is refused.
REVOKED_WITHIN_SECONDS = 10
# For one key to follow another, on a machine that has much else to do.
DEADLINE_SECONDS = 2 * ROTATE_AFTER_SECONDS


class Pass:
    """A pass that was given, as its own header and claims tell."""

    def __init__(self, text, at_ms):
        header, claims, _ = text.split(".")
        self.text, self.at_ms, self.key_id = text, at_ms, decoded(header)["kid"]
        claims = decoded(claims)
        self.issued_at, self.expires_at = claims["iat"], claims["exp"]

    def altered(self):
        """The same with another character in the middle of its signature."""
        head, _, signature = self.text.rpartition(".")
        at = len(signature) // 2
        return f"{head}.{signature[:at]}{'B' if signature[at] == 'A' else 'A'}{signature[at + 1:]}"


def decoded(part):
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def follow(name, lines, take):
    """Takes each line of JSON as it comes, in a thread of its own."""

    def read():
        for line in lines:
            take(json.loads(line))

    threading.Thread(name=name, target=read, daemon=True).start()


class Verifier:
    """A process that is told passes and tells for each whether it takes it."""

    def __init__(self, stage, name, command, environment=None):
        self.name, self.asked, self.verdicts = name, 0, []
        self._process = stage.converse(name, command, environment)
        follow(name, self._process.stdout, self.verdicts.append)

    def ask(self, text):
        self._process.stdin.write(f"{text}\n")
        self.asked += 1

    def refused(self, text):
        """Why it refuses a pass; None if it takes it."""
        self.ask(text)
        self.settle()
        return self.verdicts[-1]["refused"]

    def settle(self):
        until(lambda: len(self.verdicts) == self.asked, f"{self.name} has answered all that it was asked")


class Load:
    """Exchanges at all servers in turn. Every pass is given to every verifier, until that is stopped."""

    def __init__(self, stage, ports, verifiers):
        self.passes, self.failed, self._verifiers = [], [], verifiers
        self._feeding, self._lock = True, threading.Lock()
        servers = [argument for port in ports for argument in ("--server", f"127.0.0.1:{port}")]
        issuer = ISSUER.removeprefix("http://")
        command = [BENCH, "load", "--issuer", issuer, *servers, "--repository", "123456789"]
        self._process = stage.converse("load", [*command, "--per-second", PER_SECOND])
        self._log = stage.folder / "load.log"
        follow("load", self._process.stdout, self._take)

    def _take(self, told):
        if told["status"] != 200:
            self.failed.append(told)
            return
        given = Pass(told["body"], told["at_ms"])
        with self._lock:
            self.passes.append(given)
            for verifier in self._verifiers if self._feeding else ():
                verifier.ask(given.text)

    def stop_feeding(self):
        """The passes that were given to the verifiers."""
        with self._lock:
            self._feeding = False
            return list(self.passes)

    def of(self, key_id):
        return [given for given in self.passes if given.key_id == key_id]

    def key_ids(self):
        """Of the keys that have signed, in the order in which they began."""
        if self._process.poll() is not None:
            raise AssertionError(f"the load has ended: {self._log.read_text()}")
        return list(dict.fromkeys(given.key_id for given in list(self.passes)))


class Observer:
    """Looks at what each server publishes, several times a second."""

    def __init__(self, servers):
        self.servers = servers
        self.first = {server: {} for server in servers}
        self.last = {server: [] for server in servers}
        self.lost = []
        self._look()
        self.first_of_all = self.last[servers[0]][0]
        self._ended = threading.Event()
        threading.Thread(name="observer", target=self._watch, daemon=True).start()

    def end(self):
        self._ended.set()

    def _watch(self):
        while not self._ended.wait(LOOK_SECONDS):
            self._look()

    def _look(self):
        for server in self.servers:
            key_ids, now = published(server), time.time()
            self.lost += [(key_id, server, now) for key_id in self.last[server] if key_id not in key_ids]
            for key_id in key_ids:
                self.first[server].setdefault(key_id, now)
            self.last[server] = key_ids


def published(server):
    with urllib.request.urlopen(f"{server}/.well-known/jwks.json", timeout=10) as answer:
        return [key["kid"] for key in json.load(answer)["keys"]]


def whoami(server, text):
    """The status of a server's answer to the bearer of a pass."""
    request = urllib.request.Request(f"{server}/v1.0/whoami", headers={"Authorization": f"Bearer {text}"})
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status
    except urllib.error.HTTPError as refusal:
        return refusal.code


class Rotation:
    """Two servers under load, three verifiers beside them, and what they came to."""

    def __init__(self, stage):
        taken = [int(ISSUER.rpartition(":")[2])]
        for _ in range(2):
            taken.append(free_port(taken))
        ports = taken[1:]
        self.servers = [f"http://127.0.0.1:{port}" for port in ports]
        self.compromised_at_ms = 0
        one, other = self.servers
        self.folder, _ = stage.daypass("one", one, ports[0], keys=KEYS)
        log = stage.start("other", [DAYPASS, "serve", "--listen", f"127.0.0.1:{ports[1]}"], self.folder)
        until(lambda: "listening on " in log.read_text(), "the other server listens")
        self.observer = Observer(self.servers)
        # Passes come from both servers; who reads the keys of one alone must know those of the other.
        keys = [{"ISSUER": one, "JWKS": f"{server}/.well-known/jwks.json"} for server in self.servers]
        self.verifiers = [
            Verifier(stage, "guard", [BENCH, "verify", "--issuer", one]),
            Verifier(stage, "jose", ["node", HERE / "node/jose_stream.mjs"], keys[0]),
            Verifier(stage, "pyjwt", [PYTHON, HERE / "python/pyjwt_stream.py"], keys[1]),
        ]
        self.load = Load(stage, ports, self.verifiers)
        self.checked = []

    def keys(self, *arguments):
        return json.loads(run([DAYPASS, "keys", *arguments, "--json"], cwd=self.folder))

    def rotates(self):
        """On schedule, and once by hand as soon as a key signs that has no successor yet."""
        made = None
        try:
            for signing in range(2, KEYS_THAT_SIGN):
                until(lambda: len(self.load.key_ids()) >= signing, f"key {signing} signs", 2 * DEADLINE_SECONDS)
                told = self.keys("rotate")
                if told["made"]:
                    made = told["key"]["key_id"]
                    break
            until(self.has_rotated, f"{KEYS_THAT_SIGN} keys have signed", KEYS_THAT_SIGN * DEADLINE_SECONDS)
        finally:
            self.checked = self.load.stop_feeding()
            for verifier in self.verifiers:
                verifier.settle()
        if made not in self.load.key_ids():
            raise AssertionError(f"the key that was made by hand did not sign: {made}")

    def has_rotated(self):
        key_ids = self.load.key_ids()
        return len(key_ids) >= KEYS_THAT_SIGN and len(self.load.of(key_ids[-1])) >= PASSES_OF_THE_LAST

    def every_exchange_gave_a_pass(self):
        """But one that was being recorded while its key was revoked."""
        wants([told for told in self.load.failed if not self.was_of_the_compromised(told)], [])

    def was_of_the_compromised(self, told):
        is_then = 0 <= told["at_ms"] - self.compromised_at_ms <= REVOKED_WITHIN_SECONDS * 1000
        return told["status"] == 503 and is_then and "keys_unavailable" in told["body"]

    def published_before(self):
        """Twice the time for which a verifier may keep the set, at every server, by the seconds of the pass itself."""
        for key_id in {given.key_id for given in self.checked} - {self.observer.first_of_all}:
            issued_at = min(given.issued_at for given in self.checked if given.key_id == key_id)
            for server, first in self.observer.first.items():
                if issued_at - first.get(key_id, issued_at) < 2 * MAX_AGE_SECONDS:
                    raise AssertionError(f"`{key_id}` signed at {issued_at}; {server} published it at {first.get(key_id)}")

    def published_after(self):
        if any(given.expires_at <= time.time() for given in self.checked):
            raise AssertionError("a pass has expired: this took too long to know what becomes of its key")
        wants(self.observer.lost, [])
        for key_ids in self.observer.last.values():
            wants({given.key_id for given in self.checked} - set(key_ids), set())

    def takes_all(self, verifier):
        def check():
            verdicts = verifier.verdicts[: len(self.checked)]
            refused = [
                f"issued at {given.issued_at}, received at {given.at_ms}: {verdict}"
                for given, verdict in zip(self.checked, verdicts)
                if verdict["refused"] is not None
            ]
            if refused:
                raise AssertionError(f"{len(refused)} of {len(verdicts)} refused, the first: {refused[0]}")
            seconds = (self.checked[-1].at_ms - self.checked[0].at_ms) / 1000
            if len(verdicts) < 0.9 * PER_SECOND * seconds:
                raise AssertionError(f"{len(verdicts)} passes in {seconds} s")
            print(f"{verifier.name}: {len(verdicts)} passes in {seconds:.0f} s, none refused")

        return check

    def refuses_altered(self, verifier):
        def check():
            if verifier.refused(self.checked[-1].altered()) is None:
                raise AssertionError("it was taken")

        return check

    def successor_is_taken(self):
        """By the other server too, though it may not have looked at the store since."""
        self.compromised_at_ms = time.time() * 1000
        told = self.keys("rotate", "--compromised")
        self.stolen = self.checked[-1]
        wants(told["revoked"], self.stolen.key_id)
        until(lambda: self.load.of(told["signing"]), "the successor signs", 10)
        for server in self.servers:
            wants(whoami(server, self.load.of(told["signing"])[0].text), 200)
        self.successor = told["signing"]

    def compromised_is_refused(self):
        for server in self.servers:
            until(lambda: whoami(server, self.stolen.text) == 401, f"{server} refuses passes of the key", 10)
            until(lambda: self.stolen.key_id not in published(server), f"{server} publishes it no more", 10)

    def takes_successor(self, verifier):
        def check():
            newest = self.load.of(self.successor)[-1].text
            until(lambda: verifier.refused(newest) is None, "a pass of the successor is taken", 10)
            if verifier.refused(self.stolen.text) is None:
                raise AssertionError("a pass of the compromised key was taken")

        return check

    def checks(self):
        checks = {
            "rotation/keys-change-on-schedule-and-by-hand": self.rotates,
            "rotation/a-key-signs-only-after-it-was-published-for-long": self.published_before,
            "rotation/a-key-is-published-while-its-passes-are-valid": self.published_after,
        }
        for verifier in self.verifiers:
            checks[f"rotation/{verifier.name}-refuses-no-valid-pass"] = self.takes_all(verifier)
            checks[f"rotation/{verifier.name}-refuses-an-altered-pass"] = self.refuses_altered(verifier)
        checks["rotation/the-successor-of-a-compromised-key-is-taken-by-both-servers"] = self.successor_is_taken
        checks["rotation/a-compromised-key-is-refused-by-both-servers"] = self.compromised_is_refused
        for verifier in self.verifiers:
            checks[f"rotation/{verifier.name}-learns-of-the-successor"] = self.takes_successor(verifier)
        checks["rotation/every-exchange-gave-a-pass"] = self.every_exchange_gave_a_pass
        return checks


def main():
    with Stage() as stage:
        rotation = Rotation(stage)
        try:
            tell(rotation.checks())
        finally:
            rotation.observer.end()


if __name__ == "__main__":
    main()

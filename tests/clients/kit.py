"""What the suites share that start servers of their own: settings, a certificate authority, jobs, and an end for all of it."""

import os
import ssl
import subprocess
import tempfile
import time
from pathlib import Path

ENVIRONMENT = os.environ
DAYPASS, ISSUER = ENVIRONMENT["DAYPASS"], ENVIRONMENT["GITHUB_ISSUER"]
DEADLINE_SECONDS = 30

SETTINGS = """\
public_url = "{public_url}"
listen = "127.0.0.1:{port}"

[http]
{http}

[keys]
{keys}

[store]
url = "sqlite://daypass.db"

[[issuers]]
name = "github"
provider = "github"
url = "{issuer}"
insecure_http = true
audiences = ["127.0.0.1"]

{more}
"""

# A job's three lines, with whatever curl is to do besides.
LINES = """
set -e
TOKEN=$(curl -fsS -H "Authorization: Bearer ${ACTIONS_ID_TOKEN_REQUEST_TOKEN}" "${ACTIONS_ID_TOKEN_REQUEST_URL}&audience=127.0.0.1" | jq -r .value)
PASS=$(curl -sS $CURL -H "Authorization: Bearer ${TOKEN}" $SERVER/v1.0/auth/jwt)
curl -sS $CURL -H "Authorization: Bearer ${PASS}" $SERVER/v1.0/config
"""


def wants(got, wanted):
    if got != wanted:
        raise AssertionError(f"{got!r}, where {wanted!r} was wanted")


def run(command, **options):
    """Runs something to its end; its stdout."""
    options = {"capture_output": True, "text": True, "timeout": 60} | options
    done = subprocess.run(command, check=False, **options)
    if done.returncode != 0:
        raise AssertionError(f"{command[0]}: exit status {done.returncode}: {done.stderr}")
    return done.stdout


def until(is_so, what, seconds=DEADLINE_SECONDS):
    """Waits until something is so."""
    end = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(0.05)


def job(server, curl):
    """What `/v1.0/config` answers to a job of the emulator that exchanges its token at this server."""
    listen = ISSUER.removeprefix("http://")
    environment = ENVIRONMENT | {"SERVER": server, "CURL": curl}
    return run([DAYPASS, "emulate", "github", "--listen", listen, "--", "sh", "-c", LINES], env=environment)


EC = ["EC", "-pkeyopt", "ec_paramgen_curve:P-256"]
RSA = ["RSA", "-pkeyopt", "rsa_keygen_bits:2048"]


class Authority:
    """A certificate authority of this test alone."""

    def __init__(self, folder):
        self.folder = folder
        self.pem = folder / "ca.pem"
        self._key("ca.key")
        self._openssl(
            "req", "-x509", "-new", "-key", "ca.key", "-subj", "/CN=test", "-days", "2", "-out", self.pem,
            "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign",
        )

    def issue(self, certificate, key, algorithm=EC, is_traditional=False):
        """Writes a new pair for this machine, the key first, each file whole. A traditional key is SEC 1 or PKCS#1."""
        self._key("next.key", algorithm)
        if is_traditional:
            self._openssl("pkey", "-in", "next.key", "-traditional", "-out", "old.key")
            os.replace(self.folder / "old.key", self.folder / "next.key")
            (self.folder / "next.key").chmod(0o600)
        self._openssl("req", "-new", "-key", "next.key", "-subj", "/CN=daypass", "-out", "next.csr")
        (self.folder / "next.ext").write_text("subjectAltName=IP:127.0.0.1,DNS:localhost\nextendedKeyUsage=serverAuth\n")
        self._openssl(
            "x509", "-req", "-in", "next.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "1",
            "-extfile", "next.ext", "-out", "next.crt",
        )
        os.replace(self.folder / "next.key", key)
        os.replace(self.folder / "next.crt", certificate)

    def trusting(self):
        """What a client needs that trusts this authority and no other."""
        return ssl.create_default_context(cafile=str(self.pem))

    def _key(self, name, algorithm=EC):
        self._openssl("genpkey", "-algorithm", *algorithm, "-out", name)
        (self.folder / name).chmod(0o600)

    def _openssl(self, *arguments):
        run(["openssl", *map(str, arguments)], cwd=self.folder)


class Stage:
    """A folder, and the processes that run in it; they end with it."""

    def __init__(self):
        self._folder = tempfile.TemporaryDirectory(prefix="daypass-suite-")
        self.folder = Path(self._folder.name)
        self._processes = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process, log in reversed(self._processes):
            process.terminate()
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            log.close()
        self._folder.cleanup()

    def start(self, name, command, folder, environment=None):
        """Starts something; its log."""
        path = self.folder / f"{name}.log"
        log = path.open("w")
        outputs = {"stdin": subprocess.DEVNULL, "stdout": log, "stderr": subprocess.STDOUT}
        self._popen(command, log, cwd=folder, env=ENVIRONMENT | (environment or {}), **outputs)
        return path

    def end(self, path):
        """Ends what writes this log, as a signal does; its status."""
        (process,) = [process for process, log in self._processes if log.name == str(path)]
        process.terminate()
        return process.wait(timeout=DEADLINE_SECONDS)

    def converse(self, name, command, environment=None):
        """Starts something that is written lines to and read lines from; what it says beside them is in its log."""
        log = (self.folder / f"{name}.log").open("w")
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": log}
        return self._popen(command, log, env=ENVIRONMENT | (environment or {}), text=True, bufsize=1, **pipes)

    def _popen(self, command, log, **options):
        process = subprocess.Popen(list(map(str, command)), **options)
        self._processes.append((process, log))
        return process

    def daypass(self, name, public_url, port, http="", keys="", more="", environment=None):
        """A server with one project; its folder and its log."""
        folder = self.folder / name
        folder.mkdir(exist_ok=True)
        settings = SETTINGS.format(public_url=public_url, port=port, http=http, keys=keys, issuer=ISSUER, more=more)
        (folder / "daypass.toml").write_text(settings)
        add = [DAYPASS, "project", "add", "octo-org/octo-repo", "--issuer", "github", "--id", "123456789"]
        run([*add, "--owner-id", "65"], cwd=folder)
        log = self.start(name, [DAYPASS, "serve"], folder, environment)
        until(lambda: "listening on " in log.read_text(), f"{name} listens")
        return folder, log


def tell(checks):
    """Runs each check and tells how it went, as run.py wants it."""
    print(f"1..{len(checks)}")
    for name, check in checks.items():
        try:
            check()
            print(f"ok {name}")
        except Exception as failure:  # whatever goes wrong is this check's failure, and the next one runs
            print(f"not ok {name}: {type(failure).__name__}: {failure}".replace("\n", " "))

#!/usr/bin/env python3
"""Runs clients that nobody here wrote against the real binary: `run.py DAYPASS PYTHON RESULTS`.

DAYPASS is the binary, daypass-bench beside it; PYTHON an interpreter that has python/requirements.txt, RESULTS the file
that gets a line for each check. A suite prints `1..N` and then N lines `ok NAME`, `not ok NAME: why` or `skip NAME: why`; anything else is
for people. Suites are started as jobs of the emulator where they need an identity token.
"""

import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

HERE = Path(__file__).resolve().parent
DEADLINE_SECONDS = 300
START_SECONDS = 30
CHECK = re.compile(r"(ok|not ok|skip) \S.*")

SETTINGS = """\
public_url = "{server}"
listen = "127.0.0.1:{port}"

[store]
url = "sqlite://daypass.db"

[[issuers]]
name = "github"
provider = "github"
url = "{github}"
insecure_http = true

[[issuers]]
name = "gitlab"
provider = "gitlab"
url = "{gitlab}"
insecure_http = true

[projects]
scopes = ["config:read", "findings:write", "introspect"]
"""


def free_port(taken):
    """A port below those that the system gives away by itself, so that nobody gets it in between."""
    for _ in range(1000):
        port = random.randrange(20_000, 32_000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        if port not in taken:
            return port
    raise SystemExit("no free port on 127.0.0.1")


class World:
    """A folder with settings, a server, and the issuers that it trusts."""

    def __init__(self, daypass, folder):
        self.daypass = daypass
        self.folder = folder
        ports = []
        for _ in range(3):
            ports.append(free_port(ports))
        self.server, self.github, self.gitlab = (f"http://127.0.0.1:{port}" for port in ports)
        settings = SETTINGS.format(server=self.server, port=ports[0], github=self.github, gitlab=self.gitlab)
        (folder / "daypass.toml").write_text(settings)
        kept = ("PATH", "HOME", "LANG", "TMPDIR", "LD_LIBRARY_PATH", "NODE_OPTIONS")
        self.environment = {name: os.environ[name] for name in kept if name in os.environ}
        self.environment |= {"XDG_STATE_HOME": str(folder / "state"), "URL": self.server, "DAYPASS": daypass}
        self.process = None

    def run(self, arguments, **options):
        """Runs something to its end, outside any checkout."""
        options = {"env": self.environment, "cwd": self.folder, "stdin": subprocess.DEVNULL, "text": True} | options
        return subprocess.run(arguments, timeout=DEADLINE_SECONDS, check=False, **options)

    def onboard(self, issuer, path, external_id, owner_id):
        command = [self.daypass, "project", "add", path, "--issuer", issuer, "--id", external_id]
        done = self.run([*command, "--owner-id", owner_id], stdout=subprocess.DEVNULL)
        if done.returncode != 0:
            raise SystemExit(f"cannot onboard {path}: status {done.returncode}")

    def job(self, provider, *arguments):
        """The start of a command line that runs what follows as a job of a CI system."""
        address = (self.github if provider == "github" else self.gitlab).removeprefix("http://")
        return [self.daypass, "emulate", provider, "--listen", address, *arguments, "--"]

    def serve(self):
        log = (self.folder / "serve.log").open("w")
        self.process = subprocess.Popen(
            [self.daypass, "serve"], env=self.environment, cwd=self.folder,
            stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.PIPE, text=True,
        )
        is_up = threading.Event()

        def follow():
            for line in self.process.stderr:
                log.write(line)
                log.flush()
                if line.startswith("listening on "):
                    is_up.set()

        threading.Thread(target=follow, daemon=True).start()
        if not is_up.wait(START_SECONDS):
            raise SystemExit(f"the server does not start:\n{self.log()}")

    def log(self):
        return (self.folder / "serve.log").read_text()

    def end(self):
        """Ends the server that was started here, and no other; its status."""
        if self.process is None:
            return 0
        self.process.terminate()
        try:
            return self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()


def run_suite(world, name, command, environment=None):
    """The lines of a suite's checks; a suite that breaks off, or promised more, has failed one more."""
    print(f"\n-- {name}", flush=True)
    environment = world.environment | (environment or {})
    try:
        done = world.run(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        output, status = done.stdout, done.returncode
    except subprocess.TimeoutExpired as late:
        output, status = (late.stdout or b"").decode(), "none within the deadline"
    print(output.rstrip(), flush=True)
    checks = [f"{line}" for line in output.splitlines() if CHECK.fullmatch(line)]
    plan = re.search(r"^1\.\.([1-9][0-9]*)$", output, re.MULTILINE)
    if plan is None or int(plan[1]) != len(checks):
        checks.append(f"not ok {name}: {len(checks)} checks, where {plan[1] if plan else 'none'} were announced")
        print(checks[-1])
    if status != 0 and not any(line.startswith("not ok") for line in checks):
        checks.append(f"not ok {name}: exit status {status}")
        print(checks[-1])
    return checks


def pass_of(world):
    """A pass, as a job gets it."""
    job = world.job("github", "--event", "push", "--ref", "refs/heads/main")
    done = world.run([*job, world.daypass, "exchange", "--url", world.server], stdout=subprocess.PIPE)
    if done.returncode != 0:
        raise SystemExit(f"no pass: status {done.returncode}\n{world.log()}")
    return {"PASS": done.stdout.strip()}


def of_debian(program, package):
    """Debian's, installed or unpacked by scripts/tools; as the variable of its name."""
    unpacked = HERE.parent.parent / ".cache" / package / "usr"
    places = [os.environ.get("PATH", ""), "/usr/sbin", str(unpacked / "sbin"), str(unpacked / "bin")]
    found = shutil.which(program, path=os.pathsep.join(places))
    if found is None:
        raise SystemExit(f"there is no {program}: run scripts/tools")
    return {program.upper(): found}


def run_all(world, python):
    world.onboard("github", "octo-org/octo-repo", "123456789", "65")
    world.onboard("gitlab", "octo/app", "42", "7")
    world.serve()
    addresses = {"GITHUB_ISSUER": world.github, "GITLAB_ISSUER": world.gitlab}
    in_job = world.job("github", "--event", "push", "--ref", "refs/heads/main")
    checks = run_suite(world, "guide", [python, str(HERE / "guide.py")], addresses)
    checks += run_suite(world, "curl", [sys.executable, str(HERE / "curl.py")], addresses)
    checks += run_suite(world, "TLS", [sys.executable, str(HERE / "tls.py")], addresses)
    checks += run_suite(world, "nginx", [sys.executable, str(HERE / "nginx.py")], addresses | of_debian("nginx", "nginx"))
    promtool = of_debian("promtool", "prometheus")
    checks += run_suite(world, "promtool", [sys.executable, str(HERE / "promtool.py")], addresses | promtool)
    checks += run_suite(world, "traces", [python, str(HERE / "traces.py")], addresses)
    forward_auth = [sys.executable, str(HERE / "forward_auth.py")]
    checks += run_suite(world, "forward auth", forward_auth, addresses | of_debian("nginx", "nginx"))
    checks += run_suite(world, "@actions/core", [*in_job, "node", str(HERE / "node/actions_core.mjs")])
    checks += run_suite(world, "openid-client", [*in_job, "node", str(HERE / "node/openid_client.mjs")])
    checks += run_suite(world, "tokens", [*in_job, "node", str(HERE / "node/tokens.mjs")])
    checks += run_suite(world, "SARIF", ["node", str(HERE / "node/sarif.mjs")], addresses)
    checks += run_suite(world, "jose", ["node", str(HERE / "node/jose.mjs")], pass_of(world))
    checks += run_suite(world, "PyJWT", [python, str(HERE / "python/pyjwt_pass.py")], pass_of(world))
    checks += run_suite(world, "webhook", [python, str(HERE / "webhook.py")], addresses)
    checks += run_suite(world, "OpenAPI", [sys.executable, str(HERE / "openapi.py")], addresses | {"PYTHON": python})
    checks += run_suite(world, "init", [python, str(HERE / "init.py")], addresses)
    checks += run_suite(world, "schemas", [python, str(HERE / "schemas.py")], addresses)
    programs = {"BENCH": str(Path(world.daypass).with_name("daypass-bench")), "PYTHON": python}
    checks += run_suite(world, "rotation", [sys.executable, str(HERE / "rotation.py")], addresses | programs)
    return checks


def main():
    # A virtual environment is found by the path of its interpreter: links in it stay as they are.
    daypass, python, results = map(os.path.abspath, sys.argv[1:])
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with tempfile.TemporaryDirectory(prefix="daypass-clients-") as folder:
        world = World(daypass, Path(folder))
        try:
            checks = run_all(world, python)
        finally:
            status = world.end()
        if status != 0:
            checks.append(f"not ok server/ends: SIGTERM ended it with {status}")
        if any(line.startswith("not ok") for line in checks):
            print(f"\n-- log of the server\n{world.log()}")
    Path(results).write_text("".join(f"{line}\n" for line in checks))


if __name__ == "__main__":
    main()

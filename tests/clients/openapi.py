"""The OpenAPI document that a server gives: a validator takes it, and Schemathesis, driven from it, finds no answer that it does
not describe, and no fault of the server."""

import collections
import json
import re
import subprocess
import urllib.request
from pathlib import Path

from kit import DAYPASS, ENVIRONMENT, ISSUER, Stage, run, tell, wants
from run import free_port

PYTHON = Path(ENVIRONMENT["PYTHON"])
HOOKS = Path(__file__).resolve().parent / "python"
SEED = "13"
MAX_EXAMPLES = "25"
# All of Schemathesis' checks but one: a token that is accepted cannot be made from a schema.
CHECKS = ["--checks", "all", "--exclude-checks", "positive_data_acceptance"]
PHASES = ["--phases", "examples,coverage,fuzzing"]


class Tester:
    """Schemathesis, run as a job of the emulator, against one server."""

    def __init__(self, stage, server):
        self.stage, self.server = stage, server
        with urllib.request.urlopen(f"{server}/openapi.json", timeout=10) as answer:
            self.document = json.load(answer)

    def run(self, name, document, *options, credentials):
        """Its status, what it says, and how often each operation was answered with each status."""
        folder = self.stage.folder / name
        folder.mkdir()
        (folder / "openapi.json").write_text(json.dumps(document))
        (folder / "answers").touch()
        environment = ENVIRONMENT | {"SERVER": self.server, "ANSWERS": str(folder / "answers")}
        environment |= {"SCHEMATHESIS_HOOKS": "openapi_hooks", "PYTHONPATH": str(HOOKS)}
        environment |= {"CREDENTIALS": "1"} if credentials else {}
        tester = [PYTHON.with_name("schemathesis"), "--no-color", "run", "openapi.json", "--url", self.server]
        limits = ["--seed", SEED, "--max-examples", MAX_EXAMPLES, "--no-shrink", "--warnings", "off"]
        job = [DAYPASS, "emulate", "github", "--listen", ISSUER.removeprefix("http://"), "--"]
        command = [*job, *tester, *limits, *PHASES, *CHECKS, *options]
        done = subprocess.run(
            list(map(str, command)), env=environment, cwd=folder, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=200, check=False,
        )
        answers = collections.Counter((folder / "answers").read_text().splitlines())
        return done.returncode, done.stdout + done.stderr, answers


def operations(document):
    return [f"{method.upper()} {path}" for path, methods in document["paths"].items() for method in methods]


def tested(tester, name, credentials):
    """Nothing was found, everywhere; what was answered."""
    status, said, answers = tester.run(name, tester.document, credentials=credentials)
    if status != 0:
        raise AssertionError(said[-6000:])
    wanted = operations(tester.document)
    if f"Tested: {len(wanted)}" not in said:
        raise AssertionError(f"not all of {len(wanted)} operations were tested:\n{said[-2000:]}")
    cases = re.search(r"([0-9]+) generated", said)
    statuses = collections.Counter()
    for answer, count in answers.items():
        statuses[answer.rsplit(" ", 1)[1]] += count
    counts = ", ".join(f"{status}: {count}" for status, count in sorted(statuses.items()))
    print(f"{name}: {cases[1]} cases over {len(wanted)} operations; answers {counts}")
    return answers


def with_credentials(tester):
    answers = tested(tester, "with credentials", credentials=True)
    missing = [operation for operation in operations(tester.document) if not answers[f"{operation} 200"]]
    wants(missing, [])


def without_credentials(tester):
    answers = tested(tester, "without credentials", credentials=False)
    given = [answer for answer in answers if answer.endswith(" 200") and answer.startswith("GET /v1.0")]
    wants(given, [])


def finds(tester, name, operation, change, wanted, credentials):
    """A document that is not true is found out."""
    document = json.loads(json.dumps(tester.document))
    path, method = operation
    change(document["paths"][path][method]["responses"])
    status, said, _ = tester.run(name, document, "--include-path", path, credentials=credentials)
    if status != 1 or wanted not in said:
        raise AssertionError(f"status {status}, without {wanted!r}:\n{said[-3000:]}")


def finds_what_is_not_so(tester):
    def no_401(responses):
        del responses["401"]

    def no_text(responses):
        del responses["200"]["content"]["text/plain"]

    def a_header_more(responses):
        responses["200"]["headers"]["etag"] = {"required": True, "schema": {"type": "string"}}

    def a_member_more(responses):
        schema = responses["200"]["content"]["application/json"]["schema"]
        responses["200"]["content"]["application/json"]["schema"] = {"allOf": [schema, {"required": ["absent"]}]}

    whoami = ("/v1.0/whoami", "get")
    finds(tester, "status", whoami, no_401, "Undocumented status code", credentials=False)
    finds(tester, "media type", ("/v1.0/auth/jwt", "get"), no_text, "Undocumented Content-Type", credentials=True)
    finds(tester, "header", whoami, a_header_more, "Missing required response headers", credentials=True)
    finds(tester, "schema", whoami, a_member_more, "Response violates schema", credentials=True)


def main():
    with Stage() as stage:
        port = free_port([])
        server = f"http://127.0.0.1:{port}"
        scopes = '[projects]\nscopes = ["config:read", "introspect"]'
        stage.daypass("server", server, port, more=scopes)
        tester = Tester(stage, server)
        (stage.folder / "served.json").write_text(json.dumps(tester.document))
        served = str(stage.folder / "served.json")

        def as_printed():
            wants(json.loads(run([DAYPASS, "openapi", "--url", server])), tester.document)

        tell({
            "openapi: a server gives what `daypass openapi` prints": as_printed,
            "openapi: openapi-spec-validator takes it": lambda: run([PYTHON, "-m", "openapi_spec_validator", served]),
            "openapi: Schemathesis finds nothing without credentials": lambda: without_credentials(tester),
            "openapi: Schemathesis finds nothing with credentials": lambda: with_credentials(tester),
            "openapi: Schemathesis would find what is not so": lambda: finds_what_is_not_so(tester),
        })


if __name__ == "__main__":
    main()

"""The JSON Schemas of settings and policy files, judged by `jsonschema` and by taplo, which editors run."""

import itertools
import json
import re
import subprocess
import tempfile
import tomllib
from pathlib import Path

from jsonschema import Draft202012Validator

from kit import DAYPASS, run, tell, wants

HERE = Path(__file__).resolve().parent
PROJECT = HERE.parent.parent
COMMANDS = {
    "daypass": ["config", "schema"],
    "policy": ["policy", "schema"],
    "ceiling": ["policy", "schema", "--ceiling"],
}
# taplo's validator is of an older draft, and does not know `dependentRequired`.
UNKNOWN_TO_TAPLO = ("[http]\ntls_certificate_file", "[outbound]\nno_proxy")


def validator(kind):
    return Draft202012Validator(json.loads(run([DAYPASS, *COMMANDS[kind]])))


def documents(kind, verdict):
    text = (HERE / "schemas" / f"{kind}.{verdict}.toml").read_text()
    return text.split("#----\n")[1:]


def the_schemas_are_schemas():
    for kind in COMMANDS:
        schema = validator(kind).schema
        wants(schema["$schema"], "https://json-schema.org/draft/2020-12/schema")
        Draft202012Validator.check_schema(schema)


def good_documents_are_taken():
    for kind in COMMANDS:
        judge = validator(kind)
        for document in documents(kind, "good"):
            wants([fault.message for fault in judge.iter_errors(tomllib.loads(document))], [])


def bad_documents_are_refused():
    for kind in COMMANDS:
        judge = validator(kind)
        for document in documents(kind, "bad"):
            if judge.is_valid(tomllib.loads(document)):
                raise AssertionError(f"{kind}: taken:\n{document}")


def kind_of(document):
    if {"roles", "deny"} & document.keys():
        return "policy"
    return "ceiling" if {"owner_ids", "audiences", "scopes", "max_ttl"} & document.keys() else "daypass"


def the_documentation_is_taken():
    judges = {kind: validator(kind) for kind in COMMANDS}
    seen = dict.fromkeys(COMMANDS, 0)
    for page in [PROJECT / "README.md", *sorted((PROJECT / "docs").glob("*.md"))]:
        for block in re.findall(r"^```toml\n(.*?)^```$", page.read_text(), re.MULTILINE | re.DOTALL):
            document = tomllib.loads(block)
            kind = kind_of(document)
            wants([f"{page.name}: {fault.message}" for fault in judges[kind].iter_errors(document)], [])
            seen[kind] += 1
    if min(seen.values()) < 1:
        raise AssertionError(f"blocks of each kind: {seen}")


def choices_of_init():
    """Every folder that `init` makes of these choices."""
    bases = (
        ["--ci", "github", "--repository", "octo-org/octo-repo", "--repository-id", "1", "--owner-id", "65"],
        ["--ci", "gitlab", "--project-path", "octo/app", "--project-id", "42", "--namespace-id", "7"],
    )
    urls = ("https://pass.example.com", "http://127.0.0.1:8080")
    stores = ("sqlite://daypass.db", "postgres://daypass@127.0.0.1/daypass")
    more = ([], ["--environment", "prod eu"], ["--ref", "refs/tags/v1", "--scope", "a:b"])
    choices = [[*base, "--public-url", url, "--store", store, *extra] for base, url, store, extra in itertools.product(bases, urls, stores, more)]
    choices += [["--try-out"], ["--try-out", "--ci", "gitlab"]]
    for flags in choices:
        with tempfile.TemporaryDirectory() as folder:
            run([DAYPASS, "init", *flags], cwd=folder, stdin=subprocess.DEVNULL)
            yield Path(folder)


def what_init_writes_is_taken():
    settings, policy = validator("daypass"), validator("policy")
    for folder in choices_of_init():
        for judge, name in ((settings, "daypass.toml"), (policy, "policies/deploy.toml")):
            document = tomllib.loads((folder / name).read_text())
            wants([fault.message for fault in judge.iter_errors(document)], [])


def refused_by_taplo(folder, arguments, files):
    """Of these files, those with which taplo finds fault."""
    command = ["node", HERE / "node/node_modules/@taplo/cli/dist/cli.js", "check", *arguments, *files]
    done = subprocess.run(list(map(str, command)), cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    refused = {Path(path) for path in re.findall(r'invalid file .*path="([^"]*)"', done.stdout + done.stderr)}
    wants(done.returncode, 1 if refused else 0)
    return refused


def taplo_judges_alike():
    for kind in COMMANDS:
        with tempfile.TemporaryDirectory() as folder:
            folder = Path(folder)
            (folder / "schema.json").write_text(run([DAYPASS, *COMMANDS[kind]]))
            wanted, files = set(), []
            for verdict in ("good", "bad"):
                for number, document in enumerate(documents(kind, verdict)):
                    files.append(folder / f"{verdict}{number}.toml")
                    files[-1].write_text(document)
                    if verdict == "bad" and not document.startswith(UNKNOWN_TO_TAPLO):
                        wanted.add(files[-1])
            wants(refused_by_taplo(folder, ["--schema", f"file://{folder}/schema.json"], files), wanted)


def the_line_for_editors_works():
    """As the documentation says it: a relative path in the first line."""
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        run([DAYPASS, "init"], cwd=folder, stdin=subprocess.DEVNULL)
        for kind, name, schema in (("daypass", "daypass.toml", "./"), ("policy", "policies/deploy.toml", "../")):
            (folder / f"{kind}.schema.json").write_text(run([DAYPASS, *COMMANDS[kind]]))
            file = folder / name
            text = f"#:schema {schema}{kind}.schema.json\n{file.read_text()}"
            file.write_text(text)
            wants(refused_by_taplo(folder, [], [file]), set())
            file.write_text(text + "\n[no_such_table]\n")
            wants(refused_by_taplo(folder, [], [file]), {file})


tell({
    "schemas/are_schemas": the_schemas_are_schemas,
    "schemas/good_documents": good_documents_are_taken,
    "schemas/bad_documents": bad_documents_are_refused,
    "schemas/documentation": the_documentation_is_taken,
    "schemas/init": what_init_writes_is_taken,
    "schemas/taplo": taplo_judges_alike,
    "schemas/editors": the_line_for_editors_works,
})

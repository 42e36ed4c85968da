"""`daypass init` at a real terminal, and what it writes: YAML that a YAML parser reads, lines that run as they are written."""

import itertools
import json
import os
import pty
import re
import select
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import yaml

from kit import DAYPASS, DEADLINE_SECONDS, ENVIRONMENT, Stage, run, tell, until, wants
from run import free_port

GITHUB = ["--ci", "github", "--repository", "octo-org/octo-repo", "--repository-id", "987001", "--owner-id", "6501"]
GITLAB = ["--ci", "gitlab", "--project-path", "octo/sub/app", "--project-id", "4201", "--namespace-id", "701"]
BASES = {"github": GITHUB, "gitlab": GITLAB}
WORKFLOWS = {"github": "workflows/daypass.yml", "gitlab": "workflows/daypass.gitlab-ci.yml"}


class Terminal:
    """A command at a pseudo-terminal."""

    def __init__(self, arguments, folder):
        self.process, self.end = pty.fork()
        if self.process == 0:
            os.chdir(folder)
            os.execv(DAYPASS, [DAYPASS, *arguments])
        self.shown = ""

    def until(self, text):
        """Reads until the text is shown."""
        end = time.monotonic() + DEADLINE_SECONDS
        while text not in self.shown:
            ready, _, _ = select.select([self.end], [], [], max(0, end - time.monotonic()))
            part = self._read() if ready else b""
            if not part:
                raise AssertionError(f"no {text!r} in {self.shown!r}")
        _, _, self.shown = self.shown.partition(text)

    def answer(self, question, text):
        """Waits for the question, and for the end of its line, and types; without a text, it was only told."""
        self.until(question)
        if text:
            self.until(": ")
            os.write(self.end, text.encode())

    def ended(self):
        """Its status, or the signal that ended it, negative; and the rest of what it showed."""
        while self._read():
            pass
        _, status = os.waitpid(self.process, 0)
        os.close(self.end)
        return os.waitstatus_to_exitcode(status), self.shown

    def _read(self):
        try:
            part = os.read(self.end, 4096)
        except OSError:  # the other side is gone: Linux says EIO
            return b""
        self.shown += part.decode()
        return part


def files(folder):
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


def by_flags(*flags):
    with tempfile.TemporaryDirectory() as folder:
        run([DAYPASS, "init", *flags], cwd=folder, stdin=subprocess.DEVNULL)
        return files(Path(folder))


def at_terminal(arguments, answers):
    """What is written, what it ended with, and what was shown last."""
    with tempfile.TemporaryDirectory() as folder:
        terminal = Terminal(["init", *arguments], folder)
        for question, text in answers:
            terminal.answer(question, text)
        status, shown = terminal.ended()
        return files(Path(folder)), status, shown


def github_at_a_terminal():
    written, status, _ = at_terminal([], [
        ("The CI system", "github\n"),
        ("The address by which jobs", "https://pass.example.com\n"),
        ("The repository whose jobs", "octo-org/octo-repo\n"),
        ("gh api repos/octo-org/octo-repo --jq '.id, .owner.id'", ""),
        ("The id of the repository", "987001\n"),
        ("The id of its owner", "6501\n"),
        ("The name of the role [deploy]", "\n"),
        ("The branch", "\n"),
        ("The environment", "production\n"),
        ("The API", "\n"),
        ("Where the ledger", "\n"),
    ])
    wants(status, 0)
    wants(written, by_flags(*GITHUB, "--public-url", "https://pass.example.com", "--environment", "production"))


def gitlab_at_a_terminal():
    written, status, _ = at_terminal(["--ci", "gitlab", "--role", "ship"], [
        ("The address by which jobs", "https://pass.example.com\n"),
        ("The address of a GitLab of your own [none]", "https://git.example.com\n"),
        ("The project whose jobs", "octo/sub/app\n"),
        ("https://git.example.com/api/v4/projects/octo%2Fsub%2Fapp", ""),
        ("The id of the project", "4201\n"),
        ("The id of the group", "701\n"),
        ("The branch", "refs/tags/v1\n"),
        ("The environment", "\n"),
        ("The API", "https://api.example.org\n"),
        ("Where the ledger", "postgres://daypass@127.0.0.1/daypass\n"),
    ])
    wants(status, 0)
    more = ["--public-url", "https://pass.example.com", "--gitlab-url", "https://git.example.com", "--role", "ship"]
    more += ["--ref", "refs/tags/v1", "--audience", "https://api.example.org"]
    wants(written, by_flags(*GITLAB, *more, "--store", "postgres://daypass@127.0.0.1/daypass"))


def enter_alone_is_a_try_out():
    written, status, _ = at_terminal([], [(question, "\n") for question in (
        "The CI system", "The address by which jobs", "The repository", "The name of the role", "The branch", "The environment",
        "The API", "Where the ledger",
    )])
    wants((status, written), (0, by_flags("--try-out")))
    written, status, shown = at_terminal(["--try-out"], [])
    wants((status, written, "[none]" in shown), (0, by_flags("--try-out"), False))


def flags_that_say_all_leave_nothing_to_ask():
    flags = [*GITHUB, "--public-url", "https://pass.example.com"]
    written, status, shown = at_terminal(flags, [])
    wants((status, written, "[deploy]" in shown), (0, by_flags(*flags), False))


def a_wrong_answer_is_told_at_once_and_asked_again():
    written, status, _ = at_terminal([], [
        ("The CI system", "jenkins\n"),
        ("\"jenkins\" is neither", ""),
        ("The CI system", "github\n"),
        ("The address by which jobs", "http://pass.example.com\n"),
        ("must be `https://…`", ""),
        ("The address by which jobs", "https://pass.example.com\n"),
        ("The repository whose jobs", "\n"),
        ("it must be said", ""),
        ("The repository whose jobs", "octo-org/octo-repo\"]\n"),
        ("is no repository", ""),
        ("The repository whose jobs", "octo-org/octo-repo\n"),
        ("The id of the repository", "octo-repo\n"),
        ("is no id", ""),
        ("The id of the repository", "987001\n"),
        ("The id of its owner", "6501\n"),
        ("The name of the role", "project\n"),
        ("is made from the settings", ""),
        ("The name of the role", "\n"),
        ("The branch", "release/*\n"),
        ("by hand", ""),
        ("The branch", "\n"),
        ("The environment", "\n"),
        ("The API", "\n"),
        ("Where the ledger", "postgres://u:pa55word@127.0.0.1/d\n"),
        ("holds a password", ""),
        ("Where the ledger", "\n"),
    ])
    wants((status, written), (0, by_flags(*GITHUB, "--public-url", "https://pass.example.com")))


def no_answer_writes_nothing():
    for typed, wanted in (("\x04", 2), ("\x03", -signal.SIGINT)):
        written, status, shown = at_terminal([], [("The CI system", "github\n"), ("The address by which jobs", typed)])
        wants((status, written), (wanted, {}))
        wants("there was no answer; nothing was written" in shown, wanted == 2)


def the_workflows_are_yaml():
    choices = {
        "--public-url": ["https://pass.example.com", "https://pass.example.com:8443/base"],
        "--environment": [None, "prod eu/1"],
        "--ref": ["main", "release/1.x", "refs/tags/v1.0+b"],
        "--role": ["deploy", "on", "null"],
    }
    for values in itertools.product(*choices.values()):
        said = {flag: value for flag, value in zip(choices, values) if value is not None}
        flags = [word for pair in said.items() for word in pair]
        name = f"daypass-{said['--role']}"
        kind, short = ("tags", "v1.0+b") if said["--ref"].startswith("refs/") else ("branches", said["--ref"])
        workflow = yaml.safe_load(by_flags(*GITHUB, *flags)[WORKFLOWS["github"]])
        job = workflow["jobs"][name]
        # `on` is a boolean in YAML 1.1, which this parser reads; GitHub reads 1.2.
        # In GitHub's filters a `+` is "one or more of the character before" unless it is escaped.
        wants(workflow[True], {"push": {kind: [short.replace("+", "\\+")]}, "workflow_dispatch": None})
        wants((workflow["permissions"], job["permissions"]), ({}, {"id-token": "write", "contents": "read"}))
        wants(job.get("environment"), said.get("--environment"))
        wants(job["steps"][0]["env"], {"DAYPASS_URL": said["--public-url"], "DAYPASS_AUDIENCE": "pass.example.com"})
        wants([list(workflow["jobs"]), len(job["steps"])], [[name], 1])
        fragment = yaml.safe_load(by_flags(*GITLAB, *flags)[WORKFLOWS["gitlab"]])
        job = fragment[name]
        variable = "CI_COMMIT_TAG" if kind == "tags" else "CI_COMMIT_BRANCH"
        wants((list(fragment), job["rules"]), ([name], [{"if": f'${variable} == "{short}"'}]))
        wants(job.get("environment", {}).get("name"), said.get("--environment"))
        wants(job["id_tokens"], {"DAYPASS_ID_TOKEN": {"aud": "pass.example.com"}})
        wants(job["variables"], {"DAYPASS_URL": said["--public-url"]})
        wants([type(line) for line in job["script"]], [str, str])


def script_of(ci, folder):
    """The variables of the job and its lines, as the runners of GitHub and GitLab run them."""
    workflow = yaml.safe_load((folder / WORKFLOWS[ci]).read_text())
    if ci == "github":
        step = workflow["jobs"]["daypass-deploy"]["steps"][0]
        return step["env"], ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]]
    job = workflow["daypass-deploy"]
    return job["variables"], ["sh", "-ec", "\n".join(job["script"])]


def the_lines_run_as_they_are_written(ci):
    with Stage() as stage:
        port = free_port([])
        emulator = free_port([port])
        url = f"http://127.0.0.1:{port}"
        run([DAYPASS, "init", *BASES[ci], "--public-url", url, "--environment", "prod eu"], cwd=stage.folder)
        settings = stage.folder / "daypass.toml"
        settings.write_text(settings.read_text().replace("127.0.0.1:4011", f"127.0.0.1:{emulator}"))
        log = stage.start("server", [DAYPASS, "serve"], stage.folder)
        until(lambda: "listening on " in log.read_text(), "the server listens")
        variables, script = script_of(ci, stage.folder)
        emulate = [DAYPASS, "emulate", ci, "--listen", f"127.0.0.1:{emulator}", "--environment", "prod eu"]
        if ci == "github":
            emulate += ["--repository", "octo-org/octo-repo", "--repository-id", "987001", "--repository-owner-id", "6501"]
        else:
            emulate += [*GITLAB[2:], "--id-token", "DAYPASS_ID_TOKEN=127.0.0.1"]

        def job(*more):
            environment = ENVIRONMENT | variables
            options = {"env": environment, "cwd": stage.folder, "capture_output": True, "text": True, "timeout": 60}
            return subprocess.run([*emulate, *more, "--", *script], check=False, **options)

        done = job("--ref", "main")
        wants(done.returncode, 0)
        shown = json.loads(done.stdout.splitlines()[-1])
        wants((shown["role"], shown["scope"]), ("deploy", "releases:write"))
        refused = job("--ref", "feature")
        wants((refused.returncode, "not_allowed" in refused.stdout, "refs/heads/feature" in refused.stdout or ci == "gitlab"), (1, True, True))
        wants(len(re.findall("eyJ", refused.stdout + refused.stderr)), 0)


tell({
    "init/terminal_github": github_at_a_terminal,
    "init/terminal_gitlab": gitlab_at_a_terminal,
    "init/terminal_try_out": enter_alone_is_a_try_out,
    "init/terminal_nothing_to_ask": flags_that_say_all_leave_nothing_to_ask,
    "init/terminal_wrong_answers": a_wrong_answer_is_told_at_once_and_asked_again,
    "init/terminal_no_answer": no_answer_writes_nothing,
    "init/workflows_are_yaml": the_workflows_are_yaml,
    "init/workflow_runs_github": lambda: the_lines_run_as_they_are_written("github"),
    "init/workflow_runs_gitlab": lambda: the_lines_run_as_they_are_written("gitlab"),
})

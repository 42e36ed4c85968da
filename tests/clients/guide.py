"""The guide as a reader follows it: each page's commands in a fresh folder with a fresh HOME, in the order of the page.

`PAGES` are README.md, CONTRIBUTING.md and the pages of docs/. What stands in a block of `sh` is run as it is written, by one
bash a page, in a network namespace of its own: `127.0.0.1:8080` is free there, and nothing else can be reached. Where a block
starts something with `&`, the next one waits until that listens; at the end it is ended by its process id. The marks that a
block may have are in README.md.
"""

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import tempfile
import tomllib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import yaml
from kit import DAYPASS, tell
from pages import AFTER, blocks_of, is_shown

ROOT = Path(__file__).resolve().parent.parent.parent
DEADLINE_SECONDS = 180
# As a reader, who waits until a program says that it is there, and that a changed policy is.
LISTENS = r"listening on |the issuer is http|^export "
IN_FORCE = "a new version of the policy is in force"

START = r"""
python3 - <<'END'
import fcntl, socket, struct
IS_UP = 0x1
SIOCSIFFLAGS = 0x8914
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
    fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", IS_UP))
END
cd "$FOLDER"
guide_end() { local all; all=$(jobs -p); [[ -z $all ]] || kill $all 2>/dev/null || true; wait; }
trap guide_end EXIT
trap 'exit 143' TERM
guide_until() { # PATTERN COUNT FILE…
    local pattern=$1 wanted=$2
    shift 2
    until [[ $(cat -- "$@" | grep -Ec -- "$pattern") -ge $wanted ]]; do
        kill -0 $guide_started || { echo "guide: what was started has ended"; exit 90; }
        sleep 0.05
    done
}
guide_server=
guide_in_force=0
guide_wrote() {
    if [[ -n $guide_server && $1 == policies/* ]]; then
        guide_in_force=$((guide_in_force + 1))
        guide_until "$IN_FORCE" "$guide_in_force" "$guide_server"
    fi
}
"""


def script_of(blocks, out):
    """What bash runs for these blocks; what block N prints is in `N.out`, and in `N.shown` as it was when the next began."""
    lines = ["set -eu", START]
    for number, block in enumerate(blocks):
        path = block.value("file")
        if path:
            (out / f"{number}.file").write_text(block.text)
            target = shlex.quote(path)
            lines += [f'mkdir -p "$(dirname {target})"', f"cp {out}/{number}.file {target}", f"guide_wrote {target}"]
        elif block.is_run:
            lines += [f"echo {number} > {out}/at", f"exec > {out}/{number}.out 2>&1", *commands_of(block, number, out)]
            lines.append(f"cp {out}/{number}.out {out}/{number}.shown")
    lines += [f"exec > {out}/end.out 2>&1", f"echo end > {out}/at"]
    return "\n".join(lines) + "\n"


def commands_of(block, number, out):
    status = block.value("exit")
    if status is not None:
        told = f'{{ echo "guide: ended with $guide_status"; exit 91; }}'
        return ["set +e", "( set -e", block.text + ")", "guide_status=$?", "set -e", f"[[ $guide_status -eq {int(status)} ]] || {told}"]
    if re.search(r"[^&]& *(#.*)?$", block.text, re.MULTILINE) is None:
        return [block.text]
    server = f"guide_server={out}/{number}.out" if "daypass serve" in block.text else ":"
    return [block.text, "guide_started=$!", f"guide_until {shlex.quote(LISTENS)} 1 {out}/{number}.out", server]


def run_blocks(blocks):
    """The outputs of blocks that ran, by number; and where and how it went wrong, or nothing."""
    with tempfile.TemporaryDirectory(prefix="daypass-guide-") as scratch:
        scratch = Path(scratch)
        out = scratch / "out"
        for folder in ("out", "home", "bin", "folder"):
            (scratch / folder).mkdir()
        (scratch / "bin/daypass").symlink_to(DAYPASS)
        (scratch / "page.sh").write_text(script_of(blocks, out))
        environment = {
            "PATH": f"{scratch}/bin:{os.environ['PATH']}", "HOME": f"{scratch}/home", "FOLDER": f"{scratch}/folder",
            "LANG": "C.UTF-8", "IN_FORCE": IN_FORCE,
        }
        command = ["unshare", "--net", "--map-root-user", "bash", str(scratch / "page.sh")]
        status = to_its_end(command, environment, scratch / "start.out")
        outputs = {int(path.stem): path.read_text() for path in out.glob("*.shown")}
        if status == 0:
            return outputs, None
        at = (out / "at").read_text().strip() if (out / "at").exists() else "start"
        log = out / f"{at}.out" if at != "start" else scratch / "start.out"
        block = blocks[int(at)] if at.isdigit() else None
        return outputs, (block, f"status {status}: {log.read_text()[-1500:]}")


def to_its_end(command, environment, log):
    with log.open("w") as told:
        options = {"env": environment, "stdin": subprocess.DEVNULL, "stdout": told, "stderr": subprocess.STDOUT}
        process = subprocess.Popen(command, start_new_session=True, **options)
        try:
            return process.wait(timeout=DEADLINE_SECONDS)
        except subprocess.TimeoutExpired:
            # The group that was started here: bash and what it runs.
            os.killpg(process.pid, signal.SIGTERM)
            process.wait()
            return f"none within {DEADLINE_SECONDS} s"


def followed(name, text, read):
    """The blocks of a page behind those of the page that it goes on from; and how many those are."""
    after = AFTER.search(text)
    before = followed(after[1], read(after[1]), read)[0] if after else []
    return before + blocks_of(text), len(before)


def faults_of(name, text, read):
    """Everything that is wrong with a page."""
    blocks, begin = followed(name, text, read)
    own = blocks[begin:]
    faults = [f"{name}:{block.line}: {fault}" for block in own for fault in [*block.faults, *parsed(block)]]
    if faults:
        return faults
    if any(block.is_run for block in own):
        outputs, failure = run_blocks(blocks)
        if failure:
            block, told = failure
            faults.append(f"{name}:{block.line if block else '-'}: {told}")
        for number, block in enumerate(blocks):
            if block in own and block.shows is not None and number in outputs and not is_shown(block.shows, outputs[number]):
                faults.append(f"{name}:{block.line}: shows another output than\n{outputs[number]}")
    policies = [block for block in own if block.language == "toml" and not block.value("file")]
    return faults + [f"{name}:{block.line}: {fault}" for block in policies for fault in loaded(block.text, block.value("refused"))]


def parsed(block):
    """What keeps an example from being read as what it says it is."""
    parsers = {"toml": tomllib.loads, "json": json.loads, "yaml": yaml.safe_load, "python": compiled}
    try:
        parsers.get(block.language, lambda _: None)(block.text)
    except (ValueError, SyntaxError, yaml.YAMLError) as fault:
        return [f"is no {block.language}: {fault}"]
    return []


def compiled(text):
    compile(text, "block", "exec")


EXAMPLE_SETTINGS = """
[[issuers]]
name = "github"
provider = "github"
[[issuers]]
name = "gitlab"
provider = "gitlab"
"""
CEILING = {"issuers", "owner_ids", "audiences", "scopes", "arns", "upstream_roles", "registry", "state", "max_ttl"}


def loaded(text, refusal=None):
    """What daypass says against an example: a policy file, a ceiling, or settings. One that is to be refused is so for that alone."""
    keys = set(tomllib.loads(text))
    settings, file = EXAMPLE_SETTINGS, "policies/example.toml"
    is_ceiling = keys <= CEILING and not isinstance(tomllib.loads(text).get("issuers"), dict) and "audiences" in keys
    if is_ceiling:
        file = "policies/_ceiling.toml"
    elif not keys <= {"roles", "deny"}:
        settings, file = text if "issuers" in keys else text + EXAMPLE_SETTINGS, "policies/none.toml"
        text = ""
    read = "daypass config show > shown" if not text else "daypass serve --public-url http://127.0.0.1:8080 --policy-dir policies &"
    blocks = f"```toml file=daypass.toml\n{settings}```\n```toml file={file}\n{text}```\n```sh\n{read}\n```\n"
    _, failure = run_blocks(blocks_of(blocks))
    if refusal:
        errors = [line for line in (failure[1] if failure else "").splitlines() if line.startswith("error")]
        is_refused = errors and all(refusal in line for line in errors)
        return [] if is_refused else [f"daypass does not refuse it by `{refusal}` alone: {failure and failure[1]}"]
    # An example names files of a machine that is not this one.
    errors = [line for line in (failure[1] if failure else "").splitlines() if " error: " in line]
    is_elsewhere = errors and all(line.endswith("`: there is no such file") for line in errors)
    return [f"daypass does not take it: {failure[1]}"] if failure and not is_elsewhere else []


def counted(name, text):
    """How many blocks of commands a page has that ran, and that did not."""
    commands = [block for block in blocks_of(text) if block.language == "sh"]
    ran = sum(block.is_run for block in commands)
    return f"{name:24} {ran:3} run, {len(commands) - ran:2} not run"


PLANTED = {
    "a command that fails": ("```sh\nfalse\ntrue\n```\n", "status 1"),
    "a command that ends otherwise than is said": ("```sh exit=3\nfalse\n```\n", "ended with 1"),
    "another output": ("```sh\necho one two\n```\n\n```text\none … three\n```\n", "another output"),
    "a block that is not run, without a reason": ("Not run by me.\n\n```sh not-run\nfalse\n```\n", "does not say"),
    "a mark that nobody knows": ("```sh maybe\ntrue\n```\n", "marks no block"),
    "a language that nobody knows": ("```\ntrue\n```\n", "a block of"),
    "TOML that is none": ("```toml\na = \n```\n", "is no toml"),
    "YAML that is none": ("```yaml\na: [\n```\n", "is no yaml"),
    "JSON that is none": ("```json\n{…}\n```\n", "is no json"),
    "a policy that is refused": ("```toml\n[[roles.a.trust]]\nissuer = 'github'\n```\n", "no_immutable_owner"),
    "a policy that is not refused as it says": ("```toml refused=mints\n[[roles.a.trust]]\nissuer = 'github'\n```\n", "does not refuse it"),
    "a setting that is not there": ("```toml\nno_setting = 1\n```\n", "no_setting"),
    "a way out of this machine": ("```sh\npython3 -c 'import socket; socket.create_connection((\"192.0.2.1\", 80))'\n```\n", "unreachable"),
}


def finds(page, wanted):
    faults = faults_of("planted", page, None)
    if not any(wanted in fault for fault in faults):
        raise AssertionError(f"{page!r}: {faults}")


def holds(faults):
    if faults:
        print("\n".join(faults))
        raise AssertionError(f"{len(faults)} faults: {faults[0]}")


def main():
    chosen = sys.argv[1:]
    texts = {name: (ROOT / name).read_text() for name in ("README.md", "CONTRIBUTING.md")}
    docs = ROOT / "docs"
    texts |= {str(path.relative_to(docs)): path.read_text() for path in sorted(docs.rglob("*.md"))}
    read = lambda name: texts[name]
    pages = {name: text for name, text in texts.items() if not chosen or name in chosen}
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        faults = {name: pool.submit(faults_of, name, text, read) for name, text in pages.items()}
        checks = {f"guide/{name}": lambda name=name: holds(faults[name].result()) for name in pages}
        if not chosen:
            checks |= {f"guide finds {what}": lambda planted=planted: finds(*planted) for what, planted in PLANTED.items()}
        tell(checks)
    print("\n".join(counted(name, text) for name, text in pages.items() if "```sh" in text))


if __name__ == "__main__":
    main()

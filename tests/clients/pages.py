"""What a page of the guide holds, as guide.py wants it: its blocks, what marks them, and the outputs that it shows."""

import re
from dataclasses import dataclass, field

FENCE = re.compile(r"^( *)```(.*)$")
# What may stand behind the language of a block.
MARKS = {"sh": ("not-run", "exit="), "toml": ("file=", "refused="), "yaml": ("file=",), "json": (), "python": (), "text": (), "nginx": (), "ini": (), "sql": ()}
# Said in the text next to a block that is marked `not-run`: `Not run: REASON`.
REASON = re.compile(r"Not run:\s+\S.{14,}", re.DOTALL)
AFTER = re.compile(r"^<!-- after: (\S+) -->$", re.MULTILINE)

# What differs from run to run and is shown in full; the rest is written as `…`.
VARIES = [
    (re.compile(r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"), "<id>"),
    (re.compile(r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"), "<moment>"),
    (re.compile(r"\b\d\d-\d\d \d\d:\d\d:\d\d\b"), "<time>"),
    (re.compile(r"\((now|\d+ \w+ ago)\)"), "(<ago>)"),
    (re.compile(r"\b([0-9a-f]{64}|[0-9a-f]{40}|[0-9a-f]{32})\b"), "<hash>"),
    (re.compile(r"(?<![\w-])[\w-]{43}(?![\w-])"), "<key>"),
    (re.compile(r"\b\d{10,}\b"), "<number>"),
]


@dataclass
class Block:
    """A fenced block: its language, what marks it, and where it is."""

    line: int
    language: str
    marks: list
    text: str
    near: str = ""
    shows: str | None = None
    faults: list = field(default_factory=list)

    def value(self, name):
        """The value of a mark `name=VALUE`, or nothing."""
        return next((mark.removeprefix(name + "=") for mark in self.marks if mark.startswith(name + "=")), None)

    @property
    def is_run(self):
        return self.language == "sh" and "not-run" not in self.marks


def parts_of(page):
    """A page as its blocks, and as texts: a paragraph or a heading each."""
    parts, block, indent, paragraph = [], None, "", ""
    for number, line in enumerate(page.splitlines(), 1):
        fence = FENCE.match(line)
        if block is not None:
            if fence and not fence[2]:
                block = None
            else:
                block.text += line.removeprefix(indent) + "\n"
            continue
        if paragraph and (fence or not line.strip() or line.startswith("#")):
            parts.append(paragraph)
            paragraph = ""
        if fence:
            language, *marks = fence[2].split() or [""]
            indent, block = fence[1], Block(number, language, marks, "")
            parts.append(block)
        elif line.strip():
            paragraph += line + "\n"
    return [*parts, paragraph]


def blocks_of(page):
    """The blocks of a page, in their order; what is wrong with the marks of one is among its faults."""
    parts = ["", *parts_of(page), ""]
    blocks, last = [], None
    for before, part, behind in zip(parts, parts[1:], parts[2:]):
        if not isinstance(part, Block):
            last = None if part.startswith("#") else last
            continue
        part.near = "\n".join(text for text in (before, behind) if isinstance(text, str))
        part.faults = faults_of(part)
        if part.language == "text" and last is not None and last.is_run:
            last.shows = part.text
        last = part
        blocks.append(part)
    return blocks


def faults_of(block):
    known = MARKS.get(block.language)
    if known is None:
        return [f"a block of `{block.language}`: the guide knows {', '.join(MARKS)}"]
    strange = [mark for mark in block.marks if not any(mark == one or one.endswith("=") and mark.startswith(one) for one in known)]
    faults = [f"`{mark}` marks no block of `{block.language}`" for mark in strange]
    if "not-run" in block.marks and not REASON.search(block.near):
        faults.append("is marked `not-run`, and the text next to it does not say `Not run: WHY`")
    return faults


def usual(text):
    """A text without what differs from run to run."""
    for pattern, name in VARIES:
        text = pattern.sub(name, text)
    return "\n".join(re.sub(" {2,}", "  ", line).rstrip() for line in text.strip("\n").splitlines())


def is_shown(shown, told):
    """Whether an output is what the page shows: `…` is anything in a line, and a line of it any lines."""
    pattern = ""
    for line in usual(shown).splitlines():
        if line.strip() == "…":
            pattern += r"(?:.*\n)*?"
        else:
            pattern += ".*".join(re.escape(part) for part in line.split("…")) + r"\n"
    return re.fullmatch(pattern, usual(told) + "\n") is not None

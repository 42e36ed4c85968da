"""The audit stream at a receiver that verifies by `standardwebhooks`, the library of the standard's authors."""

import base64
import json
import secrets
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

from kit import DAYPASS, Stage, job, run, tell, until, wants
from run import free_port
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

PATH = "/daypass?key=not-for-the-log"


def new_secret():
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


def exchanges(secret, body, headers):
    """The exchanges of a batch, as docs/audit.md shows it."""
    Webhook(secret).verify(body, headers, json_parse=False)
    return [json.loads(line) for line in body.decode().splitlines()]


class Receiver:
    """Keeps what comes; answers 500 to the first request, and 204 to all others that are as they must be."""

    def __init__(self, port):
        self.requests = []
        self.unknown = []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(handler):
                body = handler.rfile.read(int(handler.headers["content-length"]))
                if handler.path != PATH or handler.headers["content-type"] != "application/x-ndjson":
                    self.unknown.append((handler.path, dict(handler.headers)))
                self.requests.append((body, dict(handler.headers)))
                handler.send_response(500 if len(self.requests) == 1 else 204)
                handler.end_headers()

            def do_GET(handler):
                self.unknown.append((handler.path, dict(handler.headers)))
                handler.send_error(405)

            def log_message(handler, *_):
                pass

        self.server = HTTPServer(("127.0.0.1", port), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def taken(self, secret):
        """The ids of the exchanges in all batches that were taken."""
        return [exchange["id"] for request in self.requests[1:] for exchange in exchanges(secret, *request)]


def refused(secret, body, headers):
    try:
        exchanges(secret, body, headers)
    except WebhookVerificationError:
        return
    raise AssertionError("it is taken")


def main():
    with Stage() as stage:
        secret = new_secret()
        port = free_port([])
        receiving = free_port([port])
        receiver = Receiver(receiving)
        (stage.folder / "secret").write_text(secret + "\n")
        (stage.folder / "secret").chmod(0o600)
        stream = f"""
[audit.stream]
webhook = "http://127.0.0.1:{receiving}{PATH}"
insecure_http = true
secret_file = "{stage.folder}/secret"
"""
        server = f"http://127.0.0.1:{port}"
        folder, log = stage.daypass("server", server, port, more=stream)
        for _ in range(3):
            job(server, "-f")
        recorded = [json.loads(line) for line in run([DAYPASS, "audit", "export"], cwd=folder).splitlines()]
        until(lambda: len(set(receiver.taken(secret))) == 3, "all have come")

        def as_exported():
            got = {exchange["id"]: exchange for request in receiver.requests for exchange in exchanges(secret, *request)}
            wants(got, {exchange["id"]: exchange for exchange in recorded})

        def repeated():
            (first, before), (again, after) = receiver.requests[:2]
            lower = [{name.lower(): value for name, value in headers.items()} for headers in (before, after)]
            wants((again, lower[1]["webhook-id"]), (first, lower[0]["webhook-id"]))
            exchanges(secret, again, after)

        def told():
            text = log.read_text()
            for part in (secret, secret.removeprefix("whsec_"), "not-for-the-log", "v1,"):
                wants(part in text, False)
            wants(text.count("the audit stream is not delivered to"), 1)

        body, headers = receiver.requests[-1]
        shown = subprocess.run([DAYPASS, "config", "show"], cwd=folder, capture_output=True, text=True, check=True).stdout
        tell({
            "webhook: the library verifies each batch, which has what `audit export` writes": as_exported,
            "webhook: a repeat has the same id and body, and is signed anew": repeated,
            "webhook: another secret does not verify": lambda: refused(new_secret(), body, headers),
            "webhook: a changed body does not verify": lambda: refused(secret, body.replace(b"success", b"refused"), headers),
            "webhook: nothing else was asked for": lambda: wants(receiver.unknown, []),
            "webhook: no secret is in the log, and a trouble is told once": told,
            "webhook: the settings are shown without what the URL hides": lambda: wants("not-for-the-log" in shown, False),
        })


if __name__ == "__main__":
    main()

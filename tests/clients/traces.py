"""Spans of exchanges through the real binary, as a collector of the published protobufs sees them; and that no exchange minds
what becomes of them."""

import json
import re
import ssl
import subprocess
import urllib.request

from collector import Collector, attributes, children, root
from kit import DAYPASS, ENVIRONMENT, ISSUER, Authority, Stage, run, tell, until, wants
from run import free_port

# One exchange after the other; each as a line with its token and what came of it.
EXCHANGES = """
set -e
for number in $(seq "$COUNT"); do
    TOKEN=$(curl -fsS -H "Authorization: Bearer ${ACTIONS_ID_TOKEN_REQUEST_TOKEN}" "${ACTIONS_ID_TOKEN_REQUEST_URL}&audience=127.0.0.1" | jq -r .value)
    [ -z "$FORGED" ] || TOKEN="${TOKEN%????????}AAAAAAAA"
    ANSWER=$(curl -sS -w '\\n%{http_code}' -H "Authorization: Bearer ${TOKEN}" -H "$HEADER" "$SERVER/v1.0/auth/jwt$QUERY")
    jq -nc --arg token "$TOKEN" --arg answer "$ANSWER" '$ARGS.named'
done
"""
EXCHANGE = "GET /v1.0/auth/jwt"
STRANGER = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
SERVER, CLIENT, INTERNAL = 2, 3, 1
ERROR = 2
STEPS = ["parse token", "find issuer key", "verify token", "wait for turn", "read workload", "look up project", "decide"]
GIVES = ["narrow grant", "mint pass", "record in ledger", "sign pass"]


class Server:
    """A server with traces, if any, and metrics."""

    def __init__(self, stage, name, traces, http="", environment=None):
        self.port, self.shown = free_port([]), free_port([])
        self.url = f"http://127.0.0.1:{self.port}"
        more = f'[metrics]\nlisten = "127.0.0.1:{self.shown}"\n\n{traces}'
        self.stage = stage
        self.folder, self.log = stage.daypass(name, self.url, self.port, http=http, more=more, environment=environment)

    def exchange(self, count=1, query="", header="X-Nothing: 1", forged=""):
        """The tokens, and for each the answer and its status."""
        given = {"SERVER": self.url, "COUNT": str(count), "QUERY": query, "HEADER": header, "FORGED": forged}
        listen = ISSUER.removeprefix("http://")
        command = [DAYPASS, "emulate", "github", "--listen", listen, "--", "sh", "-c", EXCHANGES]
        lines = [json.loads(line) for line in run(command, env=ENVIRONMENT | given).splitlines()]
        return [(line["token"], *line["answer"].rsplit("\n", 1)) for line in lines]

    def succeed(self, count):
        """So many exchanges, each of which gives a pass that is in the ledger."""
        before = self.recorded()
        done = self.exchange(count)
        wants([status for _, _, status in done], ["200"] * count)
        wants(self.recorded() - before, count)
        return done

    def recorded(self):
        done = run([DAYPASS, "audit", "export", "--outcome", "success"], cwd=self.folder)
        return len(done.splitlines())

    def counted(self, series):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.shown}/metrics", timeout=10) as answer:
            lines = answer.read().decode().splitlines()
        found = [line.removeprefix(f"{series} ") for line in lines if line.startswith(f"{series} ")]
        return int(found[0])

    def exported(self):
        return self.counted("daypass_spans_exported_total")

    def dropped(self, reason):
        return self.counted(f'daypass_spans_dropped_total{{reason="{reason}"}}')

    def all_dropped(self):
        return sum(map(self.dropped, ("queue_full", "unreachable", "refused", "rejected", "ended")))

    def end(self):
        return self.stage.end(self.log)


def section(port, *lines, scheme="http"):
    insecure = ["insecure_http = true"] if scheme == "http" else []
    return "\n".join(["[traces]", f'endpoint = "{scheme}://127.0.0.1:{port}/v1/traces"', *insecure, *lines])


def names(spans):
    return [span.name for span in spans]


def failed(spans):
    """Names of the spans that failed, with why."""
    return {span.name: (span.status.message, attributes(span)["error.type"]) for span in spans if span.status.code == ERROR}


def tree(spans):
    """The spans below the request: the exchange, and its steps."""
    wants(names(children(spans, root(spans))), ["exchange"])
    (exchange,) = children(spans, root(spans))
    return exchange, children(spans, exchange)


def success(server, collector):
    ((_, answer, status),) = server.exchange()
    wants((status, answer.count(".")), ("200", 2))
    (spans,) = collector.wait_for(1, EXCHANGE)
    top = root(spans)
    wants((top.kind, top.status.code), (SERVER, 0))
    said = attributes(top)
    wants(re.fullmatch("[0-9a-f-]{36}", said.pop("daypass.request.id")) is not None, True)
    wants(said, {
        "http.request.method": "GET", "http.route": "/v1.0/auth/jwt", "url.path": "/v1.0/auth/jwt", "url.scheme": "http",
        "http.response.status_code": 200,
    })
    exchange, steps = tree(spans)
    said = attributes(exchange)
    exchange_id = said.pop("daypass.exchange.id")
    wants(said, {"daypass.face": "seed", "daypass.issuer": "github", "daypass.outcome": "success"})
    wants(names(steps), STEPS + GIVES)
    wants({span.kind for span in [exchange, *steps]}, {INTERNAL})
    wants(failed(spans), {})
    by_name = {span.name: span for span in steps}
    wants(attributes(by_name["decide"])["daypass.role"], "project")
    wants(attributes(by_name["record in ledger"]), {"daypass.ledger.batch_size": 1})
    wants(attributes(by_name["find issuer key"]), {"daypass.keys.fetched": True})
    (fetch,) = children(spans, by_name["find issuer key"])
    wants((fetch.name, fetch.kind), ("fetch issuer keys", CLIENT))
    wants(attributes(fetch), {"server.address": "127.0.0.1"})
    wants(len(spans), 2 + len(steps) + 1)
    (line,) = [line for line in server.log.read_text().splitlines() if "allowed" in line and exchange_id in line]
    wants(top.trace_id.hex() in line, True)
    collector.forget()
    wants(server.exchange()[0][2], "200")
    (spans,) = collector.wait_for(1, EXCHANGE)
    _, steps = tree(spans)
    wants(attributes(steps[1]), {"daypass.keys.fetched": False})
    wants(children(spans, steps[1]), [])


def refusals(server, collector):
    collector.forget()
    wants(server.exchange(query="?role=role-of-a-stranger")[0][2], "403")
    wants(server.exchange(forged="yes")[0][2], "401")
    by_policy, forged = collector.wait_for(2, EXCHANGE)
    for spans, status, code, steps in [
        (by_policy, 403, "not_allowed", STEPS),
        (forged, 401, "signature_invalid", STEPS[:3]),
    ]:
        top = root(spans)
        wants((top.status.code, attributes(top)["http.response.status_code"]), (0, status))
        exchange, found = tree(spans)
        wants(names(found), steps)
        wants(failed(spans), {name: (code, code) for name in ("exchange", steps[-1])})
        wants(attributes(exchange)["daypass.outcome"], "refused")
        (line,) = [line for line in server.log.read_text().splitlines() if attributes(exchange)["daypass.exchange.id"] in line]
        wants("refused" in line and top.trace_id.hex() in line, True)
    wants("daypass.role" in attributes(tree(by_policy)[1][-1]), False)


def nothing_secret(server, collector):
    """Neither a token nor a pass, a key, a header, a claim or what a stranger has chosen is in the bytes that were sent."""
    collector.forget()
    chosen = "strange-7f3a"
    tokens = []
    for token, answer, status in server.exchange(2) + server.exchange(1, query=f"?role={chosen}", header=f"X-Strange: {chosen}"):
        tokens += [token] + ([answer] if status == "200" else [])
    wants(len(tokens), 5)
    collector.wait_for(3, EXCHANGE)
    sent = b"".join(collector.bodies)
    for token in tokens:
        windows = (token[at:at + 12] for at in range(len(token) - 12))
        wants([window for window in windows if window.encode() in sent], [])
    for text in ["eyJ", "octo-org", "octo-repo", "refs/heads", "octocat", "Bearer", "curl", "hush", chosen]:
        wants((text, text.encode() in sent), (text, False))
    wants("hush" in server.log.read_text(), False)


def other_requests(server, collector):
    collector.forget()
    for path in ["/healthz", "/readyz", "/no-such-path", "/v1.0/config"]:
        subprocess.run(["curl", "-sS", "-o", "/dev/null", f"{server.url}{path}"], check=True, timeout=60)
    (spans,) = collector.wait_for(1, "GET /v1.0/config")
    wants((len(spans), attributes(root(spans))["http.response.status_code"]), (1, 401))
    run(["curl", "-sS", "-X", "BREW", f"{server.url}/v1.0/config"])
    collector.wait_for(1, "_OTHER /v1.0/config")
    wants(len(collector.traces()), 2)


def strangers_parent(server, collector):
    collector.forget()
    server.exchange(header=f"traceparent: {STRANGER}")
    (spans,) = collector.wait_for(1, EXCHANGE)
    wants((root(spans).trace_id.hex() in STRANGER, list(root(spans).links)), (False, []))


def proxys_parent(stage):
    collector = Collector()
    server = Server(stage, "proxied", section(collector.port), http='trusted_proxies = ["127.0.0.1"]')
    # That the caller does not trace changes nothing, as little as that it does.
    for flags in ("00", "01"):
        collector.forget()
        server.exchange(header=f"traceparent: {STRANGER[:-2]}{flags}")
        (spans,) = collector.wait_for(1, EXCHANGE)
        top = root(spans)
        wants(top.trace_id.hex() in STRANGER, False)
        wants([(link.trace_id.hex(), link.span_id.hex()) for link in top.links], [tuple(STRANGER.split("-")[1:3])])
    collector.forget()
    server.exchange(header=f"traceparent: {STRANGER.upper()}")
    (spans,) = collector.wait_for(1, EXCHANGE)
    wants(list(root(spans).links), [])
    wants(collector.faults, [])
    collector.close()


def sampled(stage):
    collector = Collector()
    server = Server(stage, "unsampled", section(collector.port, "sample_ratio = 0"), http='trusted_proxies = ["127.0.0.1"]')
    wants(server.exchange(header=f"traceparent: {STRANGER}")[0][2], "200")
    wants("trace_id" in server.log.read_text(), False)
    wants(server.end(), 0)
    wants(collector.connections, 0)
    collector.close()


def off(stage):
    """Not even where the variables of OpenTelemetry name a collector."""
    collector = Collector()
    url = f"http://127.0.0.1:{collector.port}"
    environment = {"OTEL_EXPORTER_OTLP_ENDPOINT": url, "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": f"{url}/v1/traces", "OTEL_TRACES_EXPORTER": "otlp"}
    server = Server(stage, "off", "", environment=environment)
    server.succeed(2)
    wants((server.exported(), server.all_dropped()), (0, 0))
    wants("trace_id" in server.log.read_text(), False)
    wants(server.end(), 0)
    wants(collector.connections, 0)
    collector.close()


def refusing(stage):
    """What is not to be sent again is dropped at once; no redirect is followed."""
    elsewhere, collector = Collector(), Collector()
    collector.location = f"http://127.0.0.1:{elsewhere.port}/v1/traces"
    server = Server(stage, "refusing", section(collector.port))
    for status in (500, 400, 307, 302):
        before = server.dropped("refused")
        collector.statuses = [status]
        server.succeed(1)
        until(lambda: server.dropped("refused") > before, f"{status} is counted")
    wants((server.exported(), server.all_dropped(), elsewhere.connections), (0, server.dropped("refused"), 0))
    told = [line for line in server.log.read_text().splitlines() if "does not take spans" in line]
    wants((len(told), "HTTP 500" in told[0]), (1, True))
    # It recovers by itself.
    server.succeed(1)
    collector.wait_for(1, EXCHANGE)
    until(lambda: server.exported() > 0, "spans are taken again")
    wants(collector.faults, [])
    elsewhere.close()
    collector.close()


def busy(stage):
    """A collector that asks to come back gets the same spans again; one that takes a part is believed."""
    collector = Collector()
    collector.statuses, collector.rejects = [503], 3
    server = Server(stage, "busy", section(collector.port))
    server.succeed(1)
    collector.wait_for(1, EXCHANGE)
    until(lambda: server.dropped("rejected") == 3, "what was rejected is counted")
    wants((len(collector.bodies), len(set(collector.bodies))), (2, 1))
    wants((server.all_dropped(), server.exported()), (3, len(collector.spans) - 3))
    collector.close()


def silent(stage):
    """While it holds its first request and answers nothing, exchanges go on, and so does the end of the server."""
    collector = Collector()
    collector.may_answer.clear()
    server = Server(stage, "silent", section(collector.port))
    server.succeed(1)
    until(lambda: collector.waiting == 1, "the collector has a request")
    server.succeed(10)
    wants((server.exported(), collector.may_answer.is_set()), (0, False))
    wants(server.end(), 0)
    collector.close()


def away(stage):
    server = Server(stage, "away", section(free_port([])))
    server.succeed(5)
    until(lambda: server.dropped("unreachable") > 0, "spans are counted that reach nobody")
    wants((server.exported(), server.all_dropped()), (0, server.dropped("unreachable")))
    server.succeed(1)
    wants(server.end(), 0)


def ending(stage):
    """What waits when the server ends is sent before it does."""
    collector = Collector()
    server = Server(stage, "ending", section(collector.port))
    server.succeed(3)
    wants(server.end(), 0)
    wants(len(collector.wait_for(3, EXCHANGE)), 3)
    wants(collector.faults, [])
    collector.close()


def by_tls(stage):
    """By TLS of a private CA, with a header that only the two know; one of whom the CA knows nothing gets nothing."""
    folder = stage.folder / "collector"
    folder.mkdir()
    authority = Authority(folder)
    authority.issue(folder / "server.crt", folder / "server.key")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(folder / "server.crt", folder / "server.key")
    headers = folder / "headers"
    headers.write_text("# of the collector\nAuthorization: Bearer hush-hush\n")
    headers.chmod(0o600)
    collector = Collector(headers={"Authorization": "Bearer hush-hush"}, tls=tls)
    lines = [f'headers_file = "{headers}"', 'service_name = "pass-eu"']
    server = Server(stage, "tls", section(collector.port, f'ca_file = "{authority.pem}"', *lines, scheme="https"))
    server.succeed(1)
    collector.wait_for(1, EXCHANGE)
    wants(collector.faults, [])
    untrusting = Server(stage, "untrusting", section(collector.port, *lines, scheme="https"))
    untrusting.succeed(1)
    until(lambda: untrusting.dropped("unreachable") > 0, "spans are counted that reach nobody who is trusted")
    wants(len(collector.bodies), 1)
    for one in (server, untrusting):
        wants("hush" in one.log.read_text(), False)
    shown = run([DAYPASS, "config", "show"], cwd=server.folder)
    wants(("hush" in shown, "pass-eu" in shown, str(headers) in shown), (False, True, True))
    collector.close()


def main():
    with Stage() as stage:
        collector = Collector()
        server = Server(stage, "server", section(collector.port))
        tell({
            "traces: a success has a span for each step, and its log line names the trace": lambda: success(server, collector),
            "traces: a refusal ends at the step that refused": lambda: refusals(server, collector),
            "traces: nothing secret and nothing that a stranger chooses is sent": lambda: nothing_secret(server, collector),
            "traces: other routes have a span, probes and unknown addresses none": lambda: other_requests(server, collector),
            "traces: the traceparent of a stranger is not heard": lambda: strangers_parent(server, collector),
            "traces: that of a trusted proxy is a link, and decides nothing": lambda: proxys_parent(stage),
            "traces: nobody outside has a request traced that is not sampled": lambda: sampled(stage),
            "traces: without the setting there is no connection": lambda: off(stage),
            "traces: a collector that refuses or redirects costs no exchange": lambda: refusing(stage),
            "traces: a collector that is busy gets them again": lambda: busy(stage),
            "traces: a collector that says nothing keeps nobody waiting": lambda: silent(stage),
            "traces: a collector that is away costs no exchange": lambda: away(stage),
            "traces: the end of the server sends what waits": lambda: ending(stage),
            "traces: by TLS with a secret header, and to nobody else": lambda: by_tls(stage),
            "traces: the collector knew every request": lambda: wants(collector.faults, []),
        })


if __name__ == "__main__":
    main()

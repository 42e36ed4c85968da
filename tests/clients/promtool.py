"""Prometheus' own promtool reads the metrics of a server that has worked, and has nothing to say about them."""

import subprocess
import urllib.error
import urllib.request

from kit import ENVIRONMENT, Stage, job, tell, wants
from run import free_port

PROMTOOL = ENVIRONMENT["PROMTOOL"]


def text_of(url):
    with urllib.request.urlopen(url, timeout=10) as answer:
        return answer.read().decode()


def refused(url):
    try:
        text_of(url)
    except urllib.error.HTTPError as fault:
        return fault.code
    raise AssertionError(f"{url} is not refused")


def lint(metrics):
    """What promtool says, and its status."""
    command = [PROMTOOL, "check", "metrics"]
    done = subprocess.run(command, input=metrics, text=True, capture_output=True, timeout=60, check=False)
    return done.returncode, (done.stdout + done.stderr).strip()


def main():
    with Stage() as stage:
        port = free_port([])
        shown = free_port([port])
        server = f"http://127.0.0.1:{port}"
        stage.daypass("server", server, port, more=f'[metrics]\nlisten = "127.0.0.1:{shown}"')
        job(server, "-f")
        wants(refused(f"{server}/v1.0/config"), 401)
        metrics = text_of(f"http://127.0.0.1:{shown}/metrics")

        def counted():
            wants('outcome="success"} 1' in metrics, True)
            wants('daypass_http_requests_total{route="/v1.0/config",status="401"} 1' in metrics.splitlines(), True)

        tell({
            "promtool: what was done is counted": counted,
            "promtool: it has nothing to say about the metrics": lambda: wants(lint(metrics), (0, "")),
            "promtool: it would find what is wrong": lambda: wants(lint("# TYPE odd counter\nodd 1\n")[0], 3),
        })


if __name__ == "__main__":
    main()

"""TLS of the server itself: by curl, OpenSSL and Python, with a certificate that is replaced under them."""

import http.client
import json
import os
import socket
import subprocess

from kit import DAYPASS, EC, ENVIRONMENT, ISSUER, RSA, Authority, Stage, job, run, tell, until, wants
from run import free_port


class Server:
    """A server with a certificate."""

    def __init__(self, stage):
        self.stage = stage
        self.port = free_port([])
        self.url = f"https://127.0.0.1:{self.port}"
        self.authority = Authority(stage.folder)
        self.certificate, self.key = stage.folder / "tls.crt", stage.folder / "tls.key"
        self.authority.issue(self.certificate, self.key)
        names = f'tls_certificate_file = "{self.certificate}"\ntls_key_file = "{self.key}"'
        _, self.log = stage.daypass("tls", self.url, self.port, names)
        self.trusted = ["--cacert", str(self.authority.pem)]

    def first_line(self):
        wants(self.log.read_text().splitlines()[0], f"listening on {self.url}")

    def key_formats(self):
        """Keys as OpenSSL writes them of old."""
        for name, algorithm, title in (("sec1", EC, "EC"), ("pkcs1", RSA, "RSA")):
            certificate, key = (self.stage.folder / f"{name}.{kind}" for kind in ("crt", "key"))
            self.authority.issue(certificate, key, algorithm, is_traditional=True)
            wants(key.read_text().splitlines()[0], f"-----BEGIN {title} PRIVATE KEY-----")
            port = free_port([])
            names = f'tls_certificate_file = "{certificate}"\ntls_key_file = "{key}"'
            self.stage.daypass(name, f"https://127.0.0.1:{port}", port, names)
            wants(self.curl(*self.trusted, f"https://127.0.0.1:{port}/healthz").stdout, '{"status":"ok"}')

    def exchange(self):
        config = json.loads(job(self.url, " ".join(self.trusted)))
        wants(config["project"]["path"], "octo-org/octo-repo")

    def own_client(self):
        listen = ISSUER.removeprefix("http://")
        command = [DAYPASS, "emulate", "github", "--listen", listen, "--", DAYPASS, "exchange", "--url", self.url]
        a_pass = run(command, env=ENVIRONMENT | {"SSL_CERT_FILE": str(self.authority.pem)})
        wants(a_pass.count("."), 2)

    def curl(self, *arguments):
        command = ["curl", "-sS", "--max-time", "30", *arguments]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    def stranger(self):
        """Who does not trust the authority gets no further."""
        wants(self.curl(f"{self.url}/healthz").returncode, 60)

    def old_version(self):
        """The client offers what its own defaults would not, so that it is the server that refuses."""
        for version in ("1.0", "1.1"):
            old = ["--tlsv1.0", "--tls-max", version, "--ciphers", "DEFAULT@SECLEVEL=0"]
            refused = self.curl(*self.trusted, *old, f"{self.url}/healthz")
            wants((refused.returncode, "alert" in refused.stderr), (35, True))
        for version in ("1.2", "1.3"):
            taken = self.curl(*self.trusted, f"--tlsv{version}", "--tls-max", version, f"{self.url}/healthz")
            wants(taken.stdout, '{"status":"ok"}')

    def http_2(self):
        """Whoever would rather speak HTTP/2 speaks HTTP/1.1."""
        told = self.curl(*self.trusted, "--http2", "-o", os.devnull, "-w", "%{http_version}", f"{self.url}/healthz")
        wants(told.stdout, "1.1")

    def http_2_alone(self):
        command = ["openssl", "s_client", "-connect", f"127.0.0.1:{self.port}", "-alpn", "h2", "-CAfile", self.authority.pem]
        told = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False)
        wants("alert no application protocol" in told.stderr, True)

    def plain_http(self):
        told = self.curl("-w", "%{http_code}", f"http://127.0.0.1:{self.port}/healthz")
        wants(("https://" in told.stdout, told.stdout[-3:]), (True, "400"))

    def shown(self):
        """The certificate that a new connection is shown."""
        context = self.authority.trusting()
        with socket.create_connection(("127.0.0.1", self.port)) as plain:
            with context.wrap_socket(plain, server_hostname="127.0.0.1") as wrapped:
                return wrapped.getpeercert(binary_form=True)

    def replaced(self):
        old = self.shown()
        kept = http.client.HTTPSConnection("127.0.0.1", self.port, context=self.authority.trusting(), timeout=30)

        def asks():
            kept.request("GET", "/healthz")
            wants(kept.getresponse().read(), b'{"status":"ok"}')

        asks()
        before = kept.sock
        self.authority.issue(self.certificate, self.key)

        def is_new():
            # The kept connection does not sit idle for longer than the server lets it.
            asks()
            return self.shown() != old

        until(is_new, "new connections are shown the new certificate")
        asks()
        wants((kept.sock is before, kept.sock.getpeercert(binary_form=True)), (True, old))
        self.exchange()

    def bad_pair(self):
        good, key = self.shown(), self.key.read_bytes()
        self.authority.issue(self.certificate.with_suffix(".other"), self.key)
        until(lambda: "is refused, the old one stays" in self.log.read_text(), "the log says that the pair is refused")
        wants(self.shown(), good)
        self.key.write_bytes(key)
        self.exchange()


def main():
    print(run(["curl", "--version"]).split("\n")[0])
    print(run(["openssl", "version"]).strip())
    with Stage() as stage:
        server = Server(stage)
        tell({
            "tls/first-line": server.first_line,
            "tls/keys-as-openssl-writes-them": server.key_formats,
            "tls/a-job-by-curl": server.exchange,
            "tls/a-job-by-daypass-exchange": server.own_client,
            "tls/an-authority-that-nobody-trusts": server.stranger,
            "tls/old-versions-are-refused": server.old_version,
            "tls/http-2-is-not-chosen": server.http_2,
            "tls/http-2-alone-is-refused": server.http_2_alone,
            "tls/plain-http-is-told": server.plain_http,
            "tls/the-certificate-is-replaced": server.replaced,
            "tls/a-bad-pair-is-not-taken": server.bad_pair,
        })


if __name__ == "__main__":
    main()

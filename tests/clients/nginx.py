"""nginx in front, ending TLS: whose address the ledger shows with `trusted_proxies` and without."""

import json

from kit import DAYPASS, ENVIRONMENT, Authority, Stage, job, run, tell, until, wants
from run import free_port

NGINX = ENVIRONMENT["NGINX"]

CONFIGURATION = """\
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log stderr notice;
events {{ worker_connections 64; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    ssl_certificate {folder}/tls.crt;
    ssl_certificate_key {folder}/tls.key;
    proxy_http_version 1.1;
    proxy_set_header Host $http_host;
    proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
{servers}
}}
"""
SERVER = "    server {{ listen 127.0.0.1:{front} ssl; location / {{ proxy_pass http://127.0.0.1:{back}; }} }}"


class Front:
    """Two servers behind one nginx: one that trusts it, and one that trusts nobody."""

    def __init__(self, stage):
        self.authority = Authority(stage.folder)
        self.authority.issue(stage.folder / "tls.crt", stage.folder / "tls.key")
        ports = []
        for _ in range(4):
            ports.append(free_port(ports))
        fronts, self.backs = ports[:2], ports[2:]
        self.urls = [f"https://127.0.0.1:{front}" for front in fronts]
        trusts = ['trusted_proxies = ["127.0.0.1"]', ""]
        self.folders = [
            stage.daypass(f"server-{index}", self.urls[index], self.backs[index], trusts[index])[0] for index in (0, 1)
        ]
        servers = "\n".join(SERVER.format(front=front, back=back) for front, back in zip(fronts, self.backs))
        configuration = stage.folder / "nginx.conf"
        configuration.write_text(CONFIGURATION.format(folder=stage.folder, servers=servers))
        command = [NGINX, "-p", stage.folder, "-c", configuration, "-e", "stderr"]
        stage.start("nginx", command, stage.folder)
        until(self.answers, "nginx answers")

    def answers(self):
        try:
            return run(["curl", "-sS", "--cacert", str(self.authority.pem), f"{self.urls[0]}/healthz"]) != ""
        except AssertionError:
            return False

    def recorded(self, index, url, *curl):
        """The source in the newest record after a job has called `url` with curl like this."""
        config = json.loads(job(url, " ".join(["--cacert", str(self.authority.pem), *curl])))
        wants(config["project"]["path"], "octo-org/octo-repo")
        newest, *_ = run([DAYPASS, "audit", "list", "--json"], cwd=self.folders[index]).splitlines()
        return json.loads(newest)["source"]

    def trusted(self):
        wants(self.recorded(0, self.urls[0], "--interface", "127.0.0.7"), "127.0.0.7")
        wants(self.recorded(0, self.urls[0], "--interface", "127.0.0.8"), "127.0.0.8")

    def invented(self):
        """What a client says of itself stands further left than what nginx adds."""
        for header in ("X-Forwarded-For:203.0.113.9", "X-Forwarded-For:127.0.0.1", "Forwarded:for=203.0.113.9"):
            wants(self.recorded(0, self.urls[0], "--interface", "127.0.0.7", "-H", header), "127.0.0.7")

    def beside(self):
        """Who goes past nginx is no proxy, and is itself."""
        plain = f"http://127.0.0.1:{self.backs[0]}"
        told = ("--interface", "127.0.0.9", "-H", "X-Forwarded-For:203.0.113.9")
        wants(self.recorded(0, plain, *told), "127.0.0.9")

    def untrusted(self):
        wants(self.recorded(1, self.urls[1], "--interface", "127.0.0.7"), "127.0.0.1")


def main():
    with Stage() as stage:
        front = Front(stage)
        tell({
            "nginx/the-client-behind-a-trusted-proxy": front.trusted,
            "nginx/a-client-that-invents-headers": front.invented,
            "nginx/a-client-that-goes-past-the-proxy": front.beside,
            "nginx/a-proxy-that-nobody-trusts": front.untrusted,
        })


if __name__ == "__main__":
    main()

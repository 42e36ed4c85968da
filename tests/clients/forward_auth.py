"""nginx asks `/v1.0/verify` before it lets a request pass (`auth_request`), and hands what it is told to the service behind."""

from kit import DAYPASS, ENVIRONMENT, ISSUER, Stage, run, tell, until, wants
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
    server {{
        listen 127.0.0.1:{front};
        location / {{
            auth_request /daypass;
            auth_request_set $project $upstream_http_daypass_project_path;
            auth_request_set $environment $upstream_http_daypass_run_environment;
            proxy_set_header Daypass-Project-Path $project;
            proxy_set_header Daypass-Run-Environment $environment;
            proxy_pass http://127.0.0.1:{service};
        }}
        location = /daypass {{
            internal;
            proxy_pass {daypass}/v1.0/verify?audience={daypass};
            proxy_pass_request_body off;
            proxy_set_header Content-Length "";
        }}
        location /other/ {{
            auth_request /other;
            proxy_pass http://127.0.0.1:{service};
        }}
        location = /other {{
            internal;
            proxy_pass {daypass}/v1.0/verify?audience=https://other.example.com;
            proxy_pass_request_body off;
            proxy_set_header Content-Length "";
        }}
    }}
    server {{
        listen 127.0.0.1:{service};
        location / {{ return 200 "$http_daypass_project_path|$http_daypass_run_environment"; }}
    }}
}}
"""


class Front:
    """A service behind nginx, which asks daypass."""

    def __init__(self, stage):
        ports = []
        for _ in range(3):
            ports.append(free_port(ports))
        front, service, port = ports
        self.url, self.daypass = f"http://127.0.0.1:{front}", f"http://127.0.0.1:{port}"
        stage.daypass("server", self.daypass, port)
        configuration = stage.folder / "nginx.conf"
        text = CONFIGURATION.format(folder=stage.folder, front=front, service=service, daypass=self.daypass)
        configuration.write_text(text)
        stage.start("nginx", [NGINX, "-p", stage.folder, "-c", configuration, "-e", "stderr"], stage.folder)
        until(self.answers, "nginx answers")

    def answers(self):
        try:
            return self.call() == ("401", "")
        except AssertionError:
            return False

    def call(self, *curl, path="/"):
        """The status of a request to the service, and what the service has seen of who asks."""
        told = run(["curl", "-sS", "-w", "\\n%{http_code}", *curl, self.url + path])
        body, status = told.rsplit("\n", 1)
        return status, body if status == "200" else ""

    def given(self):
        """A pass, as a job gets it."""
        emulate = [DAYPASS, "emulate", "github", "--listen", ISSUER.removeprefix("http://"), "--"]
        return run([*emulate, DAYPASS, "exchange", "--url", self.daypass]).strip()

    def passes(self):
        wants(self.call("-H", f"Authorization: Bearer {self.given()}"), ("200", "octo-org/octo-repo|"))

    def invented(self):
        """What a client says of itself is no more than that: what the pass does not say reaches the service empty."""
        said = ("-H", "Daypass-Project-Path: evil/evil", "-H", "Daypass-Run-Environment: production")
        wants(self.call("-H", f"Authorization: Bearer {self.given()}", *said), ("200", "octo-org/octo-repo|"))
        wants(self.call(*said), ("401", ""))

    def refused(self):
        bearer = ("-H", f"Authorization: Bearer {self.given()}")
        wants(self.call(*bearer, path="/other/"), ("401", ""))
        wants(self.call("-H", "Authorization: Bearer x"), ("401", ""))
        wants(self.call(path="/daypass"), ("404", ""))

    def revoked(self):
        bearer = ("-H", f"Authorization: Bearer {self.given()}")
        wants(self.call(*bearer)[0], "200")
        run(["curl", "-fsS", "-X", "POST", *bearer, f"{self.daypass}/v1.0/revoke"])
        wants(self.call(*bearer), ("401", ""))


def main():
    with Stage() as stage:
        front = Front(stage)
        tell({
            "forward-auth/a-pass-lets-a-request-pass-and-says-whose-it-is": front.passes,
            "forward-auth/what-a-client-says-of-itself": front.invented,
            "forward-auth/no-pass-and-one-for-another-service": front.refused,
            "forward-auth/a-revoked-pass": front.revoked,
        })


if __name__ == "__main__":
    main()

"""What Schemathesis sends as credentials, and a line for each answer that it gets; see openapi.py.

With CREDENTIALS, a request that the schema allows has a fresh identity token or a pass where one belongs, and every second one is
made such that a job would send it: what a schema allows is mostly a role that there is not. What the schema forbids stays as
it is.
"""

import itertools
import json
import os
import urllib.request

import schemathesis
from schemathesis import GenerationMode

SERVER = os.environ["SERVER"]
ANSWERS = open(os.environ["ANSWERS"], "a", buffering=1, encoding="utf-8")
TOKEN_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
ID_TOKEN = "urn:ietf:params:oauth:token-type:id_token"

turns = itertools.count()


def get(url, bearer):
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {bearer}"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return answer.read().decode()


def identity_token():
    """A fresh one: each is good for one exchange."""
    url = os.environ["ACTIONS_ID_TOKEN_REQUEST_URL"] + "&audience=127.0.0.1"
    return json.loads(get(url, os.environ["ACTIONS_ID_TOKEN_REQUEST_TOKEN"]))["value"]


def new_pass():
    return get(f"{SERVER}/v1.0/auth/jwt", identity_token())


def grant():
    """A form that is granted, of one kind and the other in turn."""
    if next(turns) % 2:
        return {"grant_type": JWT_BEARER, "assertion": identity_token()}
    return {"grant_type": TOKEN_EXCHANGE, "subject_token": identity_token(), "subject_token_type": ID_TOKEN}


def fill(case, kept):
    """Puts tokens into a request that the schema allows."""
    path, body = case.operation.path, case.body
    if path == "/v1.0/exchange":
        body["token"] = identity_token()
        case.body = {"token": body["token"], "dry_run": next(turns) % 2 == 0} if next(turns) % 2 else body
    elif path == "/oauth2/token":
        tokens = {name: identity_token() for name in ("subject_token", "assertion") if name in body}
        case.body = grant() if next(turns) % 2 else body | tokens
    elif path == "/oauth2/introspect":
        body["token"] = kept
    elif path == "/oauth2/revoke":
        body["token"] = new_pass()
    elif path == "/v1.0/auth/jwt" and next(turns) % 2:
        case.query = {}
    elif path == "/v1.0/verify" and next(turns) % 2:
        case.query = {"audience": SERVER}


if "CREDENTIALS" in os.environ:
    KEPT = new_pass()

    @schemathesis.auth(refresh_interval=None)
    class Bearer:
        """What the operation says that it takes."""

        def get(self, case, _):
            schemes = [name for one in case.operation.definition.raw["security"] for name in one]
            if "identityToken" in schemes:
                return identity_token()
            if "pass" in schemes:
                # One that is revoked must not be the one that the others use.
                return new_pass() if case.operation.path == "/v1.0/revoke" else KEPT
            return None

        def set(self, case, data, _):
            case.headers["Authorization"] = f"Bearer {data}"

    @schemathesis.hook
    def before_call(_, case, __):
        is_allowed = case.meta is not None and case.meta.generation.mode == GenerationMode.POSITIVE
        if is_allowed and (isinstance(case.body, dict) or case.operation.method == "get"):
            fill(case, KEPT)


@schemathesis.hook
def after_call(_, case, response):
    print(case.method.upper(), case.operation.path, response.status_code, file=ANSWERS)

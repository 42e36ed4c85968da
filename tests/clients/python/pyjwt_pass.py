"""`PyJWT`, which an API in Python would use, knows the issuer's URL and nothing else, and verifies a pass."""

import json
import os
import platform
import urllib.request

import cryptography
import jwt

ISSUER, PASS = os.environ["URL"], os.environ["PASS"]
REQUIRED = ["iss", "sub", "aud", "exp", "iat", "jti"]


def verify(token, audience=ISSUER):
    """Claims of a pass, by keys from where the discovery document says they are."""
    with urllib.request.urlopen(f"{ISSUER}/.well-known/openid-configuration", timeout=10) as answer:
        discovery = json.load(answer)
    if discovery["issuer"] != ISSUER:
        raise AssertionError(f"the issuer calls itself {discovery['issuer']}")
    key = jwt.PyJWKClient(discovery["jwks_uri"]).get_signing_key_from_jwt(token)
    return jwt.decode(
        token, key, algorithms=["ES256"], issuer=ISSUER, audience=audience, options={"require": REQUIRED}
    )


def altered(token, part):
    """A token with one character of one of its three parts changed to another of the same alphabet."""
    parts = token.split(".")
    at = len(parts[part]) // 2
    other = "B" if parts[part][at] == "A" else "A"
    parts[part] = parts[part][:at] + other + parts[part][at + 1 :]
    return ".".join(parts)


def verifies():
    claims = verify(PASS)
    if (claims["project"]["path"], claims["run"]["event"]) != ("octo-org/octo-repo", "push"):
        raise AssertionError(f"another pass: {claims}")


def refuses(fault, token, audience=ISSUER):
    def check():
        try:
            verify(token, audience)
        except fault:
            return
        raise AssertionError("it was taken")

    return check


CHECKS = {
    "pyjwt/verifies-a-pass": verifies,
    # A changed header is no JSON, or names a key that there is not: both are errors of the library's own.
    "pyjwt/refuses-an-altered-header": refuses(jwt.PyJWTError, altered(PASS, 0)),
    # It reads the payload before the signature: where that is no JSON any more, it says so.
    "pyjwt/refuses-an-altered-payload": refuses(jwt.DecodeError, altered(PASS, 1)),
    "pyjwt/refuses-an-altered-signature": refuses(jwt.InvalidSignatureError, altered(PASS, 2)),
    "pyjwt/refuses-another-audience": refuses(jwt.InvalidAudienceError, PASS, "https://another.example.com"),
}


def main():
    print(f"python {platform.python_version()}\nPyJWT {jwt.__version__}\ncryptography {cryptography.__version__}")
    print(f"1..{len(CHECKS)}")
    for name, check in CHECKS.items():
        try:
            check()
            print(f"ok {name}")
        except Exception as failure:  # whatever goes wrong is this check's failure, and the next one runs
            print(f"not ok {name}: {type(failure).__name__}: {failure}".replace("\n", " "))


if __name__ == "__main__":
    main()

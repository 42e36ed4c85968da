"""`PyJWT` as the laziest honest API: it keeps the key set for as long as the server allows, whatever passes come meanwhile.

A pass a line of stdin, a verdict a line of stdout.
"""

import json
import os
import re
import sys
import time
import urllib.request

import jwt

ISSUER, JWKS = os.environ["ISSUER"], os.environ["JWKS"]


def max_age():
    """For how many seconds the answer says that it may be kept (RFC 9111 §5.2.2.1)."""
    with urllib.request.urlopen(JWKS, timeout=10) as answer:
        return int(re.search(r"max-age=(\d+)", answer.headers["cache-control"])[1])


# A key id that is not in the set would have it fetched anew, were the cooldown not longer than any test.
KEYS = jwt.PyJWKClient(JWKS, lifespan=max_age(), cooldown_duration=86_400)


def refused(token):
    try:
        key = KEYS.get_signing_key_from_jwt(token)
        jwt.decode(token, key, algorithms=["ES256"], issuer=ISSUER, audience=ISSUER)
    except jwt.PyJWTError as fault:
        return f"{type(fault).__name__}: {fault}"
    return None


def main():
    for line in sys.stdin:
        token = line.strip()
        verdict = {"key_id": jwt.get_unverified_header(token)["kid"], "refused": refused(token)}
        print(json.dumps(verdict | {"at_ms": int(time.time() * 1000)}), flush=True)


if __name__ == "__main__":
    main()

"""The three lines of the platform's contract, as people paste them into a workflow; and what slips in them say."""

import base64
import json
import os
import subprocess

ENVIRONMENT = os.environ
DAYPASS, URL = ENVIRONMENT["DAYPASS"], ENVIRONMENT["URL"]

GITHUB = """
set -e
GHA_TOKEN=$(curl -H "Authorization: Bearer ${ACTIONS_ID_TOKEN_REQUEST_TOKEN}" "${ACTIONS_ID_TOKEN_REQUEST_URL}&audience=127.0.0.1" | jq -r .value)
PASS=$(curl -H "Authorization: Bearer ${GHA_TOKEN}" $URL/v1.0/auth/jwt)
CONFIG="$(curl -H "Authorization: Bearer ${PASS}" $URL/v1.0/config)"
"""
GITHUB_WITHOUT_JQ = GITHUB.replace(" | jq -r .value", "")
GITLAB = """
set -e
PASS=$(curl -H "Authorization: Bearer ${DAYPASS_ID_TOKEN}" $URL/v1.0/auth/jwt)
CONFIG="$(curl -H "Authorization: Bearer ${PASS}" $URL/v1.0/config)"
"""
SHOW = r"""printf '%s\n' "${GHA_TOKEN:-$DAYPASS_ID_TOKEN}" "$PASS" "$CONFIG" """

TOKEN_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
PULL_REQUEST = ["github", "--event", "pull_request", "--pull-request", "7"]
MERGE_REQUEST = ["gitlab", "--pipeline-source", "merge_request_event", "--merge-request", "7"]
FOR_US = ["--id-token", "DAYPASS_ID_TOKEN=127.0.0.1"]
FOR_ANOTHER = ["--id-token", "DAYPASS_ID_TOKEN=sts.example.com"]


def job(arguments, lines):
    """What the lines leave in their variables: identity token, pass, configuration."""
    provider, *rest = arguments
    listen = ENVIRONMENT[f"{provider.upper()}_ISSUER"].removeprefix("http://")
    command = [DAYPASS, "emulate", provider, "--listen", listen, *rest, "--", "sh", "-c", lines + SHOW]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    if done.returncode != 0:
        raise AssertionError(f"exit status {done.returncode}: {done.stderr}")
    return done.stdout.rstrip("\n").split("\n")


def claims(token):
    payload = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))


def wants(got, wanted):
    if got != wanted:
        raise AssertionError(f"{got!r}, where {wanted!r} was wanted")


def github_pull_request():
    token, a_pass, config = job(PULL_REQUEST, GITHUB)
    identity, config = claims(token), json.loads(config)
    wants(identity["aud"], "127.0.0.1")
    wants([config["account"][name] for name in ("provider", "external_id", "name")], ["github", "65", "octo-org"])
    wants([config["project"][name] for name in ("provider", "external_id")], ["github", "123456789"])
    wants(config["project"]["path"], "octo-org/octo-repo")
    wants(str(config["run"]["id"]), str(identity["run_id"]))
    wants(str(config["run"]["job"]), str(identity["check_run_id"]))
    wants([config["run"]["event"], config["run"]["pull_request"]], ["pull_request", 7])
    # The pass carries what the API answers from.
    carried = claims(a_pass)
    for name in ("account", "project", "run"):
        wants(carried[name], config[name])


def github_without_jq():
    token, problem, _ = job(PULL_REQUEST, GITHUB_WITHOUT_JQ)
    secret, told = json.loads(token)["value"], json.loads(problem)
    wants([told["code"], told["status"]], ["token_is_envelope", 401])
    if "| jq -r .value" not in told["hint"]:
        raise AssertionError(f"the hint does not help: {told['hint']}")
    if secret.split(".")[2] in problem:
        raise AssertionError("the answer echoes the token")


def gitlab_merge_request():
    token, a_pass, config = job([*MERGE_REQUEST, *FOR_US], GITLAB)
    identity, config = claims(token), json.loads(config)
    wants([config["account"][name] for name in ("provider", "external_id")], ["gitlab", "7"])
    wants([config["project"][name] for name in ("external_id", "path")], ["42", "octo/app"])
    wants(str(config["run"]["job"]), str(identity["job_id"]))
    # GitLab's tokens say nothing of the merge request's number, and nothing is taken from a job's own word.
    wants([config["run"]["event"], config["run"]["pull_request"]], ["merge_request_event", None])
    wants(claims(a_pass)["run"], config["run"])


def gitlab_for_another():
    _, problem, refused = job([*MERGE_REQUEST, *FOR_ANOTHER], GITLAB)
    wants(json.loads(problem)["code"], "audience_mismatch")
    # A problem document is no pass, and the API says so.
    wants(json.loads(refused)["code"], "pass_invalid")


def post_json(body, path):
    """Status and problem document of one request."""
    command = ["curl", "--silent", "--max-time", "30", "--write-out", "\n%{http_code}", "--json", "@-", URL + path]
    done = subprocess.run(command, input=json.dumps(body), capture_output=True, text=True, timeout=60, check=True)
    body, _, status = done.stdout.rpartition("\n")
    return int(status), json.loads(body)


def wrong_media_type():
    status, told = post_json({"grant_type": TOKEN_EXCHANGE}, "/oauth2/token")
    wants([status, told["code"]], [415, "media_type_unsupported"])


def far_too_large():
    status, told = post_json({"token": "A" * 200_000}, "/v1.0/exchange")
    wants([status, told["code"]], [413, "request_too_large"])


CHECKS = {
    "curl/github-pull-request": github_pull_request,
    "curl/github-without-jq": github_without_jq,
    "curl/gitlab-merge-request": gitlab_merge_request,
    "curl/gitlab-token-for-another": gitlab_for_another,
    "curl/json-where-a-form-is-wanted": wrong_media_type,
    "curl/a-body-far-too-large": far_too_large,
}


def main():
    for tool in ("curl", "jq"):
        version = subprocess.run([tool, "--version"], capture_output=True, text=True, check=True).stdout
        print(version.split(" (")[0].strip())
    print(f"1..{len(CHECKS)}")
    for name, check in CHECKS.items():
        try:
            check()
            print(f"ok {name}")
        except Exception as failure:  # whatever goes wrong is this check's failure, and the next one runs
            print(f"not ok {name}: {type(failure).__name__}: {failure}".replace("\n", " "))


if __name__ == "__main__":
    main()

"""AWS on loopback: moto's server, and before it what moto lacks, as AWS documents it.

Moto takes roles, keeps their policies and assigns users. It knows nothing of tags of permission sets, of orders that
take time, of the room for policies, and enforces no policy; what is tested of these is tested on the wire only. Every
call is kept as it was sent, and each can be made to fail.
"""

import json
import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any, NamedTuple
from urllib.parse import parse_qsl
from uuid import uuid4

import boto3
import requests

HERE, THERE = "123456789012", "222233334444"
REGION = "eu-central-1"
KEY = {"aws_access_key_id": "AKIAJITTESTS00000001", "aws_secret_access_key": "s3cret"}
INSTANCE = "arn:aws:sso:::instance/ssoins-0123456789abcdef"
READERS = "arn:aws:sso:::permissionSet/ssoins-0123456789abcdef/ps-0123456789abcdef"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{HERE}:root"},
            "Action": ["sts:AssumeRole", "sts:SetSourceIdentity"],
        }
    ],
}
ROOM = 10240
"""Signs of all inline policies of a role: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html"""
SCOPE = re.compile(r"Credential=([A-Z0-9]+)/\d+/[a-z0-9-]+/([a-z-]+)/aws4_request")


class Call(NamedTuple):
    """One call as it came in: `by` is the id of the key that signed it."""

    name: str
    arguments: dict[str, Any]
    by: str


class Session(NamedTuple):
    """What STS was asked for a session."""

    role: str
    identity: str
    policy: str


class Aws:
    """What was asked, and how it is to fail.

    `fails` maps a call's name to an error's code, or to `dies` (does what is asked and closes without an answer),
    `babbles` or `redirects`; `times`: how often, for ever where it says nothing. `looks`: how often an order is still
    under way when it is looked at. `before`: what happens elsewhere just before a call is taken, once.
    """

    def __init__(self, moto: str) -> None:
        self.moto = moto
        self.url = ""
        self.lock = Lock()
        self._moto_by = {
            service: boto3.client(service, region_name=REGION, endpoint_url=moto, **KEY)
            for service in ("iam", "sso-admin")
        }
        self.begin()

    def begin(self) -> None:
        """Forget everything."""
        requests.post(f"{self.moto}/moto-api/reset", timeout=20)
        self.calls: list[Call] = []
        self.fails: dict[str, str] = {}
        self.times: dict[str, int] = {}
        self.tags: dict[str, dict[str, str]] = {}
        self.sessions: dict[str, Session] = {}
        self.orders: dict[str, tuple[dict[str, Any], int]] = {}
        self.looks = 0
        self.order_fails = ""
        self.before: dict[str, Any] = {}
        self.under_way = 0

    def client(self, service: str, **key: str) -> Any:
        """A client as people have it, with nothing of the bot's."""
        return boto3.client(service, region_name=REGION, endpoint_url=self.url, **(key or KEY))

    def make_role(self, name: str, **key: str) -> None:
        self.client("iam", **key).create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))

    def policies(self, role: str, **key: str) -> dict[str, Any]:
        """The inline policies of a role, by name."""
        iam = self.client("iam", **key)
        names = iam.list_role_policies(RoleName=role)["PolicyNames"]
        return {name: iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"] for name in names}

    def users(self, account: str = HERE, permission_set: str = READERS) -> list[str]:
        """Who is assigned."""
        listed = self.client("sso-admin").list_account_assignments(
            InstanceArn=INSTANCE, AccountId=account, PermissionSetArn=permission_set
        )
        return [each["PrincipalId"] for each in listed["AccountAssignments"]]

    def asked(self, name: str) -> list[dict[str, Any]]:
        """What a call was asked with, each time."""
        return [call.arguments for call in self.calls if call.name == name]

    def answer(self, headers: Any, body: bytes) -> tuple[int, bytes, str]:
        """Answer a call; the status 0 closes without one."""
        call, is_json = _read(headers, body)
        if prepared := self.before.pop(call.name, None):
            prepared()
        with self.lock:
            self.calls.append(call)
            fails = self._failing(call.name)
        if fails == "babbles":
            return 200, b"<html>hello</html>", "text/html"
        if fails == "redirects":
            return 302, b"", "text/html"
        if fails not in {"", "dies"}:
            return _error(fails, "made to fail", is_json=is_json)
        if denied := self._denied(call):
            return _error("AccessDenied", denied, is_json=is_json)
        with self.lock:
            answered = self._of_our_own(call) or self._of_moto(call, headers, body)
        return (0, b"", "") if fails == "dies" else answered

    def _failing(self, name: str) -> str:
        fails = self.fails.get(name, "")
        if fails and name in self.times:
            self.times[name] -= 1
            if self.times[name] < 0:
                return ""
        return fails

    def _of_moto(self, call: Call, headers: Any, body: bytes) -> tuple[int, bytes, str]:
        passed = {name: value for name, value in headers.items() if name.lower() != "host"}
        said = requests.post(self.moto, data=body, headers=passed, timeout=20)
        if call.name == "AssumeRole" and said.ok:
            asked = call.arguments
            found = re.search(r"<AccessKeyId>(\w+)</AccessKeyId>", said.text)
            self.sessions[found[1] if found else ""] = Session(
                asked["RoleArn"], asked.get("SourceIdentity", ""), asked.get("Policy", "")
            )
        return said.status_code, said.content, said.headers["Content-Type"]

    def _of_our_own(self, call: Call) -> tuple[int, bytes, str] | None:
        asked = call.arguments
        match call.name:
            case "TagResource":
                tags = self.tags.setdefault(asked["ResourceArn"], {})
                tags |= {tag["Key"]: tag["Value"] for tag in asked["Tags"]}
                return _json({})
            case "UntagResource":
                for key in asked["TagKeys"]:
                    self.tags.get(asked["ResourceArn"], {}).pop(key, None)
                return _json({})
            case "ListTagsForResource":
                return _json(self._page_of_tags(asked))
            case "CreateAccountAssignment" | "DeleteAccountAssignment":
                return self._order(call)
            case "DescribeAccountAssignmentCreationStatus" | "DescribeAccountAssignmentDeletionStatus":
                kind = "Creation" if "Creation" in call.name else "Deletion"
                order = asked[f"AccountAssignment{kind}RequestId"]
                return _json({f"AccountAssignment{kind}Status": self._look(order)})
            case "ListAccountAssignmentCreationStatus":
                under_way = [id_ for id_, (said, _) in self.orders.items() if said["Status"] == "IN_PROGRESS"]
                return _json(
                    {
                        "AccountAssignmentsCreationStatus": [
                            {"RequestId": id_, "Status": "IN_PROGRESS"} for id_ in under_way
                        ]
                    }
                )
            case "PutRolePolicy":
                return self._room(asked)
        return None

    def _page_of_tags(self, asked: Any) -> Any:
        tags = sorted(self.tags.get(asked["ResourceArn"], {}).items())
        left = [(key, value) for key, value in tags if key > asked.get("NextToken", "")]
        page = {"Tags": [{"Key": key, "Value": value} for key, value in left[:2]]}
        return page | ({"NextToken": left[1][0]} if len(left) > 2 else {})

    def _order(self, call: Call) -> tuple[int, bytes, str]:
        """Take an order: it is carried out once it was looked at often enough."""
        is_there = call.arguments["PrincipalId"] in self.users_at_moto(call.arguments)
        is_creation = call.name.startswith("Create")
        if not is_creation and not is_there:
            return _error("ResourceNotFoundException", "no such assignment", is_json=True)
        order = str(uuid4())
        status = "IN_PROGRESS" if self.looks or self.order_fails else "SUCCEEDED"
        said = {**call.arguments, "RequestId": order, "Status": status, "Name": call.name}
        self.orders[order] = (said, self.looks)
        if status == "SUCCEEDED":
            self._carry_out(said)
        kind = "Creation" if is_creation else "Deletion"
        return _json({f"AccountAssignment{kind}Status": _shown(said)})

    def _look(self, order: str) -> Any:
        said, left = self.orders[order]
        if said["Status"] == "IN_PROGRESS":
            if left > 0:
                self.orders[order] = (said, left - 1)
            elif self.order_fails:
                said |= {"Status": "FAILED", "FailureReason": self.order_fails}
            else:
                said["Status"] = "SUCCEEDED"
                self._carry_out(said)
        return _shown(said)

    def _carry_out(self, said: Any) -> None:
        keys = ("TargetId", "TargetType", "PermissionSetArn", "PrincipalType", "PrincipalId", "InstanceArn")
        wanted = {key: said[key] for key in keys}
        is_there = wanted["PrincipalId"] in self.users_at_moto(said)
        if said["Name"].startswith("Create") and not is_there:
            self._moto_by["sso-admin"].create_account_assignment(**wanted)
        if said["Name"].startswith("Delete") and is_there:
            self._moto_by["sso-admin"].delete_account_assignment(**wanted)

    def users_at_moto(self, asked: Any) -> list[str]:
        listed = self._moto_by["sso-admin"].list_account_assignments(
            InstanceArn=INSTANCE, AccountId=asked["TargetId"], PermissionSetArn=asked["PermissionSetArn"]
        )
        return [each["PrincipalId"] for each in listed["AccountAssignments"]]

    def _room(self, asked: Any) -> tuple[int, bytes, str] | None:
        iam = self._moto_by["iam"]
        try:
            names = iam.list_role_policies(RoleName=asked["RoleName"])["PolicyNames"]
        except iam.exceptions.NoSuchEntityException:
            return None
        stands = [name for name in names if name != asked["PolicyName"]]
        size = len(asked["PolicyDocument"]) * (len(stands) + 1)  # in these tests they are of one length
        return (
            _error("LimitExceeded", "Maximum policy size of 10240 bytes exceeded", is_json=False)
            if size > ROOM
            else None
        )

    def _denied(self, call: Call) -> str:
        """Evaluate denials of the session's own policy and of its role: they go before all that allows.

        https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
        """
        session = self.sessions.get(call.by)
        if session is None or not session.identity or call.name == "GetCallerIdentity":
            return ""
        of_role = self.policies_at_moto(session.role.rpartition("/")[2])
        for policy in [json.loads(session.policy), *of_role]:
            for statement in policy["Statement"]:
                if statement["Effect"] == "Deny" and _applies(statement, session, call.name):
                    return "with an explicit deny"
        return ""

    def policies_at_moto(self, role: str) -> list[Any]:
        iam = self._moto_by["iam"]
        names = iam.list_role_policies(RoleName=role)["PolicyNames"]
        return [iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"] for name in names]


def _applies(statement: Any, session: Session, call: str) -> bool:
    if statement["Action"] not in {"*", f"sts:{call}"}:
        return False
    condition = statement.get("Condition", {})
    until = condition.get("DateGreaterThanEquals", {}).get("aws:CurrentTime")
    if until and datetime.now(UTC) < datetime.fromisoformat(until):
        return False
    pattern = condition.get("StringLike", {}).get("aws:SourceIdentity")
    return pattern is None or fnmatchcase(session.identity, pattern)


def _read(headers: Any, body: bytes) -> tuple[Call, bool]:
    scope = SCOPE.search(headers.get("Authorization", ""))
    by = scope[1] if scope else ""
    if target := headers.get("X-Amz-Target"):
        return Call(target.rpartition(".")[2], json.loads(body), by), True
    written = dict(parse_qsl(body.decode(), keep_blank_values=True))
    return Call(written.get("Action", ""), written, by), False


def _shown(said: Any) -> Any:
    return {key: value for key, value in said.items() if key not in {"Name", "InstanceArn"}}


def _json(body: Any) -> tuple[int, bytes, str]:
    return 200, json.dumps(body).encode(), "application/x-amz-json-1.1"


def _error(code: str, message: str, *, is_json: bool) -> tuple[int, bytes, str]:
    status = 503 if code == "ServiceUnavailable" else 400
    if is_json:
        body = json.dumps({"__type": code, "message": message})
        return status, body.encode(), "application/x-amz-json-1.1"
    error = f"<Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>"
    return status, f"<ErrorResponse>{error}</ErrorResponse>".encode(), "text/xml"


@contextmanager
def moto_server() -> Iterator[str]:
    """Run moto's server on a free loopback port; gives its address."""
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    try:
        yield f"http://{host}:{port}"
    finally:
        server.stop()


@contextmanager
def aws_server(moto: str) -> Iterator[Aws]:
    """Run what stands before moto on a free loopback port."""
    aws = Aws(moto)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            aws.under_way += 1
            try:
                status, said, kind = aws.answer(self.headers, body)
            finally:
                aws.under_way -= 1
            if not status:
                self.close_connection = True
                return
            self.send_response(status)
            self.send_header("Content-Type", kind)
            if kind != "text/html":
                self.send_header("x-amzn-RequestId", str(uuid4()))
            self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", str(len(said)))
            with suppress(BrokenPipeError, ConnectionResetError):  # who asked was killed
                self.end_headers()
                self.wfile.write(said)

        def do_GET(self) -> None:
            aws.calls.append(Call(f"GET {self.path}", {}, ""))
            self.send_error(404)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    aws.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield aws
    finally:
        server.shutdown()
        server.server_close()
        thread.join()

"""Signature Version 4 as a service verifies it, written from AWS's documentation ("Create a signed AWS API request") and not from
gg's signer."""
import datetime
import functools
import hashlib
import hmac
import re
import urllib.parse

AUTHORIZATION = re.compile(r"AWS4-HMAC-SHA256 Credential=([^/,]+)/(\d{8})/([^/,]+)/([^/,]+)/aws4_request, ?"
                           r"SignedHeaders=([a-z0-9;-]+), ?Signature=([0-9a-f]{64})")
LONGEST_SKEW = 300  # seconds


class Refused(Exception):
    """`type`: as services call it."""

    def __init__(self, type, message):
        super().__init__(message)
        self.type, self.message = type, message


class Identity:
    """Whom the service knows. `token`: of a session, which temporary credentials come with."""

    def __init__(self, secret, token=None, expired=False, allowed=("lambda:InvokeFunction", "lambda:GetFunctionConfiguration")):
        self.secret, self.token, self.expired, self.allowed = secret, token, expired, allowed


@functools.lru_cache(64)
def signing_key(secret, date, region, service):
    key = ("AWS4" + secret).encode()
    for word in (date, region, service, "aws4_request"):
        key = hmac.new(key, word.encode(), hashlib.sha256).digest()
    return key


def encoded(text, safe=""):
    return urllib.parse.quote(text, safe=safe + "-_.~")


def canonical_request(method, target, headers, signed, payload_hash):
    path, _, query = target.partition("?")
    pairs = sorted((encoded(urllib.parse.unquote(name)), encoded(urllib.parse.unquote(value)))
                   for name, _, value in (pair.partition("=") for pair in query.split("&") if pair))
    lines = [method, encoded(path, "/"), "&".join(f"{name}={value}" for name, value in pairs)]  # paths are encoded twice, but for S3
    lines += [f"{name}:{re.sub(' +', ' ', headers[name].strip())}" for name in signed]
    return "\n".join([*lines, "", ";".join(signed), payload_hash])


def signature(method, target, headers, signed, payload_hash, secret, date, region, service):
    request = canonical_request(method, target, headers, signed, payload_hash)
    scope = f"{date}/{region}/{service}/aws4_request"
    text = "\n".join(["AWS4-HMAC-SHA256", headers["x-amz-date"], scope, hashlib.sha256(request.encode()).hexdigest()])
    return hmac.new(signing_key(secret, date, region, service), text.encode(), hashlib.sha256).hexdigest()


def verify(request, identities, region, service, now=None):
    """Whose request it is; raises Refused."""
    headers = request.headers
    found = AUTHORIZATION.fullmatch(headers.get("authorization", ""))
    if not found:
        raise Refused("MissingAuthenticationTokenException", "Missing Authentication Token")
    key, date, of_region, of_service, names, given = found.groups()
    identity = identities.get(key)
    if identity is None:
        raise Refused("UnrecognizedClientException", "The security token included in the request is invalid.")
    if identity.token != headers.get("x-amz-security-token"):
        raise Refused("UnrecognizedClientException", "The security token included in the request is invalid.")
    when = headers.get("x-amz-date", "")
    if not re.fullmatch(r"\d{8}T\d{6}Z", when) or when[:8] != date:
        raise Refused("IncompleteSignatureException", "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date")
    if (of_region, of_service) != (region, service):
        raise Refused("InvalidSignatureException", f"Credential should be scoped to a valid region, not '{of_region}' / '{of_service}'.")
    signed = names.split(";")
    needed = {"host"} | {name for name in headers if name.startswith("x-amz-")}
    if signed != sorted(set(signed)) or not needed <= set(signed) or not set(signed) <= set(headers):
        raise Refused("InvalidSignatureException", "There were headers present in the request which were not signed")
    payload_hash = hashlib.sha256(request.body).hexdigest()
    if headers.get("x-amz-content-sha256", payload_hash) != payload_hash:
        raise Refused("InvalidSignatureException", "The payload's hash is not that of the payload")
    expected = signature(request.method, request.target, headers, signed, payload_hash, identity.secret, date, region, service)
    if not hmac.compare_digest(expected, given):
        raise Refused("InvalidSignatureException", "The request signature we calculated does not match the signature you provided.")
    sent = datetime.datetime.strptime(when, "%Y%m%dT%H%M%SZ").replace(tzinfo=datetime.timezone.utc)
    skew = (now or datetime.datetime.now(datetime.timezone.utc)) - sent
    if abs(skew.total_seconds()) > LONGEST_SKEW:
        raise Refused("InvalidSignatureException",
                      "Signature expired" if skew.total_seconds() > 0 else "Signature not yet current")
    if identity.expired:
        raise Refused("ExpiredTokenException", "The security token included in the request is expired")
    return identity

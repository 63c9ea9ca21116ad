"""The function service of these tests is itself as strict as it says."""
import http.client
import json
import unittest

import aws_signature
import messages
from aws_signature import Identity, Refused
from functions import Function, Service
from strict_http import Request

SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"


class Signatures(unittest.TestCase):
    """Against the first example of AWS's Signature Version 4 test suite (get-vanilla)."""
    HEADERS = {"host": "example.amazonaws.com", "x-amz-date": "20150830T123600Z"}
    SIGNATURE = "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"

    def request(self, signature=SIGNATURE, signed="host;x-amz-date", **headers):
        authorization = (f"AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders={signed}, "
                         f"Signature={signature}")
        return Request("GET", "/", self.HEADERS | {"authorization": authorization} | headers, b"")

    def refusal(self, request, identity=Identity(SECRET)):
        with self.assertRaises(Refused) as caught:
            aws_signature.verify(request, {"AKIDEXAMPLE": identity}, "us-east-1", "service")
        return caught.exception

    def test_the_published_signature_is_right_but_old(self):
        self.assertEqual(self.refusal(self.request()).message, "Signature expired")

    def test_any_other_is_wrong(self):
        self.assertIn("does not match", self.refusal(self.request(self.SIGNATURE.replace("5", "6", 1))).message)
        self.assertIn("does not match", self.refusal(self.request(), Identity("other")).message)
        self.assertIn("not signed", self.refusal(self.request(**{"x-amz-log-type": "Tail"})).message)
        self.assertIn("token", self.refusal(self.request(**{"x-amz-security-token": "stolen"})).message)


class Packs(unittest.TestCase):
    def test_zstd_and_protocol_buffers_come_back(self):
        self.assertEqual(messages.decompressed(messages.compressed(b"a" * 1000) + messages.compressed(b"b")), b"a" * 1000 + b"b")
        self.assertEqual(messages.fields(messages.field(1, 300) + messages.field(2, b"x") + messages.field(2, b"")), {1: [300], 2: [b"x", b""]})


class Unsigned(unittest.TestCase):
    def test_who_does_not_sign_is_refused_and_what_is_no_http_too(self):
        service = Service(None, [Function("gg-0")], {}).start()
        self.addCleanup(lambda: (service.loop.call_soon_threadsafe(service.loop.stop), service.thread.join()))
        connection = http.client.HTTPConnection("127.0.0.1", service.port)
        connection.request("POST", "/2015-03-31/functions/gg-0/invocations", b"{}")
        response = connection.getresponse()
        self.assertEqual((response.status, response.headers["x-amzn-ErrorType"]), (403, "MissingAuthenticationTokenException"))
        self.assertEqual(json.load(response)["Type"], "User")
        connection.sock.sendall(b"nonsense\r\n\r\n")
        self.assertTrue(connection.sock.recv(100).startswith(b"HTTP/1.1 400"))
        connection.close()


if __name__ == "__main__":
    unittest.main(verbosity=2)

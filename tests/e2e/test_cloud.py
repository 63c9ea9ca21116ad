"""gg cloud and gg doctor --engine lambda against moto and a real registry: an account is set up, changed, looked at and taken
down again. cloud_servers.py has the servers."""
import json
import os
import pathlib
import signal
import subprocess
import tempfile
import unittest

from cloud_servers import REGION, REGISTRY_USER, CloudCase, modules, small_worker
from ggtest import DEADLINE_SECONDS

GOLDENS = pathlib.Path(__file__).resolve().parents[2] / "spec/goldens/v1"
TEMPLATE = pathlib.Path(__file__).resolve().parents[2] / "src/cloud/stack.yaml"
DENIED = (403, [("x-amzn-ErrorType", "AccessDeniedException")], b'{"Message": "User is not authorized"}')


class Setup(CloudCase):
    def test_a_dry_run_says_what_would_be_done_and_does_nothing(self):
        run = self.ok(self.up("--dry-run", "--functions", "3"))
        self.assertIn(b"stack gg in eu-west-1: would be made", run.out)
        self.assertIn(b"gg-0 \xe2\x80\xa6 gg-2", run.out)
        self.assertIn(b"3 would be made, 0 changed, 0 removed", run.out)
        self.assertIn(b"at rest: $0.00", run.out)
        self.assertEqual(self.front.changes(), [])
        self.assertEqual(self.moto.resources(), {})
        self.assertFalse(self.config.exists())

    def test_up_makes_all_and_up_again_changes_nothing(self):
        run = self.ok(self.up("--functions", "3"))
        self.assertIn(b"3 made, 0 changed", run.out, str(run))
        status = self.status()
        self.assertEqual(status["stack"], "CREATE_COMPLETE")
        self.assertEqual([function["name"] for function in status["functions"]], ["gg-0", "gg-1", "gg-2"])
        digest = status["functions"][0]["image"].partition("@")[2]
        there = subprocess.run(["skopeo", "inspect", "--tls-verify=false", "--creds", REGISTRY_USER, f"docker://{self.registry.host}/gg-worker@{digest}"],
                               check=True, capture_output=True)
        self.assertEqual(json.loads(there.stdout)["Digest"], digest)
        text = self.config.read_text()
        for line in ('region = "eu-west-1"', 'functions = "gg-"', "count = 3", f's3://{status["outputs"]["Bucket"]}?region={REGION}'):
            self.assertIn(line, text)

        self.front.seen.clear()
        run = self.ok(self.up("--functions", "3"))
        self.assertEqual(self.front.changes(), [], str(run))
        self.assertIn(b"0 made, 0 changed, 3 as they were", run.out)
        self.assertIn(b"is there", run.out)

    def test_other_settings_change_what_is_there(self):
        self.ok(self.up("--functions", "3"))
        run = self.ok(self.up("--functions", "2", "--memory", "3008", "--expire", "3", "--dry-run"))
        self.assertIn(b"stack gg in eu-west-1: would be changed", run.out, str(run))
        self.assertIn(b"0 would be made, 2 changed, 1 removed", run.out, str(run))
        run = self.ok(self.up("--functions", "2", "--memory", "3008", "--expire", "3"))
        self.assertIn(b"0 made, 2 changed, 0 as they were, 1 removed", run.out, str(run))
        status = self.status()
        self.assertEqual([function["memory_mb"] for function in status["functions"]], [3008, 3008])
        self.assertEqual(status["stack"], "UPDATE_COMPLETE")

    def test_one_that_is_killed_anywhere_is_finished_by_the_next(self):
        for last in (1, 3, 6, 9, 12):
            with self.subTest(last=last):
                process = None

                def kill(*_):
                    if len(self.front.seen) >= last and process is not None and process.returncode is None:
                        process.kill()

                self.front.seen.clear()
                self.front.trouble = kill
                process = self.start([os.environ["GG"], "cloud", "up", "--worker", small_worker(), "--registry",
                                      self.registry.url, "--functions", "2"], cwd=self.world)
                process.communicate(timeout=DEADLINE_SECONDS)
                self.front.trouble = None
                self.assertEqual(process.returncode, -signal.SIGKILL)
                self.ok(self.up("--functions", "2"))
                self.assertEqual(len(self.status()["functions"]), 2)
                self.ok(self.cloud("down", "--yes"))
                self.assertEqual(self.moto.resources(), {})

    def test_down_leaves_nothing_but_what_is_somebody_elses(self):
        self.config.parent.mkdir(parents=True)
        self.config.write_text("jobs = 2  # mine\n")
        self.ok(self.up("--functions", "2"))
        bucket = self.status()["outputs"]["Bucket"]
        for i in range(5):
            self.moto.ask("s3", "PUT", f"/{bucket}/packs/{i}", b"x" * 1000)
        self.assertEqual((self.status()["objects"], self.status()["object_bytes"]), (5, 5000))
        role = self.status()["outputs"]["WorkerRole"]
        self.moto.ask("lambda", "POST", "/2015-03-31/functions", json.dumps({
            "FunctionName": "gg-77", "PackageType": "Image", "Role": role, "Description": "of somebody else",
            "Code": {"ImageUri": "x/y:z"}}).encode())
        run = self.cloud("down")
        self.assertEqual(run.status, 2, str(run))
        self.assertIn(b"--yes", run.err)
        run = self.ok(self.cloud("down", "--yes"))
        self.assertIn(b"functions: 2 removed", run.out, str(run))
        self.assertIn(b"5 objects removed", run.out, str(run))
        self.assertEqual(self.moto.resources(), {"functions": 1})
        self.assertEqual(self.config.read_text().strip(), "jobs = 2  # mine")
        self.assertIn(b"there is none", self.ok(self.cloud("down", "--yes")).out)
        self.assertEqual(self.cloud("status").status, 1)

    def test_what_the_account_may_run_is_explained(self):
        self.front.concurrent = 10
        run = self.ok(self.up())
        self.assertIn(b"may run 10 at once", run.out, str(run))
        self.assertIn(b"Service Quotas", run.out, str(run))

    def test_a_refused_call_is_named_with_what_has_to_be_allowed(self):
        self.front.trouble = lambda method, path, action: DENIED if action == "CreateStack" else None
        run = self.up()
        self.assertEqual(run.status, 3, str(run))
        self.assertIn(b"cloudformation:CreateStack", run.err, str(run))
        self.assertIn(b"has to allow", run.err, str(run))

    def test_a_busy_service_is_asked_again(self):
        busy = {}

        def trouble(method, path, action):
            busy[path, action] = busy.get((path, action), 0) + 1
            return (429, [], b'{"__type": "TooManyRequestsException"}') if busy[path, action] == 1 else None

        self.front.trouble = trouble
        self.ok(self.up("--functions", "2"))
        self.assertEqual(len(self.status()["functions"]), 2)

    def test_signatures_are_those_that_the_services_check(self):
        """All but Lambda's: moto refuses those of AWS's own client as well."""
        self.ok(self.up())
        key, secret = self.user_who_may_all()
        self.moto.check_signatures()
        self.environment |= {"AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret}

        def subjects(**options):
            run = self.gg("doctor", "--engine", "lambda", "--json", cwd=self.world, **options)
            return {finding["subject"]: finding for finding in json.loads(run.out)["findings"]}

        found = subjects()
        for service, subject in (("sts", "account"), ("cloudformation", "stack"), ("s3", "bucket")):
            self.assertTrue(found[subject]["well"], f"{service}: {found[subject]}")
        run = self.up("--expire", "3", "--memory", "3008")
        self.assertIn(b"stack gg in eu-west-1: UPDATE_COMPLETE", run.out, str(run))
        self.assertIn(b": is there", run.out, "a token for the registry was given")
        found = subjects(env={"AWS_SECRET_ACCESS_KEY": "another"})
        self.assertIn("the secret access key is not the one", found["account"]["detail"])

    def user_who_may_all(self):
        """Access key and secret."""
        policy = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})
        for parameters in ({"Action": "CreateUser"}, {"Action": "PutUserPolicy", "PolicyName": "all", "PolicyDocument": policy}):
            self.moto.query("iam", Version="2010-05-08", UserName="builder", **parameters)
        answer = self.moto.query("iam", Version="2010-05-08", Action="CreateAccessKey", UserName="builder").decode()
        return [answer.partition(f"<{name}>")[2].partition("<")[0] for name in ("AccessKeyId", "SecretAccessKey")]

    def test_what_runs_have_cost_is_in_their_journals(self):
        runs = self.store / "runs"
        runs.mkdir(parents=True)
        journal = (GOLDENS / "journal_attempt.bin").read_text()
        (runs / "1700000000000-1.jsonl").write_text(journal)
        billed = json.loads(journal.splitlines()[-1])["billed_micro_dollars"]
        self.assertGreater(billed, 0)
        cost = json.loads(self.ok(self.cloud("cost", "--json")).out)
        self.assertEqual(cost["billed_micro_dollars"], billed)
        self.assertEqual([run["run"] for run in cost["runs"]], ["1700000000000-1"])
        text = self.ok(self.cloud("cost")).out.decode()
        self.assertIn(f"all runs in this store: ${billed / 1e6:.6f}", text)
        self.assertIn("function x86_64", text)


class Doctor(CloudCase):
    def findings(self, *words, status=0, **options):
        run = self.gg("doctor", "--engine", "lambda", "--json", *words, cwd=self.world, **options)
        self.assertEqual(run.status, status, str(run))
        return {finding["subject"]: finding for finding in json.loads(run.out)["findings"]}

    def assert_wrong(self, findings, subject, text):
        self.assertIn(subject, findings)
        self.assertFalse(findings[subject]["well"])
        self.assertIn(text, findings[subject]["detail"])

    def test_all_is_well_after_up(self):
        self.ok(self.up("--functions", "2"))
        found = self.findings()
        for subject in ("region", "credentials", "account", "clock", "concurrency", "stack", "bucket", "functions"):
            self.assertTrue(found[subject]["well"], found)

    def test_before_up_it_says_what_makes_the_stack(self):
        self.assert_wrong(self.findings(status=3), "stack", "gg cloud up")

    def test_no_credentials(self):
        found = self.findings(status=3, env={"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_EC2_METADATA_DISABLED": "true"})
        self.assert_wrong(found, "credentials", "AWS_ACCESS_KEY_ID")
        self.assertNotIn("stack", found)

    def test_no_region(self):
        self.assert_wrong(self.findings(status=3, env={"AWS_REGION": ""}), "region", "--region")

    def test_another_region(self):
        self.ok(self.up())
        found = self.findings("--region", "us-west-2", status=3)
        self.assert_wrong(found, "stack", "us-west-2")
        self.assertIn("--region", found["stack"]["detail"])

    def test_a_new_account(self):
        self.ok(self.up())
        self.front.concurrent = 10
        self.assert_wrong(self.findings(), "concurrency", "Service Quotas")

    def test_a_clock_that_is_off(self):
        body = b"<ErrorResponse><Error><Code>SignatureDoesNotMatch</Code><Message>Signature expired</Message></Error></ErrorResponse>"
        self.front.trouble = lambda method, path, action: (403, [("Date", "Thu, 01 Jan 2026 00:00:00 GMT")], body)
        self.assert_wrong(self.findings(status=3), "account", "this machine's clock is")

    def test_what_may_not_be_done(self):
        self.ok(self.up())
        self.front.trouble = lambda method, path, action: DENIED if path.endswith("/invocations") else None
        self.assert_wrong(self.findings(status=3), "functions", "has to allow")
        self.front.trouble = lambda method, path, action: DENIED if path.startswith("/gg-") else None
        self.assert_wrong(self.findings(status=3), "bucket", "AccessDenied")

    def test_functions_that_are_gone(self):
        self.ok(self.up("--functions", "2"))
        self.moto.ask("lambda", "DELETE", "/2015-03-31/functions/gg-1")
        self.assert_wrong(self.findings(status=3), "functions", "1 of 2")

    def test_a_service_that_does_not_answer(self):
        self.assert_wrong(self.findings("--endpoint", "http://127.0.0.1:9", status=3), "account", "http://127.0.0.1:9")


class Template(unittest.TestCase):
    def lint(self, path):
        return subprocess.run(["/usr/bin/python3", f"{modules()}/bin/cfn-lint", "--non-zero-exit-code", "warning", path],
                              env={"PATH": "/usr/bin:/bin", "PYTHONPATH": modules()}, capture_output=True, text=True)

    def test_cfn_lint_finds_nothing(self):
        run = self.lint(TEMPLATE)
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)

    def test_cfn_lint_would_find_a_slip(self):
        with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
            file.write(TEMPLATE.read_text().replace("RestrictPublicBuckets", "RestrictPublicBucket"))
            file.flush()
            self.assertNotEqual(self.lint(file.name).returncode, 0)


if __name__ == "__main__":
    unittest.main(verbosity=2)

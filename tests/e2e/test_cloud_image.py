"""The image of a worker, read by others: skopeo, umoci, a registry; and what it holds runs with nothing around it."""
import base64
import fcntl
import http.server
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import threading
import unittest

from cloud_servers import ImageRegistry, small_worker
from ggtest import Case


class Image(Case):
    def image(self, *words):
        return self.gg("cloud", "image", "--worker", small_worker(), *words, cwd=self.world)

    def tool(self, *argv):
        return subprocess.run(argv, check=True, capture_output=True, cwd=self.world).stdout

    def made(self, name="image"):
        folder = self.world / name
        run = self.ok(self.image("--output", str(folder)))
        return folder, run.out.decode().split()[1].rstrip(":")

    def unpacked(self):
        folder, _ = self.made()
        rootless = [] if os.getuid() == 0 else ["--rootless"]
        self.tool("umoci", "unpack", *rootless, "--image", f"{folder}:gg-worker", str(self.world / "bundle"))
        return self.world / "bundle/rootfs"

    def test_what_a_killed_one_has_left_goes_with_the_next(self):
        old = pathlib.Path(tempfile.mkdtemp(prefix="gg-image-", dir="/tmp"))
        kept = pathlib.Path(tempfile.mkdtemp(prefix="gg-image-", dir="/tmp"))
        self.addCleanup(shutil.rmtree, kept)
        (old / "root").mkdir()
        handle = os.open(kept, os.O_RDONLY | os.O_DIRECTORY)
        self.addCleanup(os.close, handle)
        fcntl.flock(handle, fcntl.LOCK_EX)  # somebody is still at work in it
        for folder in (old, kept):
            os.utime(folder, (946684800, 946684800))
        self.made()
        self.assertFalse(old.exists())
        self.assertTrue(kept.exists())

    def test_the_same_machine_makes_the_same_image(self):
        self.assertEqual(self.made("one")[1], self.made("other")[1])

    def test_skopeo_reads_it(self):
        folder, digest = self.made()
        found = json.loads(self.tool("skopeo", "inspect", f"oci:{folder}:gg-worker"))
        self.assertEqual(found["Digest"], digest)
        self.assertEqual(found["Os"], "linux")
        config = json.loads(self.tool("skopeo", "inspect", "--config", f"oci:{folder}:gg-worker"))
        self.assertTrue(config["config"]["Entrypoint"][0].startswith("/gg/lib/ld-"))
        self.tool("skopeo", "copy", f"oci:{folder}:gg-worker", f"docker-archive:{self.world}/image.tar:gg:test")

    def test_a_folder_that_is_not_empty_is_left_alone(self):
        folder, _ = self.made()
        run = self.image("--output", str(folder))
        self.assertEqual(run.status, 3, str(run))
        self.assertIn(b"is not empty", run.err)

    def test_the_skeleton_leads_into_the_root_of_thunks(self):
        root = self.unpacked()
        for name in ("usr", "lib", "lib64", "bin", "sbin", "opt", "home"):
            self.assertEqual(os.readlink(root / name), f"/tmp/root/{name}")
        for name in set(os.listdir("/")) - {"dev", "etc", "gg", "proc", "sys", "tmp", "var", "boot", "lost+found"}:
            self.assertEqual(os.readlink(root / name), f"/tmp/root/{name}", "this machine's own")
        for name in ("dev", "proc", "tmp", "var", "etc"):
            self.assertTrue((root / name).is_dir() and not (root / name).is_symlink(), name)
        self.assertEqual(os.readlink(root / "etc/alternatives"), "/tmp/root/etc/alternatives")
        for name in ("passwd", "shadow"):
            self.assertFalse(os.path.lexists(root / "etc" / name), "the place's own")
        self.assertEqual((root / "etc/ld.so.preload").read_text(), "/gg/lib/path-shim.so\n")

    def entrypoint(self):
        return json.loads(self.tool("skopeo", "inspect", "--config", f"oci:{self.world}/image:gg-worker"))["config"]["Entrypoint"]

    def in_root(self, root, *words):
        """As a function has it: the image, read-only, and /tmp."""
        return ["bwrap", "--ro-bind", str(root), "/", "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp", "--unshare-pid",
                "--die-with-parent", "--", *self.entrypoint(), *words]

    def test_the_worker_runs_with_nothing_but_what_the_image_holds(self):
        root = self.unpacked()
        run = subprocess.run(self.in_root(root, "--help"), capture_output=True, env={"PATH": "/usr/bin:/bin"})
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertIn(b"# gg-worker", run.stdout)

    def test_the_worker_asks_for_work_with_the_libraries_of_the_image(self):
        """That it takes libcurl, its loader's and its own from there shows when it asks a function's host for work."""
        root = self.unpacked()
        asked = threading.Event()

        class Host(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                if self.path == "/2018-06-01/runtime/invocation/next":
                    asked.set()
                self.send_error(404)

            def log_message(self, *_):
                pass

        host = http.server.HTTPServer(("127.0.0.1", 0), Host)
        self.addCleanup(host.server_close)
        thread = threading.Thread(target=host.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        self.addCleanup(host.shutdown)
        with open(self.world / "worker.log", "wb") as log:
            worker = subprocess.Popen(self.in_root(root, "--cache-size", "64M"), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                      env={"PATH": "/usr/bin:/bin", "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{host.server_address[1]}"}, start_new_session=True)
        try:
            self.assertTrue(asked.wait(60), (self.world / "worker.log").read_text())
        finally:
            os.killpg(worker.pid, signal.SIGKILL)
            worker.wait()

    def test_a_registry_takes_it_and_gives_it_back(self):
        registry = ImageRegistry(self.world)
        self.addCleanup(registry.stop)
        target = f"{registry.url}/team/worker:one"
        run = self.ok(self.image("--push", target))
        digest = run.out.decode().split()[1].rstrip(":")
        self.assertIn(b"0 of 3 parts were there", run.out)
        run = self.ok(self.image("--push", target))
        self.assertIn(b"0.0 MB sent, 3 of 3 parts were there", run.out)
        self.tool("skopeo", "copy", "--src-tls-verify=false", f"docker://{registry.host}/team/worker:one", f"oci:{self.world}/back:one")
        back = json.loads((self.world / "back/index.json").read_text())["manifests"][0]["digest"]
        self.assertEqual(back, digest)

    def test_a_registry_that_wants_a_password_gets_that_of_dockers_config(self):
        registry = ImageRegistry(self.world, "me:secret")
        self.addCleanup(registry.stop)
        target = f"{registry.url}/team/worker:one"
        run = self.image("--push", target)
        self.assertEqual(run.status, 3, str(run))
        self.assertIn(b"docker login", run.err, str(run))
        folder = self.home / ".docker"
        folder.mkdir()
        (folder / "config.json").write_text(json.dumps(
            {"auths": {registry.host: {"auth": base64.b64encode(b"me:secret").decode()}}}))
        self.ok(self.image("--push", target))
        self.tool("skopeo", "inspect", "--tls-verify=false", "--creds", "me:secret", f"docker://{registry.host}/team/worker:one")

    def test_a_registry_that_is_killed_in_between_gets_the_rest(self):
        registry = ImageRegistry(self.world)
        self.addCleanup(registry.stop)
        target = f"{registry.url}/team/worker:one"
        self.ok(self.image("--push", target))
        links = sorted((registry.folder / "docker/registry/v2/repositories/team/worker/_layers/sha256").iterdir())
        shutil.rmtree(links[0])  # as if the push had ended before that one
        run = self.ok(self.image("--push", target))
        self.assertIn(b"2 of 3 parts were there", run.out)

    def test_a_registry_that_is_not_there_is_named(self):
        run = self.image("--push", "http://127.0.0.1:9/team/worker")
        self.assertEqual(run.status, 3, str(run))
        self.assertIn(b"http://127.0.0.1:9", run.err)


if __name__ == "__main__":
    unittest.main(verbosity=2)

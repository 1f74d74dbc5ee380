"""A router whose versions are servers of a few lines, which start in no time: what is tested is the router.

    python tests/support/small_versions.py PROJECT MODEL [LIMIT_S]

A version answers with its number. A body that says so makes it die, be slow, fail, refuse, or answer with garbage; one
that names a version makes only that one do it. While a file ``broken-VERSION`` lies in the project it does not start.
"""

from __future__ import annotations

import os
import sys

VERSION = """
import http.server, json, os, sys, time

if os.path.exists(sys.argv[2]):
    raise SystemExit("no such model")

class Answering(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.answer(404, b"{}")

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        assert self.headers["authorization"] == "Bearer " + os.environ["MLOPS_SERVE_TOKEN"]
        what, _, who = body.decode("latin-1").partition(" ")
        what = what if who in ("", sys.argv[1]) else ""
        if what == "die":
            os._exit(1)
        if what == "nonsense":
            self.wfile.write(b"no http at all\\r\\n\\r\\n")
            self.close_connection = True
            return
        if what.startswith("sleep"):
            time.sleep(float(what[5:]))
        self.is_model = what == "fail"
        content = json.dumps({"predictions": [int(sys.argv[1])]}).encode()
        self.answer(400 if what in ("fail", "refuse") else 200, content)

    def answer(self, status, content):
        self.send_response(status)
        self.send_header("content-length", str(len(content)))
        if getattr(self, "is_model", False):
            self.send_header("x-model-failed", "1")
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        pass

class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 1000
    daemon_threads = True


server = Server(("127.0.0.1", 0), Answering)
Answering.disable_nagle_algorithm = True
Answering.wbufsize = -1
print("serving on http://127.0.0.1:%d" % server.server_port, flush=True)
server.serve_forever()
"""


def main(root: str, model: str, limit_s: float = 20.0) -> None:
    from mlops_tui import config
    from mlops_tui.project import Project
    from mlops_tui.serve import launching
    from mlops_tui.serve.requests import Limits
    from mlops_tui.serve.router import running
    from mlops_tui.serve.router.arms import Part

    def serving(part: Part) -> tuple[str, ...]:
        return (sys.executable, "-S", "-c", VERSION, str(part.version), os.path.join(root, f"broken-{part.version}"))

    project = Project(root)
    listening = launching.listen("127.0.0.1", 0)
    limits = Limits(body_bytes=10_000, held_bytes=1 << 20, head_s=1.0, body_s=1.0, prediction_s=limit_s)
    url = launching.url("127.0.0.1", listening)
    running.run(
        project,
        config.load(project),
        running.Settings(model, serving, limits),
        listening,
        url,
        lambda: print(f"routing on {url}", flush=True),
    )


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], *map(float, sys.argv[3:]))

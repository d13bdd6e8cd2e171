"""A web server on this machine that serves a folder, and misbehaves where a test asks it to."""

import re
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

MODIFIED = "Tue, 07 Mar 2006 12:00:00 GMT"


class Mirror:
    """What is served and how.

    `files` maps paths to bytes. `faults` is a list of functions that are used up one a request:
    each gets the handler and the content, and answers. `asked` collects (path, Range) of all
    requests, `conditions` their If-Range. `tag` and `modified` go with all files, unless None.
    """

    def __init__(self, files):
        self.files, self.faults, self.asked, self.conditions = files, [], [], []
        self.tag, self.modified, self.ranges = '"first"', MODIFIED, True
        self.url = None

    def answer(self, handler):
        self.asked.append((handler.path, handler.headers.get("Range")))
        self.conditions.append(handler.headers.get("If-Range"))
        if self.faults:
            self.faults.pop(0)(handler, self.files.get(handler.path))
        elif handler.path not in self.files:
            handler.send_error(404)
        else:
            self.send(handler, self.files[handler.path])

    def send(self, handler, content, upto=None, length=None):
        """Answer with `content`, or the rest that is asked for; break off after `upto` bytes."""
        first = self._first(handler, content)
        if first is not None and first >= len(content):
            handler.send_error(416)
            return
        handler.send_response(200 if first is None else 206)
        self._describe(handler)
        if first is not None:
            span = f"bytes {first}-{len(content) - 1}/{len(content)}"
            handler.send_header("Content-Range", span)
        body = content[first or 0 :]
        handler.send_header("Content-Length", str(len(body) if length is None else length))
        handler.end_headers()
        handler.wfile.write(body[:upto])
        handler.close_connection = True

    def _describe(self, handler):
        for name, value in (("ETag", self.tag), ("Last-Modified", self.modified)):
            if value is not None:
                handler.send_header(name, value)

    def _first(self, handler, content):
        """Return the first byte asked for, None where the whole file is to be sent."""
        asked = re.fullmatch(r"bytes=(\d+)-", handler.headers.get("Range", ""))
        condition = handler.headers.get("If-Range")
        if not (asked and self.ranges) or condition not in (None, self.tag, self.modified):
            return None
        return int(asked[1])


@contextmanager
def served(files):
    """Serve `files` on 127.0.0.1; give the Mirror, whose `url` has no slash at its end."""
    mirror = Mirror(files)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            mirror.answer(self)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    mirror.url = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield mirror
    finally:
        server.shutdown()
        thread.join()
        server.server_close()

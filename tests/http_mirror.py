"""A local web server for files that can simulate faults."""

from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread


class Mirror:
    """The state of the server.

    Attributes:
        files: Contents by path.
        faults: Functions (handler, content); each answers one request instead of the server.
        requests: The paths of all requests.
        url: The address, without a trailing slash.
    """

    def __init__(self, files):
        self.files, self.faults, self.requests, self.url = files, [], [], None

    def answer(self, handler):
        self.requests.append(handler.path)
        content = self.files.get(handler.path)
        if self.faults:
            self.faults.pop(0)(handler, content)
        elif content is None:
            handler.send_error(404)
        else:
            send(handler, content)


def send(handler, content, upto=None, length=None):
    """Answer with `content`; stop after `upto` bytes, or state another `length` in the header."""
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(content) if length is None else length))
    handler.end_headers()
    handler.wfile.write(content[:upto])
    handler.close_connection = True


@contextmanager
def served(files):
    """Serve `files` on 127.0.0.1 and yield the Mirror."""
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

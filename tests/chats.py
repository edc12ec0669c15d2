"""A chat's server on this machine, for notices to be posted to."""

import json
import queue
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

PATIENCE = 30.0


class Chat:
    """A chat's server on this machine, which takes messages one after the other, as fast as a test lets it.

    Attributes
    ----------
    messages
        What arrived: title and text, where it is apprise's own JSON.
    posted
        What arrived, as it was sent.
    answer
        The status that it gives; 0: it hangs up.
    words
        What it says to that.
    open
        It answers only while this is set.
    """

    def __init__(self) -> None:
        self.messages: queue.Queue[tuple[str, str]] = queue.Queue()
        self.posted: queue.Queue[dict[str, Any]] = queue.Queue()
        self.answer = 200
        self.words = b""
        self.open = threading.Event()
        self.open.set()
        chat = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                message = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                answer = chat.answer  # as it was when the message came
                chat.posted.put(message)
                chat.messages.put((message.get("title", ""), message.get("message", "")))
                chat.open.wait(PATIENCE)
                if answer:
                    self.send_response(answer)
                    self.end_headers()
                    self.wfile.write(chat.words)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"json://lab:secret@127.0.0.1:{self.server.server_port}/antelop?rto={PATIENCE}"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01})
        self.thread.start()

    @property
    def place(self) -> str:
        """Host and port of it."""
        return f"127.0.0.1:{self.server.server_port}"

    def received(self) -> tuple[str, str]:
        """Wait for the next message, and return its title and text."""
        return self.messages.get(timeout=PATIENCE)

    def close(self) -> None:
        self.open.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join(PATIENCE)


@pytest.fixture
def chat() -> Iterator[Chat]:
    """Run a chat's server."""
    running = Chat()
    yield running
    running.close()

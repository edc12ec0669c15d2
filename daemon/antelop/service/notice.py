"""Notices: mails or chat messages about what needs a person's help, through the services that apprise supports.

The URLs of these services contain passwords, so no URL is ever logged, neither here nor by apprise or its HTTP library.
"""

import logging
import re
import threading
from collections import deque
from collections.abc import Sequence
from typing import Any

QUEUED = 1000
"""Maximum number of notices in the queue."""

REMEMBERED = 10_000
"""Number of keys that are remembered, so that no notice is sent twice."""

LENGTH = 1800
"""Maximum number of characters in a message's body, within the limits of common chats (Discord 2,000, Telegram 4,096)."""

BREAK = "\u200a"
"""A hair space, which is put after each markup character. In plain text too, chats interpret Markdown or markup of their own,
each with other escapes and some without any, but none interprets a markup character before a space."""

_MARKUP = re.compile(
    r"^(?=>)|[][@#<>&*~|`\\]"  # mentions, channels, tags, entities, emphasis, code, escapes
    r"|(?<!\w)_|_(?!\w)"  # emphasis, but not within a name
    r"|:(?=[^\s\d])"  # links and emojis, but not times
    r"|\.(?=[^\W\d_])(?!(?:nwb|json|manifest|receipt)\b)"  # hosts without a scheme
)


class Notices:
    """Sends each notice once, in a thread of its own.

    Notices that arrive while a message is being sent are sent together, as one message: a wrong change of a rig causes two
    messages and not three hundred. A message that a service refuses is not sent again, because receipts and the status say the
    same; `status` counts it as failed.

    Parameters
    ----------
    urls
        URLs of the services in apprise's form, such as ``mailto://…``. Without any URL, no notice is sent.
    """

    def __init__(self, urls: Sequence[str]) -> None:
        self._urls = tuple(urls)
        self._told: dict[str, None] = {}
        self._queue: deque[tuple[str, tuple[str, ...]]] = deque()
        self._changed = threading.Condition()
        self._closing = False
        self._sent = self._failed = self._dropped = 0
        self._failing: list[str] = []
        self._thread = threading.Thread(target=self._deliver, name="notices", daemon=True)
        if self._urls:
            self._thread.start()

    def tell(self, key: str, title: str, *lines: str) -> None:
        """Enqueue a notice, unless one with the same key was enqueued before. Returns at once and raises nothing.

        Parameters
        ----------
        key
            Identifies the notice, for example by a delivery and its outcome. This process remembers the last `REMEMBERED` keys.
        title
            What happened, in a few words.
        lines
            The rest as plain text. A line break inside a line becomes a space, because names may contain one.
        """
        if not self._urls:
            return
        with self._changed:
            if key in self._told:
                # Move the key to the end, so that a key that repeats is not the one that is forgotten.
                self._told[key] = self._told.pop(key)
            elif self._closing or len(self._queue) == QUEUED:
                self._dropped += 1
            else:
                self._told[key] = None
                if len(self._told) > REMEMBERED:
                    del self._told[next(iter(self._told))]
                self._queue.append((title, lines))
                self._changed.notify()

    def status(self) -> dict[str, Any]:
        """Return the counts of notices and messages, for JSON.

        Returns
        -------
        dict
            ``queued``: the notices in the queue; ``dropped``: those for which it was full; ``sent`` and ``failed``: messages,
            counted once for each URL; ``failing``: number and kind of each URL that refused the last message (``2: mailto``).
        """
        with self._changed:
            return {
                "queued": len(self._queue),
                "dropped": self._dropped,
                "sent": self._sent,
                "failed": self._failed,
                "failing": list(self._failing),
            }

    def close(self, timeout: float) -> None:
        """Accept no more notices, and wait up to `timeout` seconds until the queued ones are sent."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        if self._urls:
            self._thread.join(timeout)

    def _deliver(self) -> None:
        while notices := self._next():
            title, body = _message(notices)
            failing = [
                f"{number}: {url.partition('://')[0] if '://' in url else '?'}"
                for number, url in enumerate(self._urls, start=1)
                if not _post(url, title, body)
            ]
            with self._changed:
                self._sent += len(self._urls) - len(failing)
                self._failed += len(failing)
                self._failing = failing

    def _next(self) -> list[tuple[str, tuple[str, ...]]]:
        """Wait for notices, and return all in the queue; an empty list if the queue is closed and empty."""
        with self._changed:
            self._changed.wait_for(lambda: self._queue or self._closing)
            notices = list(self._queue)
            self._queue.clear()
            return notices


def _message(notices: Sequence[tuple[str, tuple[str, ...]]]) -> tuple[str, str]:
    """Return title and body of one message that contains these notices."""
    # Names in them may contain a line break, which would end a mail's subject, undecodable bytes, or markup.
    plain = [(_plain(title), "\n".join(map(_plain, lines))) for title, lines in notices]
    if len(plain) == 1:
        title, body = plain[0]
    else:
        title, body = f"{len(plain)} notices", "\n\n".join("\n".join(notice) for notice in plain)
    body = body or title  # apprise refuses a message without a body
    return title, body if len(body) <= LENGTH else f"{body[: LENGTH - 1]}…"


def _plain(text: str) -> str:
    """Return a text that looks the same, but in which no chat finds markup, a mention or a link."""
    line = "".join(character if character.isprintable() else "?" for character in " ".join(text.splitlines()))
    return _MARKUP.sub(rf"\g<0>{BREAK}", line)


def _post(url: str, title: str, body: str) -> bool:
    """Send a message through one service, and return whether the service accepted it."""
    try:
        import apprise  # noqa: PLC0415  # its import takes as long as all others together, so it happens in this thread

        for library in ("apprise", "urllib3"):  # they log URLs, with all that is in them
            logging.getLogger(library).setLevel(logging.CRITICAL + 1)
        # Send in this thread and without a timeout of apprise's: its own threads would keep the service from stopping.
        asset = apprise.AppriseAsset(app_id="Antelop", app_desc="Antelop Ingest", async_mode=False, service_timeout=0)
        service = apprise.Apprise(asset=asset)
        warning, text = apprise.NotifyType.WARNING, apprise.NotifyFormat.TEXT
        return service.add(url) and bool(service.notify(body, title, warning, text, interpret_escapes=False))
    except Exception:  # noqa: BLE001  # a plugin may raise anything, and the message may contain the URL
        return False

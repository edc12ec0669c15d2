"""Telling people, by mail or chat, what needs their help, through the notification services that apprise supports.

The URLs of these services hold passwords, so nothing here shows one: not the log of apprise or of its HTTP library either.
"""

import logging
import re
import threading
from collections import deque
from collections.abc import Sequence
from typing import Any

QUEUED = 1000
"""How many notices wait at most."""

REMEMBERED = 10_000
"""How many notices are known to have been given."""

LENGTH = 1800
"""Characters of a message's body: what every common chat takes at once (Discord 2,000, Telegram 4,096)."""

BREAK = "\u200a"
"""Hair space: ends what would be markup. Chats act on Markdown, or on their own marks, in plain text too, each with its own
escapes and some with none; but none acts on a mark that a space follows."""

_MARKUP = re.compile(
    r"^(?=>)|[][@#<>&*~|`\\]"  # mentions, channels, tags, entities, emphasis, code, escapes
    r"|(?<!\w)_|_(?!\w)"  # emphasis, but not within a name
    r"|:(?=[^\s\d])"  # links and emojis, but not times
    r"|\.(?=[^\W\d_])(?!(?:nwb|json|manifest|receipt)\b)"  # hosts without a scheme
)


class Notices:
    """What people are told, each thing once, by a thread that nothing waits for.

    Notices that arrive while a message is on its way are sent together, as one message: a wrong
    change of a rig causes two messages and not three hundred. A message that a service does not take is not repeated:
    receipts and the status say the same, and `status` says that it went wrong.

    Parameters
    ----------
    urls
        As apprise writes them, such as ``mailto://…``; without any URL, no notice is sent.
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
        """Tell people something, unless they have been told. Returns at once and raises nothing.

        Parameters
        ----------
        key
            What it is about: a delivery and its outcome. Of two notices with one key only the first is given, by this process,
            and as long as no more than `REMEMBERED` others follow.
        title
            What happened, in a few words.
        lines
            The rest, for a person, as plain text. A line break within one is none: names may hold any.
        """
        if not self._urls:
            return
        with self._changed:
            if key in self._told:
                self._told[key] = self._told.pop(
                    key
                )  # move it to the end: a key that repeats must not be the one that is forgotten
            elif self._closing or len(self._queue) == QUEUED:
                self._dropped += 1
            else:
                self._told[key] = None
                if len(self._told) > REMEMBERED:
                    del self._told[next(iter(self._told))]
                self._queue.append((title, lines))
                self._changed.notify()

    def status(self) -> dict[str, Any]:
        """Return, for JSON, how telling goes.

        Returns
        -------
        dict
            ``queued``: notices that wait; ``dropped``: how many found the queue full; ``sent`` and ``failed``: messages, each
            counted for every URL; ``failing``: number and kind of the URLs that did not take the last one (``2: mailto``).
        """
        with self._changed:
            return {
                "queued": len(self._queue),
                "dropped": self._dropped,
                "sent": self._sent,
                "failed": self._failed,
                "failing": list(self._failing),
            }

    def close(self, patience: float) -> None:
        """Take no more notices, and wait for those that are on their way, but no longer than `patience` seconds."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        if self._urls:
            self._thread.join(patience)

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
        """Wait for notices and return all that are there; none, when none will come any more."""
        with self._changed:
            self._changed.wait_for(lambda: self._queue or self._closing)
            notices = list(self._queue)
            self._queue.clear()
            return notices


def _message(notices: Sequence[tuple[str, tuple[str, ...]]]) -> tuple[str, str]:
    """Return title and body of the message that gives these notices."""
    # There are names in them, which may hold a line break that would end a mail's subject, bytes that are no text, or markup.
    plain = [(_plain(title), "\n".join(map(_plain, lines))) for title, lines in notices]
    if len(plain) == 1:
        title, body = plain[0]
    else:
        title, body = f"{len(plain)} notices", "\n\n".join("\n".join(notice) for notice in plain)
    body = body or title  # a message without a body is none for apprise
    return title, body if len(body) <= LENGTH else f"{body[: LENGTH - 1]}…"


def _plain(text: str) -> str:
    """Return text in which nothing is markup, a mention or a link for any chat, and which reads as before."""
    line = "".join(character if character.isprintable() else "?" for character in " ".join(text.splitlines()))
    return _MARKUP.sub(rf"\g<0>{BREAK}", line)


def _post(url: str, title: str, body: str) -> bool:
    """Send a message through one service, and return whether the service took it."""
    try:
        import apprise  # noqa: PLC0415  # its import takes as long as all others together, and this thread has the time

        for library in ("apprise", "urllib3"):  # they log URLs, with all that is in them
            logging.getLogger(library).setLevel(logging.CRITICAL + 1)
        # Here and for as long as it takes, since threads of apprise's own would keep the service from stopping.
        asset = apprise.AppriseAsset(app_id="Antelop", app_desc="Antelop Ingest", async_mode=False, service_timeout=0)
        service = apprise.Apprise(asset=asset)
        warning, text = apprise.NotifyType.WARNING, apprise.NotifyFormat.TEXT
        return service.add(url) and bool(service.notify(body, title, warning, text, interpret_escapes=False))
    except Exception:  # noqa: BLE001  # a plugin's, whatever it is, with a text that may show the URL
        return False

"""A network between this process and what runs in another network namespace, which can be cut without anybody being told.

Nothing is closed, refused or reset: packets are dropped, as by a cable that is unplugged behind a switch.
"""

import ctypes
import itertools
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

IP, IPTABLES = shutil.which("ip"), shutil.which("iptables")
_CLONE_NEWNET = 0x40000000  # setns(2); in Python's own os from 3.12 on
_NUMBERS = itertools.count()


class Network:
    """A namespace, and the cable to it.

    Attributes
    ----------
    far
        The address in the namespace.
    """

    def __init__(self) -> None:
        number = next(_NUMBERS)
        subnet = f"10.{200 + (os.getpid() >> 14) % 50}.{os.getpid() >> 6 & 255}.{(os.getpid() & 63) * 4}"
        base, last = subnet.rsplit(".", 1)
        near, self.far = f"{base}.{int(last) + 1}", f"{base}.{int(last) + 2}"
        self.name = f"antelop-{os.getpid()}-{number}"
        ours, theirs = f"an{os.getpid()}a", f"an{os.getpid()}b"
        _ip("netns", "add", self.name)
        _ip("link", "add", ours, "type", "veth", "peer", "name", theirs, "netns", self.name)
        _ip("addr", "add", f"{near}/30", "dev", ours)
        _ip("link", "set", ours, "up")
        _ip("-n", self.name, "addr", "add", f"{self.far}/30", "dev", theirs)
        for device in (theirs, "lo"):
            _ip("-n", self.name, "link", "set", device, "up")
        self._theirs = theirs

    @contextmanager
    def inside(self) -> Iterator[None]:
        """Have what this thread starts run in the namespace."""
        libc = ctypes.CDLL(None, use_errno=True)
        with Path("/proc/thread-self/ns/net").open("rb") as ours, Path("/run/netns", self.name).open("rb") as theirs:
            for namespace in (theirs, ours):
                if libc.setns(namespace.fileno(), _CLONE_NEWNET):
                    raise OSError(ctypes.get_errno(), "setns")
                if namespace is theirs:
                    try:
                        yield
                    except BaseException:
                        libc.setns(ours.fileno(), _CLONE_NEWNET)
                        raise

    def cut(self) -> None:
        """Let no packet pass, in either direction."""
        for chain, direction in (("INPUT", "-i"), ("OUTPUT", "-o")):
            _ip("netns", "exec", self.name, str(IPTABLES), "-I", chain, direction, self._theirs, "-j", "DROP")

    def mend(self) -> None:
        """Let packets pass again."""
        for chain in ("INPUT", "OUTPUT"):
            _ip("netns", "exec", self.name, str(IPTABLES), "-F", chain)

    def close(self) -> None:
        """Remove it."""
        _ip("netns", "del", self.name)


def available() -> bool:
    """Return whether a namespace can be made here, and a cable to it."""
    if os.geteuid() != 0 or IP is None or IPTABLES is None:
        return False
    try:
        network = Network()
    except subprocess.CalledProcessError:  # as in a container
        return False
    network.close()
    return True


def _ip(*arguments: str) -> None:
    subprocess.run([str(IP), *arguments], check=True, capture_output=True)

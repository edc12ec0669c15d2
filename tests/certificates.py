"""Certificates that tests make: a CA, and what it signs for a server."""

import shutil
import subprocess
from pathlib import Path

OPENSSL = shutil.which("openssl") or "openssl"
NEW_KEY = ["-nodes", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]


class Authority:
    """A CA in a folder.

    Attributes
    ----------
    certificate
        Its own certificate, in PEM format.
    """

    def __init__(self, folder: Path, name: str) -> None:
        self._folder = folder
        self._key = folder / f"{name}.key"
        self.certificate = folder / f"{name}.pem"
        made: list[str | Path] = [
            "req",
            "-x509",
            *NEW_KEY,
            "-subj",
            f"/CN={name}",
            "-keyout",
            self._key,
            "-out",
            self.certificate,
        ]
        _openssl(*made, "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign")

    def sign(self, *names: str) -> tuple[Path, Path]:
        """Return key and certificate of a server; names are as OpenSSL writes them: ``DNS:db.lab``, ``IP:127.0.0.1``."""
        key, request, certificate = (self._folder / f"server.{part}" for part in ("key", "csr", "pem"))
        _openssl("req", *NEW_KEY, "-subj", "/CN=server", "-keyout", key, "-out", request)
        extensions = self._folder / "server.ext"
        extensions.write_text(f"subjectAltName={','.join(names)}\n")
        signed: list[str | Path] = ["-CA", self.certificate, "-CAkey", self._key, "-CAcreateserial", "-extfile", extensions]
        _openssl("x509", "-req", "-in", request, *signed, "-out", certificate)
        return key, certificate


def _openssl(*arguments: str | Path) -> None:
    subprocess.run([OPENSSL, *arguments], check=True, capture_output=True)

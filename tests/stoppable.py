"""A lab with a drop folder, on a database server that a test may stop and start."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from antelop.config import AnalysisConfig, Config, DatabaseConfig, FolderConfig, WorkersConfig
from antelop.lab import Lab
from antelop.lab.rigs import upload_rig_json
from tests import servers
from tests.clocks import wall
from tests.drops import RIG, Drop
from tests.labs import MASKS, furnish


@dataclass(frozen=True)
class StoppableLab:
    """A lab on a server of its own.

    Attributes
    ----------
    server
        The server, which runs.
    config, environment
        The configuration of the lab, with one worker, and the environment variables with the credentials.
    drop
        Its drop folder, ``rig-2``.
    """

    server: servers.DatabaseServer
    config: Config
    environment: Mapping[str, str]
    drop: Drop

    def connect(self) -> Lab:
        """Connect to the lab."""
        return Lab(self.config, self.environment, wall)


@contextmanager
def stoppable_lab(backend: str, folder: Path, prototype: Path) -> Iterator[StoppableLab]:
    """Run a server, and furnish a lab on it with the files in a folder."""
    with servers.public_folder() as place:
        context: Any = servers.mariadb() if backend == "mysql" else servers.embedded(place / "state")
        with context as server:
            database = None
            if backend == "mysql":
                database = DatabaseConfig(
                    host=server.host, port=server.port, backend="mysql", use_tls=False, service=server.user
                )
            for name in ("scripts", "rig-2"):
                (folder / name).mkdir()
            drop_folder = FolderConfig("rig-2", folder / "rig-2", settle=0.0)
            config = Config(
                state=place / "state",
                store=folder / "kept",
                database=database,
                analysis=AnalysisConfig(folders=(folder / "scripts",)),
                workers=WorkersConfig(count=1, mask_timeout=3600.0),
                folders=(drop_folder,),
            )
            environment = os.environ | {"DB_USER": server.user, "DB_PASS": server.password}
            made = StoppableLab(server, config, environment, Drop(drop_folder, prototype))
            with made.connect() as lab:
                furnish(lab)
                upload_rig_json(lab, "lab", "lick rig", RIG, MASKS)
            yield made

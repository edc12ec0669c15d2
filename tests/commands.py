"""The command line, run on any lab."""

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from antelop.cli import main
from antelop.cli.terminal import Terminal
from antelop.config import Config
from antelop.lab import Lab
from tests.clocks import still

ORDINARY = () if os.geteuid() else ("setpriv", "--bounding-set=-dac_override,-dac_read_search")
"""How a command line begins that may read and write only what the modes of files allow, as that of anyone but root."""

Command = Callable[..., Result]
"""Runs a command line on a lab's configuration: ``command(config, "verify", "--deep")``."""


@pytest.fixture
def command(served_lab: tuple[Lab, Mapping[str, str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """Give what runs a command line on a configuration, which it writes to a file."""
    for name, value in served_lab[1].items():
        monkeypatch.setenv(name, value)

    def run(config: Config, *words: str) -> Result:
        sections: dict[str, dict[str, object]] = {
            "store": {"location": str(config.store)},
            "analysis": {"folders": [str(folder) for folder in config.analysis.folders]},
        }
        if server := config.database:
            place = {"backend": server.backend, "host": server.host, "port": server.port}
            sections["database"] = {**place, "service": server.service or "", "use_tls": bool(server.use_tls)}
        lines = [f"state = {json.dumps(str(config.state))}"]
        for section, values in sections.items():
            lines += [f"[{section}]", *(f"{key} = {json.dumps(value)}" for key, value in values.items())]
        file = tmp_path / "written.toml"
        file.write_text("\n".join(lines))
        return CliRunner().invoke(main, [*words, "--config", str(file)], obj=Terminal(clock=still), prog_name="antelop")

    return run

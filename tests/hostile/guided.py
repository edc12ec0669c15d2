"""Texts that a coverage-guided fuzzer makes: ``python -m tests.hostile.guided WHAT COUNT SEED KEPT RESULT``.

Atheris takes its process over and never gives it back, so this one is for nothing else.
"""

import json
import os
import sys
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory

import atheris

with atheris.instrument_imports(
    include=["antelop.formats.document", "antelop.formats.manifest", "antelop.formats.rig", "antelop.formats.schema"]
):
    from antelop.formats import manifest  # noqa: F401  # instrumented before anything else imports it

from tests.hostile.judge import Judge
from tests.hostile.texts import EVIL, TOKENS, seeds


def main() -> None:
    """Judge so many texts, write what came of them as JSON, and end."""
    what, count, seed, kept, result = sys.argv[1:]
    assert what in ("manifest", "rig")
    with TemporaryDirectory() as folder:
        judge = Judge("rig" if what == "rig" else "manifest", Path(folder), Path(kept))
        corpus, words = Path(folder) / "corpus", Path(folder) / "words"
        corpus.mkdir()
        for number, text in enumerate(seeds(what)):
            (corpus / str(number)).write_bytes(text)
        spelt = ("".join(f"\\x{byte:02x}" for byte in json.dumps(word).encode()) for word in (*EVIL, *TOKENS) if len(word) < 50)
        words.write_text("".join(f'"{word}"\n' for word in spelt))

        def each(text: bytes) -> None:
            judge.judge(text)
            if judge.tally.texts + len(judge.tally.findings) >= int(count):
                Path(result).write_text(json.dumps(asdict(judge.tally)))
                os._exit(0)

        atheris.Setup(
            [sys.argv[0], f"-seed={seed}", "-max_len=20000", "-timeout=120", f"-dict={words}", "-verbosity=0", str(corpus)],
            each,
        )
        atheris.Fuzz()


if __name__ == "__main__":
    main()

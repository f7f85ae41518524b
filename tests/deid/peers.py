"""Other people's libraries, each in an environment of its own that `make peers` makes.

`BAILEE_PEERS` names a folder of them other than `.venv/peers`. They ask for versions that ours do not go with, so none
is imported here: a script of `bench/peers/` gets a request as JSON and answers in JSON.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

from bailee.deid import Hierarchy

ROOT = Path(__file__).parents[2]
SCRIPTS = ROOT / "bench" / "peers"


def python(name: str) -> Path:
    """The interpreter of one peer's environment."""
    return Path(os.environ.get("BAILEE_PEERS") or ROOT / ".venv" / "peers") / name / "bin" / "python"


def lacking(*names: str) -> str | None:
    """Why these peers cannot be asked, or None."""
    missing = [name for name in names if not python(name).is_file()]
    return f"{' and '.join(missing)} not installed: run `make peers`" if missing else None


class Failed(Exception):
    """A peer ended with an error of its own."""


def ask(name: str, request: dict[str, Any], seconds: float = 600) -> dict[str, Any]:
    """What a peer answers; `Failed` with its last words where it does."""
    job = [str(python(name)), "-W", "ignore", str(SCRIPTS / f"run_{name}.py")]
    done = subprocess.run(job, input=json.dumps(request), capture_output=True, text=True, timeout=seconds, check=False)
    if done.returncode:
        raise Failed(f"{name}: {done.stderr.strip()[-2000:]}")
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def write(hierarchy: Hierarchy, path: Path) -> str:
    """A hierarchy as a file that peers read: a line for each value, from it to the top; its path."""
    levels = list(zip(hierarchy.labels, hierarchy.up, strict=True))
    lines = (";".join(str(labels[up[code]]) for labels, up in levels) for code in range(len(hierarchy.up[0])))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return str(path)

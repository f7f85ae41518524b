"""A release onto a disk too small for it, mounted for one child process: nothing is released, and it says so."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bailee.deals import releasing
from bailee.deals.releasing import Asked
from bailee.errors import BaileeError
from tests.deals.shop import COUNSEL, agreed, deal_text, opened

TO = "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj"
ROOT = Path(__file__).parents[2]


def test_a_full_disk_releases_nothing(home: Path, tmp_path: Path) -> None:
    """R50: on a disk of 4 KiB the release fails in words, nothing is recorded or left, and another place works."""
    with opened(home) as gate:
        digest = agreed(gate, deal_text())
    small = tmp_path / "small"
    small.mkdir()
    mount = [
        "unshare",
        "-m",
        "sh",
        "-c",
        'mount -t tmpfs -o size=4k tmpfs "$1" && shift && exec "$@"',
        "sh",
        str(small),
    ]
    if not shutil.which("unshare") or subprocess.run([*mount, "true"], capture_output=True, check=False).returncode:
        pytest.skip("no disk can be mounted here")
    child = [sys.executable, "-m", "tests.deals.test_full_disk", str(home), digest, str(small)]
    done = subprocess.run([*mount, *child], capture_output=True, text=True, cwd=ROOT, check=False, timeout=300)
    assert "cannot be written" in done.stdout, done.stderr
    assert "no space left on device" in done.stdout
    assert "left: []" in done.stdout
    with opened(home) as gate:
        assert [] == releasing.releases(gate)
        place = tmp_path / "large"
        place.mkdir()
        assert 30 == releasing.release(gate, digest, Asked(TO, place), actor=COUNSEL).customers


if __name__ == "__main__":
    where = Path(sys.argv[3])
    with opened(Path(sys.argv[1])) as found:
        try:
            releasing.release(found, sys.argv[2], Asked(TO, where), actor=COUNSEL)
        except BaileeError as error:
            print(error)
    print("left:", [path.name for path in where.iterdir()])

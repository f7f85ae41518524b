"""`python -m bailee` is the `bailee` command."""

from __future__ import annotations

from bailee.cli import main

if __name__ == "__main__":
    main()

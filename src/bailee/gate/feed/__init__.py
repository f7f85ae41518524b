"""Standing handed out as files, so that processes far from the store decide points of their own within a stated lag.

`exporting` writes what `following` reads; `sealed` and `layout` are the format, which `spec/feed.md` writes down.
"""

from __future__ import annotations

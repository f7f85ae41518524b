"""The JSON Schemas of `policy.yaml` and `datamap.yaml`, for editors. `python -m bailee.policy.schema` writes them.

They know the shape of the files, not their words: `bailee check` also knows the taxonomy and what fits together.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from bailee.policy.datamap_form import DataMapForm
from bailee.policy.policy_form import PolicyForm

FOLDER = Path(__file__).parent / "data"


def schemas() -> dict[str, str]:
    """The text of each schema by its file name."""
    return {
        "policy.schema.json": text(PolicyForm.model_json_schema(), "Bailee policy"),
        "datamap.schema.json": text(DataMapForm.model_json_schema(), "Bailee data map (a Fides dataset manifest)"),
    }


def text(schema: dict[str, Any], title: str) -> str:
    """A schema as a file of it: sorted, without what pydantic adds."""
    whole = {**_plain(schema), "$schema": "https://json-schema.org/draft/2020-12/schema", "title": title}
    return json.dumps(whole, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def _plain(part: Any, closed: bool = False) -> Any:
    """The schema without pydantic's titles and defaults; in a closed mapping nothing is no value."""
    if isinstance(part, list):
        return [_plain(each, closed) for each in part if not (closed and each == {"type": "null"})]
    if not isinstance(part, dict):
        return part
    closed = part.get("additionalProperties") is False if "properties" in part else closed
    kept = {
        key: each for key, each in part.items() if key != "default" and not (key == "title" and isinstance(each, str))
    }
    found = {key: _plain(each, closed) for key, each in kept.items()}
    choices = found.get("anyOf")
    if isinstance(choices, list) and len(choices) == 1:
        return {**choices[0], **{key: each for key, each in found.items() if key != "anyOf"}}
    return found


if __name__ == "__main__":
    for name, whole in schemas().items():
        (FOLDER / name).write_text(whole, encoding="utf-8")

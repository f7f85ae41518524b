"""The shipped schemas are those of the forms."""

from __future__ import annotations

import json

from bailee.policy.schema import FOLDER, schemas


def test_the_shipped_schemas_are_up_to_date() -> None:
    """`python -m bailee.policy.schema` would change nothing."""
    assert schemas() == {name: (FOLDER / name).read_text("utf-8") for name in schemas()}


def test_the_schemas_close_what_is_ours() -> None:
    """Editors mark unknown keys in our mappings and leave those of Fides alone."""
    policy, datamap = (json.loads(text)["$defs"] for text in schemas().values())
    assert policy["PurposeForm"]["additionalProperties"] is False
    assert "why" in policy["PurposeForm"]["required"]
    assert datamap["CollectionBailee"]["additionalProperties"] is False
    assert "additionalProperties" not in datamap["CollectionForm"]

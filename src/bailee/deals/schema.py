"""The JSON Schema of a deal's file, for editors. `python -m bailee.deals.schema` writes it.

It knows the shape of the file, not its words: `bailee deal check` also knows the policy, data map and questions.
"""

from __future__ import annotations

from pathlib import Path

from bailee.deals.deal_form import DealForm
from bailee.policy.schema import text

FILE = Path(__file__).parent / "data" / "deal.schema.json"


def schema() -> str:
    """The text of the schema."""
    return text(DealForm.model_json_schema(), "Bailee deal")


if __name__ == "__main__":
    FILE.parent.mkdir(exist_ok=True)
    FILE.write_text(schema(), encoding="utf-8")

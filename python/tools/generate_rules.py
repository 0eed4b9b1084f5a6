"""Generate the table of rules that reports tell about (``--format sarif``) from ``spec/``.

Each rule with its page, its anchor's text and its words, as plain JSON in the package.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
TARGET = REPOSITORY / "python" / "src" / "mlmodel" / "reports" / "_rules.json"


def generate() -> str:
    """Return the table: rule -> page and text, in the order of the ids."""
    sys.path.insert(0, str(REPOSITORY))
    try:
        from conformance.lint import Tree
    finally:
        sys.path.remove(str(REPOSITORY))
    rules = {
        rule.id: {
            "page": rule.page.removesuffix(".md"),
            "text": re.sub(r"(\s*\*\([a-z, ]+\)\*)+$", "", rule.text).strip(),
        }
        for rule in Tree(REPOSITORY).rules
    }
    return json.dumps(dict(sorted(rules.items())), indent=1, ensure_ascii=True) + "\n"

"""Whether a question may continue the one before: "and in Paris?", "only those of 2024", "how many are there?"."""

from __future__ import annotations

import re
import unicodedata

_START = r"""
    \W*(?: and | or | but | only | also | just | same | now | then | instead | except | excluding | without
      | what\s+about | how\s+about | of\s+(?:those|these|them) | by | per | in | for | with | sort(?:ed)? | order(?:ed)?
      | group(?:ed)? | und | nur | auch | jetzt | davon | nach | pro )\b(?!\s+each\b)
"""
_WITHIN = r"""
    \b(?: which | who | how\s+many | what | list | show | give | sort | order )\b (?:\s+me)? (?:\s+\w+){0,2}?
      \s+(?: of\s+)?(?: them | those | these | they | ones )\b
  | \b(?: them | those | these | ones )\W*\Z
  | \bhow\s+(?:many|much)\s+(?:are|is|was|were)\s+(?:there|it|that)\W*\Z
  | \b(?: instead | as\s+well )\W*\Z
"""
_MAY = re.compile(f"(?:{_START}) | (?:.*?(?:{_WITHIN}))", re.VERBOSE | re.IGNORECASE | re.DOTALL)
_FEW, _MANY = 2, 10
"""Words that are hardly a question on their own ("total amount?"), and words of a question that leans on nothing.

With these, 23 of the 7,000 training questions look like a follow-up, although all of them stand on their own.
"""


def may_continue(text: str) -> bool:
    """Whether there is a sign of it; what has none is asked on its own, so that nothing before it can mislead."""
    words = len(text.split())
    spaced = not any(unicodedata.east_asian_width(character) in "WF" for character in text)
    return (spaced and words <= _FEW) or (words <= _MANY and _MAY.match(text) is not None)

"""Whether a response says that it does not know; by its words, with no judge."""

from __future__ import annotations

import re

_ABSTAINS = re.compile(
    r"""
    \b(?: not\ (?:been\ )?
        (?:mentioned|stated|specified|said|known|given|provided|discussed|available|clear|recorded|found)
      | (?:no|without|insufficient|not\ enough)\ (?:\w+\ )?(?:information|mention|evidence|record|details?|data|answer)
      | (?:is|are|was|were|does|do|did|has|have)(?:n['’]t|\ not)\ (?:\w+\ ){0,2}
        (?:mention|say|state|specif|know|contain|provide|include|indicate|reveal|discuss)\w*
      | (?:can|could)(?:['’]t|\ ?not|n['’]t)\ (?:be\ )?(?:\w+\ )?(?:answer|determin|tell|know|find|infer|say)\w*
      | unknown | unanswerable | unclear | undetermined | unspecified | n/a | i\ don['’]t\ know
      | never\ (?:mentioned|stated|said|discussed) )
    """,
    re.IGNORECASE | re.VERBOSE,
)
_NOTHING = re.compile(r"\W*(?:none|no answer|nothing|unsure|not sure)?\W*", re.IGNORECASE)


def abstains(response: str) -> bool:
    """Says that the question cannot be answered; an empty response does, too."""
    return bool(_NOTHING.fullmatch(response) or _ABSTAINS.search(response))

"""When two claims speak of the same thing."""

from __future__ import annotations

import re
from functools import cache, lru_cache

from graphmem.steps.resolution.words import NARROW, alike, content, lists, overlap, relational, stem, typed
from graphmem.values import Claim

_TAIL = re.compile(r"(?i)\s(?:of|named|called|for|in|on|at|with|to)\s")
_CHOSEN = frozenset(
    {"wife", "husband", "partner", "girlfriend", "boyfriend", "fiance", "fiancee", "lodger", "tenant", "roommate",
     "flatmate", "boss", "colleague", "mentor", "therapist", "neighbour", "neighbor"}
)  # fmt: skip
_FELT = frozenset(
    stem(w) for w in ("fear", "phobia", "allergy", "love", "passion", "hatred", "dislike", "obsession", "craving")
)
"""Getting over the fear of dogs ends being afraid of them, not having one."""
_WHOLE_HABITS = frozenset(stem(w) for w in ("smoking", "vaping", "gambling"))
"""What somebody gives up whole, whatever they do it with."""
_CONNECTIVES = frozenset(["in", "on", "at", "to", "for", "with", "from", "of", "by", "as"])
_ATTITUDE_ENDERS = frozenset(
    [
        "go",
        "be",
        "lose",
        "fall",
        "get",
        "grow",
        "outgrow",
        "overcome",
        "conquer",
        "swear",
        "turn",
        "wean",
        "kick",
        "shake",
        "change",
    ]
)
_POSSESSION = frozenset(["own", "have", "be", "hold", "possess", "keep"])
_USE = _POSSESSION | {"drive", "ride", "use", "wear", "live", "rent", "run", "collect", "sail", "share", "lease", "fly"}
"""Predicates that selling or giving away the object ends; loving and painting it go on."""
_HELD = frozenset(
    {"lead", "head", "run", "chair", "captain", "manage", "coach", "host", "edit", "organise", "organize", "direct",
     "teach", "oversee", "handle", "moderate", "steer", "own", "look"}
)  # fmt: skip
"""What somebody else can take over."""
_SUFFERED = frozenset(
    {"suffer", "have", "battle", "fight", "struggle", "be", "get", "catch", "cope", "deal", "contend", "wrestle",
     "come", "nurse"}
)  # fmt: skip
_COURSE = frozenset(
    [
        "be",
        "take",
        "study",
        "learn",
        "read",
        "write",
        "work",
        "do",
        "build",
        "train",
        "follow",
        "prepare",
        "have",
        "go",
        "attend",
        "see",
    ]
)


_PREPARATION = frozenset(
    {"prepare for", "study for", "revise for", "cram for", "train for", "practise for", "practice for"}
)
_WEEKLY = re.compile(r"\+on \w+days$")


_MOVED = frozenset({"moved", "move", "delay", "postpone", "push", "reschedule", "shift", "bump", "defer", "advance"})
"""What says that something has another date now: the marker, and verbs."""


def changed(claim: Claim) -> bool:
    """Says "now", "for good", "instead" …: that something became otherwise."""
    return any(m[0] not in "+~" and ":" not in m and m not in _NOT_CHANGE for m in claim.markers)


_NOT_CHANGE = frozenset({"lasting", "new", "weak", "progressive", "ends subject", "used to", "undated"})


def is_moved(claim: Claim) -> bool:
    """Says that something is put on another date."""
    return bool(_MOVED & {*claim.markers, verb(claim)})


def adds(claim: Claim) -> bool:
    """Says "also", "another", "still" …: that something is added, not replaced."""
    return any(m.startswith("+") for m in claim.markers)


def weekly(claim: Claim) -> bool:
    """Adds nothing but a day of the week, and says that something became otherwise: "on Fridays now"."""
    return changed(claim) and all(_WEEKLY.match(m) for m in claim.markers if m.startswith("+"))


def brief(claim: Claim) -> bool:
    """Says that it is for a while only."""
    return any(m.startswith("~") for m in claim.markers)


def marked(claim: Claim, prefix: str) -> str:
    """The rest of the marker that starts with `prefix`, or nothing."""
    return next((m.removeprefix(prefix) for m in claim.markers if m.startswith(prefix)), "")


def verb(claim: Claim) -> str:
    """The first lemma of the predicate."""
    return claim.predicate.split(" ", 1)[0] if claim.predicate else ""


@lru_cache(maxsize=16384)
def head(text: str) -> str:
    """Stem of the last word before a prepositional tail: `fear of dogs` -> fear."""
    words = content(_TAIL.split(text, maxsplit=1)[0])
    return words[-1] if words else ""


@lru_cache(maxsize=65536)
def same_object(one: str, other: str) -> bool:
    """Two noun phrases with the same head and without modifiers that part them."""
    first, second = content(one), content(other)
    if not first or not second:
        return not first and not second
    if not alike(head(one), head(other)):
        return False
    more, less = (first, second) if len(first) >= len(second) else (second, first)
    rest_more = [w for w in more if not alike(w, head(one))]
    rest_less = tuple(w for w in less if not alike(w, head(one)))
    return len(overlap(rest_less, tuple(rest_more))) == len(rest_less)


def same_predicate(one: str, other: str) -> bool:
    """The same verb with the same preposition."""
    first, second = one.split(), other.split()
    if len(first) != len(second) or not first:
        return False
    return all(alike(stem(a), stem(b)) for a, b in zip(first, second, strict=True))


def ends(new: Claim, old: Claim) -> bool:
    """Whether what an ending names is what the old claim says."""
    if old.modality != "asserted" or not old.affirmed or old.predicate == "switch to":
        return False
    if not _allowed(new, old):
        return False
    if new.predicate and "ends subject" not in new.markers:
        return _ends_activity(new, old)
    return bool(new.object) and _ends_object(new.object, old)


def _allowed(  # noqa: PLR0911 - one return a rule
    new: Claim, old: Claim
) -> bool:
    by, needs = marked(new, "by:"), marked(new, "ends:")
    if old.predicate in {"have", "be"} and _is_kin(old.object) and "ends subject" not in new.markers:
        return False
    if (old.slot or "").startswith("attitude") and by and by not in _ATTITUDE_ENDERS:
        return False
    if needs == "own":
        others = "'s " in new.object and "'s " not in old.object
        return verb(old) in _USE and not others
    if needs == "held":
        return verb(old) in _HELD or verb(old) in _POSSESSION
    if needs == "ailment":
        return verb(old) in _SUFFERED
    if needs == "hair":
        return verb(old) in {"have", "wear", "sport"}
    if needs == "habit":
        return head(new.object) in relational() or bool(new.predicate)
    if needs == "opinion":
        return (old.slot or "").startswith("attitude")
    if needs == "being":
        return verb(old) == "be"
    if needs == "intake":
        return verb(old) in {"take", "be", "use", "drink", "eat"}
    if needs == "preparation":
        return old.predicate in _PREPARATION
    if needs == "course":
        return "progressive" in old.markers or old.predicate.startswith("be on") or verb(old) in _COURSE - _POSSESSION
    return True


def _is_kin(text: str) -> bool:
    """Kin stay kin, whatever happens between people; partners and lodgers do not."""
    words = _TAIL.split(text, maxsplit=1)[0].casefold().split()
    return bool(words) and words[-1] in typed("kin") - _CHOSEN


def _ends_activity(new: Claim, old: Claim) -> bool:
    if alike(stem(verb(new)), stem(verb(old))):
        return not old.object if not new.object else same_object(new.object, old.object)
    light = "used to" not in new.markers and verb(new) in {
        "help",
        "go",
        "do",
        "use",
        "attend",
        "be",
        "see",
        "take",
        "have",
        "practise",
        "practice",
    }
    if light and new.object and old.object:
        return same_object(new.object, old.object)
    if not new.object:
        return alike(stem(verb(new)), head(old.object)) and not brief(new)
    return False


def _ends_object(ended: str, old: Claim) -> bool:  # noqa: PLR0911 - one return a rule
    named, known = content(ended), content(old.object)
    ended_head, known_head = head(ended), head(old.object)
    doing = tuple(stem(w) for w in old.predicate.split() if w not in _CONNECTIVES and w not in {"be", "have"})
    if not ended_head:
        return False
    if not known or ended_head in _WHOLE_HABITS:
        return any(alike(ended_head, w) for w in doing) or (ended_head in relational() and bool(overlap(named, doing)))
    if same_object(ended, old.object):
        return True
    if ended_head in relational() and known_head in relational():
        both = tuple(w for w in named if w != ended_head), tuple(w for w in known if w != known_head)
        if all(both) and _subset(*both):
            return True
    if ended_head in relational():
        others = tuple(w for w in named if w != ended_head)
        felt = any(alike(ended_head, w) for w in doing)
        if ended_head in _FELT:
            return felt and (not others or bool(overlap(others, known)))
        return (
            (felt and not others)
            or any(alike(w, known_head) for w in others)
            or (felt and bool(overlap(others, known)))
        )
    if known_head in relational():
        others = tuple(w for w in known if w != known_head)
        return any(alike(ended_head, w) for w in others) and _subset(named, others)
    return _by_name(ended, old.object) or _by_kind(ended, old) or _activity_noun(ended, named, doing, known)


def _subset(some: tuple[str, ...], others: tuple[str, ...]) -> bool:
    return len(overlap(some, others)) == len(some)


def _activity_noun(ended: str, named: tuple[str, ...], doing: tuple[str, ...], known: tuple[str, ...]) -> bool:
    """`biting her nails`, ended as a noun phrase."""
    return any(alike(head(ended), w) for w in doing) and len(named) > 1 and bool(overlap(named, known))


def _by_name(ended: str, known: str) -> bool:
    """A proper name that the old object contains: Rex in `dog named Rex`."""
    words = _TAIL.split(ended, maxsplit=1)[0].split()
    return bool(words) and words[-1][:1].isupper() and words[-1] in known.split()


def _by_kind(ended: str, old: Claim) -> bool:
    kinds = lists()["hypernyms"]
    words = content(ended)
    return len(words) == 1 and any(stem(k) == words[0] and v == old.object_type for k, v in kinds.items())


_OFF = frozenset(
    {"cancel", "call", "scrap", "drop", "shelve", "abandon", "ditch", "axe", "scratch", "bin", "nix", "give", "pull",
     "back", "opt", "bail", "flake", "cry", "decide", "choose", "vote", "resolve", "agree", "think", "get", "put",
     "forget", "postpone", "duck", "wriggle", "beg", "plump"}
)  # fmt: skip
"""Verbs that end a plan."""


def calls_off(new: Claim, old: Claim) -> bool:
    """Whether an ending names what the old claim plans: the Lisbon trip, of who is flying to Lisbon."""
    if new.modality == "planned" == old.modality:
        return old.affirmed and not new.affirmed and _same_doing(new, old)
    off = marked(new, "by:") in _OFF or "ends subject" in new.markers
    if new.modality != "ended" or old.modality != "planned" or not old.affirmed or not off:
        return False
    if new.predicate:
        return _same_doing(new, old)
    return is_outing(new.object, old) or (bool(content(old.object)) and same_object(new.object, old.object))


def is_outing(named: str, old: Claim) -> bool:
    """Whether "the Lisbon trip" is where an old claim's plan leads."""
    words, known = content(named), content(f"{old.predicate} {old.object}")
    where = tuple(w for w in words if w not in _outings())
    leads = head(old.object) in where or alike(head(old.object), head(named))
    return bool(where) and len(where) < len(words) and old.affirmed and leads and _subset(where, known)


@cache
def _outings() -> frozenset[str]:
    return frozenset(stem(w) for w in typed("outing"))


def _same_doing(new: Claim, old: Claim) -> bool:
    return same_predicate(new.predicate, old.predicate) and bool(new.object) and same_object(new.object, old.object)


def contradicts(new: Claim, old: Claim) -> bool:
    """The same predicate and object, once affirmed and once denied."""
    if new.affirmed == old.affirmed or "asserted" not in {new.modality} or old.modality != "asserted":
        return False
    if not same_predicate(new.predicate, old.predicate) or (new.predicate == "be" and not new.object):
        return False
    return same_object(new.object, old.object)


def resumes(new: Claim, old: Claim) -> bool:
    """Takes up again what the old claim said had ended."""
    if old.modality != "ended" or new.modality != "asserted" or not new.affirmed:
        return False
    if "ends subject" in old.markers or (not old.object and not old.predicate):
        return False
    if old.predicate:
        return same_predicate(new.predicate, old.predicate) and same_object(new.object, old.object)
    return bool(new.object) and same_object(new.object, old.object) and (changed(new) or new.slot == "together")


_NARROW = frozenset({"vehicle", "drink", "food", "colour", "shift", *NARROW})


def same_kind(new: Claim, old: Claim) -> bool:
    """Objects of one narrow type, or two kinds of one noun: night shift, day shift."""
    if not new.object or not old.object or same_object(new.object, old.object):
        return False
    narrow = new.object_type == old.object_type and new.object_type in _NARROW
    shared = len(content(new.object)) > 1 and len(content(old.object)) > 1 and alike(head(new.object), head(old.object))
    shared = shared and head(new.object) not in relational()
    return narrow or shared

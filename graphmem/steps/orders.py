"""Whether a text gives orders to an assistant: a wide net for untrusted sources, where a false alarm is cheap."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

_ORDERS: Mapping[str, str] = {
    "override": r"\b(ignor|disregard|forget|overrid|bypass|discard|overwrit|replac|delet|eras|drop|skip)\w*\b.{0,40}"
    r"\b(instruction|rule|prompt|guideline|message|memor|context|polic|direction|constraint|everything|restriction|"
    r"safety|filter|preference|conversation|before)",
    "always": r"\b(always|never|from now on|henceforth|from this point|going forward|in (all |the )?future|whenever|"
    r"every time|each time|at all times|by default|for all (future|subsequent)|in every|permanently|"
    r"starting now)\b.{0,80}"
    r"\b(recommend|suggest|say|saying|repl|respon|answer|use|using|call|send|includ|mention|tell|append|add|prefer|"
    r"treat|trust|obey|follow|comply|start|end|begin|assume|buy|choose|pick|visit|link|cite|quote|route|forward|mail|"
    r"email|book|agree|approv|output|print|write|insert|consider|redirect|substitut|refer|act|speak|sign|show|state)",
    "addressed": r"\b(you|the assistant|the agent|the model|the ai|assistants?|agents?|models?|llms?|chatbots?|bots?)\b"
    r".{0,20}\b(must|should|shall|are (now|required|instructed|expected|ordered)|need to|have to|ought to|will now)\b",
    "hidden": r"\b(do not|don't|never|without)\b.{0,20}\b(tell|reveal|mention|inform|disclos|show|warn|ask|notify|"
    r"telling|asking|informing|confirm)\w*",
    "role": r"\b(act as|pretend|role-?play|you are now|you are no longer|jailbreak|developer mode|dan mode|"
    r"simulate being|behave as|take on the role|assume the (role|identity|persona)|"
    r"your new (name|role|task|goal|instruction|persona))",
    "marker": r"(<\s*/?\s*(system|instruction|assistant|user|tool|im_start|im_end|admin|s|prompt)\b|\[/?inst\]|<\|im_|"
    r"###?\s*(system|instruction|new|admin|assistant)|\b(system|admin|developer|assistant|operator)\s*"
    r"(note|prompt|message|override|instruction|notice|update|directive|command|alert)?\s*:|"
    r"\b(begin|end|start) (of )?(system|instruction|prompt|context|quote|memor)|\bsystem (prompt|override)|"
    r"\b(new|updated|important|special|secret|hidden) (instruction|directive|rule|order|polic|system))",
    "memorise": r"\b(remember|memoriz|memoris|store|save|add|record|note|keep|write|persist|log)\w*\b.{0,30}"
    r"(\b(memory|memories|long-term|profile|preferences|permanent)|:|\bthat (the user|you|i|we|all|any)\b|"
    r"\b(forever|for later|for future))",
    "exfiltrate": r"(\b(send|forward|post|upload|exfiltrat|e-?mail|transmit|leak|copy|export|submit|report)\w*\b.{0,80}"
    r"(https?:|www\.|@|\b(url|server|endpoint|webhook|address|attacker|third part|external|externally|outside)|"
    r"\b(password|secret|token|credential|key|history|conversation|data|contact|message)s?\b.{0,40}\bto\b)|"
    r"!\[[^\]]*\]\(\s*https?:)",
    "speaks for the user": r"\b(the )?user('s)?\b.{0,30}\b(want|prefer|authori[sz]|approv|agree|consent|ask|"
    r"request|like|instruct|allow|permit|has given|decided|trusts?|wish|said|told|grant|require|expect|confirm|"
    r"demand|password)\w*",
    "secrets": r"\b(reveal|print|show|repeat|output|leak|disclose|display|dump|give)\b.{0,40}"
    r"\b(prompt|api[- ]?key|password|secret|credential|token|instructions|memor)",
    "powers": r"\b(grant|give|disable|turn off|deactivate|enable|unlock|elevate|suspend|stop (checking|using|asking))\b"
    r".{0,40}\b(access|admin|privilege|permission|safety|filter|verification|security|check|warning|confirm|guard|"
    r"moderation|logging|approval|review|root)",
    "run": r"(\b(execute|run|eval|invoke|call)\b.{0,30}\b(command|code|script|function|tool|shell|sql|query|following)|"
    r"\brm -rf\b|\bcurl\b.{0,80}\|\s*(ba)?sh|<script\b|javascript:|\bdrop table\b|\bon(error|load)\s*=)",
    "urgent": r"^(important|attention|urgent|note to|dear (ai|assistant|agent|model)|hey (ai|assistant)|as an ai)\b",
    "reply": r"\b(reply|respond|answer|output|end every|begin every|start every|finish)\b.{0,30}\b(only|with|in|"
    r"by|every|all)\b",
}
_ORDER = re.compile("|".join(f"(?:{pattern})" for pattern in _ORDERS.values()), re.IGNORECASE)
_ELSEWHERE: Mapping[str, str] = {
    "override": r"\b(ignorier|vergiss|missacht|ignor|oubli|olvid|esque[cç]|dimentic|negeer|игнорир|забуд)\w*.{0,40}"
    r"(anweisung|regeln|vorgaben|nachrichten|consigne|règle|instrucci|reglas|istruzion|regole|instruç|regras|"
    r"instructie|инструкц|правил|указан)|(忽略|无视|無視|忘记|忘れ).{0,20}(指令|指示|规则|規則|说明|命令|ルール)|"
    r"(指示|命令|ルール|규칙|지시).{0,12}(無視|忘れ|무시)",
    "always": r"(\b(immer|niemals|toujours|jamais|siempre|nunca|sempre|altijd|всегда|никогда)\b|总是|始终|永远|務必|"
    r"常に|必ず|항상).{0,60}(empfehl|empfiehl|antwort|erwähn|recommand|répond|mentionn|recomiend|recomend|respond|menciona|"
    r"consigli|raccomand|rispond|aanbeve|рекоменд|отвеча|упомин|推荐|推薦|回答|回复|勧め|答え|추천|대답)",
    "role": r"\b(du bist (jetzt|ab sofort)|tu es (maintenant|désormais)|ahora eres|agora você é|adesso sei)\b|"
    r"ты теперь|你现在是|あなたは今から",
}
_ORDER_ELSEWHERE = re.compile("|".join(f"(?:{pattern})" for pattern in _ELSEWHERE.values()), re.IGNORECASE)
"""The plainest of these in other languages."""


def reads_like_an_order(text: str) -> bool:
    """Whether a text addresses an assistant rather than tells a fact. Meant for untrusted sources: it errs to yes."""
    if any(0xE0000 <= ord(sign) <= 0xE007F for sign in text):
        # Tags are letters that nobody sees; honest text has none.
        return True
    folded = unicodedata.normalize("NFKC", text).casefold()
    return _ORDER.search(_plain(text)) is not None or _ORDER_ELSEWHERE.search(folded) is not None


def _plain(text: str) -> str:
    """What a reader sees: one form of each letter, nothing invisible, single spaces, no letters set apart."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    seen = "".join(sign for sign in folded if unicodedata.category(sign) not in {"Cf", "Mn"}).translate(_ALIKE)
    joined = re.sub(r"\b(?:\w[ .\-_]){3,}\w\b", lambda found: re.sub(r"[ .\-_]", "", found[0]), seen)
    return " ".join(joined.replace("’", "'").split())


_ALIKE = str.maketrans("аеорсухіѕԁјһԛԝ", "aeopcyxisdjhqw")
"""Cyrillic letters that look like Latin ones."""

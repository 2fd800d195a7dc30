"""Taking secrets out of texts before anything is kept: what was never written need not be erased.

A secret is known by its issuer's form, by the word in front of it, or by its check digit. Personal data (`all`) are
mail addresses, telephone, account, identity and network numbers. The words around stay, so that "my key is [redacted:
openai key]" can still be remembered.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, NamedTuple

from graphmem.values import Fact, Message

Mode = Literal["none", "secrets", "all"]


class Form(NamedTuple):
    """How one kind of secret looks; the group `secret`, or the whole match, is taken out when `check` agrees."""

    kind: str
    pattern: str
    check: Callable[[str], bool] = bool


def _luhn(text: str) -> bool:
    """The check digit of payment cards (ISO/IEC 7812)."""
    digits = [int(sign) for sign in text if sign.isdigit()]
    if not 13 <= len(digits) <= 19 or len(set(digits)) == 1:
        return False
    doubled = [d if i % 2 == 0 else (2 * d - 9 if d > 4 else 2 * d) for i, d in enumerate(reversed(digits))]
    return sum(doubled) % 10 == 0


def _iban(text: str) -> bool:
    """The check digits of an account number (ISO 13616)."""
    plain = re.sub(r"\s", "", text).upper()
    moved = plain[4:] + plain[:4]
    return int("".join(str(int(sign, 36)) for sign in moved)) % 97 == 1


def _mixed(text: str) -> bool:
    """Not a plain word: a value behind "password:" that somebody would choose or a machine would make."""
    value = text.strip("\"'`.,;")
    if len(value) < 4 or value.startswith("[redacted"):
        return False
    kinds = sum(map(bool, (re.search(p, value) for p in ("[a-z]", "[A-Z]", "[0-9]", r"[^\w\s]"))))
    return kinds >= 2 or len(value) >= 16


_TOLD_WORDS = """
wrong expired required correct incorrect not invalid too the a an to in my your his her our their stored saved secret
safe weak strong same needed still also always never already missing empty changed reset long short written on at of
for now very so just only that this what when where which who why how being been going different unknown known set kept
protected hidden encrypted hashed optional mandatory important easy hard case sensitive and or but if there somewhere
managed generated forgotten lost gone here ok okay fine good bad old new none
"""
_TOLD = frozenset(_TOLD_WORDS.split())


def _chosen(text: str) -> bool:
    """What stands behind "password is", unless the sentence only goes on."""
    value = text.strip("\"'`.,;!?)").casefold()
    return len(value) >= 3 and value not in _TOLD


def _made_up(text: str) -> bool:
    """Letters and digits: no word that goes on after "the password"."""
    value = text.strip("\"'`.,;!?)")
    return len(value) >= 6 and bool(re.search("[0-9]", value) and re.search("[A-Za-z]", value))


_ANNOUNCED = (
    r"pass(?:word|wort|phrase|code)|passwd|pwd|contraseña|mot de passe|kennwort|senha|wachtwoord|lösenord|hasło|"
    r"пароль|密码|密碼|パスワード|비밀번호"
)
_WHICH = r"(?:\s+(?:for|of|to|on|at|für|zu|de|du|da)\s+[\w'’ ]{1,40}?)?"
_IS = r"(?:(?:is|was|ist|war|lautet|es|est|è|é)(?=\s)|=>|=|:|：|->)"
B64, HEX = r"[A-Za-z0-9_\-]", r"[0-9a-fA-F]"

SECRETS: tuple[Form, ...] = (
    Form("private key", r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----[\s\S]*?(?:-----END [A-Z0-9 ]*-----|\Z)"),
    Form("age key", r"\bAGE-SECRET-KEY-1[0-9A-Z]{50,}\b"),
    Form("json web token", rf"\beyJ{B64}{{8,}}\.eyJ{B64}{{8,}}\.{B64}*"),
    Form("aws key", r"\b(?:AKIA|ASIA|ABIA|ACCA|AGPA|AIDA|AROA|ANPA|ANVA)[A-Z2-7]{16}\b"),
    Form("google key", rf"\bAIza{B64}{{35}}"),
    Form("google token", rf"\b(?:ya29\.{B64}{{20,}}|GOCSPX-{B64}{{20,}}|1//0{B64}{{30,}})"),
    Form("github token", r"\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{40,})"),
    Form("gitlab token", rf"\bgl(?:pat|dt|rt|cbt|ptt|ft|soat|imt|agent|oas)-{B64}{{20,}}"),
    Form("slack token", r"\bxox[abeoprs](?:\.xox[bp])?-[A-Za-z0-9\-]{10,}|\bxapp-\d-[A-Za-z0-9\-]{20,}"),
    Form("webhook", r"https://hooks\.slack\.com/(?:services|workflows)/[A-Za-z0-9/_\-]{20,}"),
    Form("webhook", r"https://(?:\w+\.)?discord(?:app)?\.com/api/webhooks/\d+/[\w\-]{20,}"),
    Form("stripe key", r"\b(?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{16,}|\bwhsec_[A-Za-z0-9+/=]{20,}"),
    Form("anthropic key", rf"\bsk-ant-{B64}{{20,}}"),
    Form("openrouter key", r"\bsk-or-(?:v1-)?[A-Za-z0-9]{32,}"),
    Form("openai key", rf"\bsk-(?:proj-|svcacct-|admin-|None-)?{B64}{{20,}}"),
    Form("hugging face token", r"\b(?:hf|api_org)_[A-Za-z0-9]{30,}"),
    Form(
        "model service key",
        r"\b(?:gsk_[A-Za-z0-9]{40,}|xai-[A-Za-z0-9]{40,}|pplx-[A-Za-z0-9]{40,}|r8_[A-Za-z0-9]{30,})",
    ),
    Form("model service key", rf"\b(?:nvapi-{B64}{{40,}}|tvly-[A-Za-z0-9\-]{{20,}}|lsv2_(?:pt|sk)_[a-f0-9_]{{30,}})"),
    Form("npm token", r"\bnpm_[A-Za-z0-9]{36}"),
    Form("package registry token", rf"\bpypi-{B64}{{50,}}|\brubygems_[a-f0-9]{{48}}|\bcio[A-Za-z0-9]{{32}}\b"),
    Form("docker token", rf"\bdckr_(?:pat|oat)_{B64}{{20,}}"),
    Form("sendgrid key", rf"\bSG\.{B64}{{16,}}\.{B64}{{16,}}"),
    Form("twilio key", r"\b(?:SK|AC)[0-9a-f]{32}\b"),
    Form("mailgun key", r"\bkey-[0-9a-f]{32}\b"),
    Form("mailchimp key", r"\b[0-9a-f]{32}-us\d{1,2}\b"),
    Form("telegram token", r"\b\d{8,10}:AA[\w\-]{33}\b"),
    Form("discord token", r"\b[MNO][A-Za-z\d]{23,25}\.[\w\-]{6}\.[\w\-]{27,}"),
    Form("shopify token", r"\bshp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}"),
    Form("square token", rf"\b(?:sq0(?:atp|csp|idp)-{B64}{{22,}}|EAAA{B64}{{60}})"),
    Form("paypal token", r"\baccess_token\$(?:production|sandbox)\$[0-9a-z]{16}\$[0-9a-f]{32}"),
    Form("facebook token", r"\bEAA[A-Za-z0-9]{40,}"),
    Form("digitalocean token", r"\bdo[opr]_v1_[a-f0-9]{64}"),
    Form("vault token", rf"\bhv[sbr]\.{B64}{{24,}}|\b{B64}{{14}}\.atlasv1\.{B64}{{60,}}"),
    Form("databricks token", r"\bdapi[a-f0-9]{32}(?:-\d)?\b"),
    Form("linear key", r"\blin_(?:api|oauth)_[A-Za-z0-9]{32,}"),
    Form("notion token", r"\b(?:ntn|secret)_[A-Za-z0-9]{40,}"),
    Form("figma token", rf"\bfig[dou]_{B64}{{36,}}"),
    Form("postman key", r"\bPMAK-[a-f0-9]{24}-[a-f0-9]{34}"),
    Form(
        "monitoring key",
        rf"\bNRAK-[A-Z0-9]{{27}}|\bNRJS-[a-f0-9]{{19}}|\bgl(?:c|sa)_{B64}{{30,}}=*|\bsntrys_{B64}{{40,}}",
    ),
    Form("deployment token", rf"\b(?:dp\.(?:pt|st|ct|sa)\.{B64}{{40,}}|pscale_(?:tkn|oauth|pw)_{B64}{{30,}})"),
    Form(
        "deployment token",
        rf"\b(?:sbp_[a-f0-9]{{40}}|nf[pu]_{B64}{{36,}}|vercel_[A-Za-z0-9]{{24,}}|rnd_[A-Za-z0-9]{{28,}})",
    ),
    Form("deployment token", rf"\bfo1_{B64}{{43}}|\bFlyV1 fm\d_[A-Za-z0-9+/=,]{{50,}}|\bHRKU-[0-9a-fA-F\-]{{36,}}"),
    Form("atlassian token", rf"\bATATT3{B64}{{100,}}=?{B64}*|\bATCTT3{B64}{{50,}}|\bATBB[A-Za-z0-9]{{32}}\b"),
    Form("airtable token", r"\bpat[A-Za-z0-9]{14}\.[a-f0-9]{64}"),
    Form("cloud key", r"(?:AccountKey|SharedAccessKey)=(?P<secret>[A-Za-z0-9+/]{40,}={0,2})"),
    Form("cloud key", r"[?&](?:sig|X-Amz-Signature|X-Goog-Signature)=(?P<secret>[A-Za-z0-9%+/=]{20,})"),
    Form("cloud key", r"\bLTAI[A-Za-z0-9]{12,20}\b|\bAKID[A-Za-z0-9]{32}\b|\bCF_[A-Za-z0-9]{37,40}\b"),
    Form("crypto key", r"\b[xyz]prv[1-9A-HJ-NP-Za-km-z]{100,}|\b[5KL][1-9A-HJ-NP-Za-km-z]{50,51}\b"),
    Form("password in an address", r"\b[a-zA-Z][a-zA-Z0-9+.\-]{0,30}://[^\s:/@]{0,200}:(?P<secret>[^\s:/@]{3,})@"),
    Form(
        "authorization",
        r"\b(?:(?:proxy-)?authorization\s*[:=]\s*)+(?:bearer|basic|token|digest)?\s*(?P<secret>[^\s,;\"']{8,})",
    ),
    Form("authorization", r"\bbearer\s+(?P<secret>[A-Za-z0-9._~+/\-]{20,}=*)"),
    Form(
        "password",
        rf"(?<![A-Za-z])(?:{_ANNOUNCED}|pw)[\"'\]]?{_WHICH}\s*{_IS}\s*"
        r"(?P<secret>\"[^\"\n]{3,}\"|'[^'\n]{3,}'|[^\s,;]{3,})",
        _chosen,
    ),
    Form("password", r"\w(?:password|passwd|pwd)[\"']?\s?[=:]\s?(?P<secret>\"[^\"\n]{3,}\"|[^\s,;]{3,})", _chosen),
    Form("password", rf"<(?:\w*(?:{_ANNOUNCED}))>(?P<secret>[^<\n]{{3,200}})</"),
    Form("password", r"\blogin\s+\S+\s+password\s+(?P<secret>\S{3,})"),
    Form("password", r"\bcurl\s[^\n]{0,200}?(?<=\s)(?:-u|--user)[ =]?[^\s:]+:(?P<secret>\S{3,})"),
    Form("password", r"\bsshpass\s+-p ?(?P<secret>\S{3,})"),
    Form("password", r"(?<![A-Za-z])pass\s*[=:]\s*(?P<secret>[^\s,;]{4,})", _mixed),
    Form("password", rf"(?<![A-Za-z])(?:{_ANNOUNCED})\s+(?P<secret>[^\s,;]{{6,}})", _made_up),
    Form("secret value", r"(?<!\S)--?(?:token|secret|api-?key)[ =](?P<secret>[^\s,;]{8,})", _mixed),
    Form("pin", r"\b(?:pin(?: code| number)?|otp|cvv|cvc|one[- ]time code)\s*(?:is|was|=|:)?\s*(?P<secret>\d{3,8})\b"),
    Form(
        "secret value",
        # The name may be longer (MY_APP_API_KEY); what stands before the tell-tale word need not be read for that.
        r"(?:secret|token|api[_\-. ]?key|access[_\-. ]?key|private[_\-. ]?key|auth[_\-. ]?key|encryption[_\-. ]?key|"
        r"signing[_\-. ]?key|credentials?|session[_\-. ]?id|cookie)[\w.\-]{0,40}[\"'\]]?\s{0,3}"
        r"(?:is|was|=>|=|:|：|->)\s{0,3}"
        r"(?P<secret>\"[^\"\n]{6,200}\"|'[^'\n]{6,200}'|[^\s,;]{8,})",
        _mixed,
    ),
    Form(
        "card number",
        r"(?<![\w.])(?:[2-6]\d{3}(?:[ \-]?\d{4}){3}(?:[ \-]?\d{1,3})?|3\d{3}[ \-]?\d{6}[ \-]?\d{4,5}|[2-6]\d{12,18})"
        r"(?![\w.]?\d)",
        _luhn,
    ),
    Form(
        "seed phrase",
        r"\b(?:seed|recovery|mnemonic) (?:phrase|words)\b[^\n]{0,20}?[:=]\s*"
        r"(?P<secret>(?:[a-z]{3,8}[ ,]{1,2}){11,23}[a-z]{3,8})",
    ),
)

PERSONAL: tuple[Form, ...] = (
    Form("mail address", r"(?<![\w.+\-])[\w.+\-]+@[\w\-]+(?:\.[\w\-]+)+"),
    Form("account number", r"\b[A-Z]{2}\d{2}(?:[ ]?[A-Z0-9]{4}){2,7}(?:[ ]?[A-Z0-9]{1,4})?\b", _iban),
    Form("identity number", r"\b(?!000|666|9\d\d)\d{3}-(?!00)\d{2}-(?!0000)\d{4}\b"),
    Form(
        "telephone number",
        r"(?<![\w.])(?:\+|(?<![,\-])00)[1-9]\d{0,2}[\s.\-]?(?:\(?\d{1,5}\)?[\s.\-]?){2,5}\d{2,5}(?!\w)",
    ),
    Form("telephone number", r"(?<![\w.,\-])\(?\d{3}\)?[\s.\-]\d{3}[\s.\-]\d{4}(?!\w)"),
    Form("network address", r"(?<![\w.])(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?![\w.]?\d)"),
    Form("network address", rf"(?<![\w:])(?:{HEX}{{1,4}}:){{7}}{HEX}{{1,4}}(?![\w:])"),
)

_SECRETS = tuple(
    (form, re.compile(form.pattern, re.IGNORECASE if "secret>" in form.pattern else 0)) for form in SECRETS
)
_ALL = _SECRETS + tuple((form, re.compile(form.pattern)) for form in PERSONAL)


class Redactor:
    """Takes out what a mode names, and counts it by kind."""

    def __init__(self, mode: Mode) -> None:
        self._forms = {"none": (), "secrets": _SECRETS, "all": _ALL}[mode]
        self.counts: Counter[str] = Counter()

    def text(self, text: str) -> str:
        """A text without secrets; each one became `[redacted:kind]`."""
        for form, pattern in self._forms:
            text = pattern.sub(lambda found, form=form: self._replaced(found, form), text)  # type: ignore[misc]
        return text

    def told(self) -> str:
        """What was taken out, in words that hold none of it."""
        return ", ".join(f"{count} x {kind}" for kind, count in sorted(self.counts.items()))

    def _replaced(self, found: re.Match[str], form: Form) -> str:
        whole = found[0]
        start, end = found.span("secret") if "secret" in found.re.groupindex else found.span()
        secret = found.string[start:end]
        if "[redacted:" in secret or not form.check(secret):
            return whole
        self.counts[form.kind] += 1
        return whole[: start - found.start()] + f"[redacted:{form.kind}]" + whole[end - found.start() :]

    def value(self, value: Any) -> Any:
        """A JSON value without secrets: in texts, in lists, and in the values of a dict, where the key tells, too."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {self.text(str(key)): self._named(str(key), item) for key, item in value.items()}
        if isinstance(value, Sequence):
            return [self.value(item) for item in value]
        return value

    def _named(self, key: str, value: Any) -> Any:
        if not isinstance(value, str):
            return self.value(value)
        if (cleaned := self.text(value)) != value:
            return cleaned
        told = self.text(f"{key}: {value}")
        return told[len(key) + 2 :] if told.startswith(f"{key}: ") else value

    def message(self, message: Message) -> Message:
        """A message without secrets in content, name and metadata."""
        return message.model_copy(
            update={
                "content": self.text(message.content),
                "name": None if message.name is None else self.text(message.name),
                "metadata": self.value(message.metadata),
            }
        )

    def fact(self, fact: Fact) -> Fact:
        """A supplied fact without secrets in any of its texts."""
        return Fact.model_validate(self.value(fact.model_dump(mode="json")))

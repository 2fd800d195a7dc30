"""Secrets in the forms of their issuers, put together here so that no scanner takes this file for a leak."""

from __future__ import annotations

import base64
import random
import string

_chance = random.Random(7)


def _some(letters: str, count: int) -> str:
    return "".join(_chance.choice(letters) for _ in range(count))


WORD, HEX = string.ascii_letters + string.digits, "0123456789abcdef"
UPPER = string.ascii_uppercase + "234567"
JWT = ".".join(
    base64.urlsafe_b64encode(part).decode().rstrip("=") for part in (b'{"alg":"HS256"}', b'{"sub":"1234567"}')
)

FORMS: dict[str, str] = {
    "rsa": "-----BEGIN RSA PRIVATE" + " KEY-----\nMIIEow" + _some(WORD, 60) + "\n-----END RSA PRIVATE KEY-----",
    "openssh": "-----BEGIN OPENSSH PRIVATE" + " KEY-----\n" + _some(WORD, 70) + "\n-----END OPENSSH PRIVATE KEY-----",
    "pgp": "-----BEGIN PGP PRIVATE" + " KEY BLOCK-----\n" + _some(WORD, 70) + "\n-----END PGP PRIVATE KEY BLOCK-----",
    "age": "AGE-SECRET-KEY-1" + _some(string.ascii_uppercase + "23456789", 58),
    "jwt": JWT + "." + _some(WORD, 43),
    "aws": "AKIA" + _some(UPPER, 16),
    "aws session": "ASIA" + _some(UPPER, 16),
    "google": "AIza" + _some(WORD, 35),
    "google oauth": "ya29." + _some(WORD, 60),
    "google client": "GOCSPX-" + _some(WORD, 28),
    "github": "ghp_" + _some(WORD, 36),
    "github app": "ghs_" + _some(WORD, 36),
    "github fine": "github_pat_" + _some(WORD, 22) + "_" + _some(WORD, 59),
    "gitlab": "glpat-" + _some(WORD, 20),
    "gitlab deploy": "gldt-" + _some(WORD, 20),
    "slack bot": "xoxb-" + _some(string.digits, 12) + "-" + _some(WORD, 24),
    "slack user": "xoxp-" + _some(string.digits, 12) + "-" + _some(WORD, 32),
    "slack app": "xapp-1-" + _some(WORD, 30),
    "slack hook": "https://hooks.slack.com/services/T"
    + _some(UPPER, 8)
    + "/B"
    + _some(UPPER, 8)
    + "/"
    + _some(WORD, 24),
    "discord hook": "https://discord.com/api/webhooks/" + _some(string.digits, 18) + "/" + _some(WORD, 60),
    "stripe": "sk_live_" + _some(WORD, 24),
    "stripe test": "rk_test_" + _some(WORD, 24),
    "stripe hook": "whsec_" + _some(WORD, 32),
    "anthropic": "sk-ant-api03-" + _some(WORD, 90),
    "openrouter": "sk-or-v1-" + _some(HEX, 64),
    "openai": "sk-" + _some(WORD, 48),
    "openai project": "sk-proj-" + _some(WORD, 60),
    "hugging face": "hf_" + _some(WORD, 34),
    "groq": "gsk_" + _some(WORD, 52),
    "xai": "xai-" + _some(WORD, 80),
    "perplexity": "pplx-" + _some(WORD, 48),
    "replicate": "r8_" + _some(WORD, 37),
    "nvidia": "nvapi-" + _some(WORD, 60),
    "tavily": "tvly-" + _some(WORD, 32),
    "npm": "npm_" + _some(WORD, 36),
    "pypi": "pypi-" + _some(WORD, 120),
    "rubygems": "rubygems_" + _some(HEX, 48),
    "docker": "dckr_pat_" + _some(WORD, 27),
    "sendgrid": "SG." + _some(WORD, 22) + "." + _some(WORD, 43),
    "twilio": "SK" + _some(HEX, 32),
    "mailgun": "key-" + _some(HEX, 32),
    "mailchimp": _some(HEX, 32) + "-us12",
    "telegram": _some("123456789", 9) + ":AA" + _some(WORD, 33),
    "discord bot": "M" + _some(WORD, 23) + "." + _some(WORD, 6) + "." + _some(WORD, 27),
    "shopify": "shpat_" + _some(HEX, 32),
    "square": "sq0atp-" + _some(WORD, 22),
    "digitalocean": "dop_v1_" + _some(HEX, 64),
    "vault": "hvs." + _some(WORD, 40),
    "terraform": _some(WORD, 14) + ".atlasv1." + _some(WORD, 67),
    "databricks": "dapi" + _some(HEX, 32),
    "linear": "lin_api_" + _some(WORD, 40),
    "notion": "ntn_" + _some(WORD, 46),
    "figma": "figd_" + _some(WORD, 40),
    "postman": "PMAK-" + _some(HEX, 24) + "-" + _some(HEX, 34),
    "new relic": "NRAK-" + _some(UPPER, 27),
    "grafana": "glsa_" + _some(WORD, 41),
    "doppler": "dp.pt." + _some(WORD, 43),
    "planetscale": "pscale_tkn_" + _some(WORD, 43),
    "supabase": "sbp_" + _some(HEX, 40),
    "atlassian": "ATATT3" + _some(WORD, 180),
    "airtable": "pat" + _some(WORD, 14) + "." + _some(HEX, 64),
    "azure": "AccountKey=" + _some(WORD, 86) + "==",
    "signed address": "https://x.example/f?sig=" + _some(WORD, 43),
    "bitcoin": "xprv" + _some("123456789ABCDEFGHJKLMNPQRSTUVWXYZ", 107),
    "database address": "postgresql://app:" + _some(WORD, 14) + "@db.example:5432/app",
    "authorization": "Authorization: Basic " + _some(WORD, 30) + "==",
    "bearer": "Bearer " + _some(WORD, 40),
    "password": "my password is Tr0ub4dor&" + _some(string.digits, 3),
    "plain password": "The password is swordfish" + _some(string.ascii_lowercase, 5),
    "password in json": '{"password": "' + _some(WORD, 12) + '"}',
    "password in a list": "PGPASSWORD=" + _some(WORD, 12),
    "password of something": "the password for our home wifi is " + _some(WORD, 12),
    "password without a sign": "the password 7" + _some(WORD, 11),
    "password in another language": "密码: " + _some(WORD, 12),
    "netrc": "machine x login ann password " + _some(WORD, 12),
    "curl": "curl -s -u ann:" + _some(WORD, 12),
    "flag": "deploy --token " + _some(WORD, 12),
    "assignment": "DB_PASSWORD=" + _some(WORD, 12),
    "environment": "MY_APP_API_KEY=" + _some(WORD, 24),
    "yaml": 'client_secret: "' + _some(WORD, 24) + '"',
    "json": '{"access_token": "' + _some(WORD, 30) + '"}',
    "pin": "the PIN is " + "48" + _some(string.digits, 2),
    "visa": "4111 1111 1111 1111",
    "mastercard": "5555555555554444",
    "amex": "3782-822463-10005",
    "seed phrase": "recovery phrase: " + " ".join(["legal", "winner", "thank", "year", "wave", "sausage"] * 2),
}
"""Name -> a text that holds one secret, the secret last or in quotation marks."""

PERSONAL = {
    "mail": "ann.silva+news@mail.example.org",
    "iban": "DE89 3704 0044 0532 0130 00",
    "us social security": "123-45-6789",
    "telephone": "+351 912 345 678",
    "us telephone": "(555) 123-4567",
    "ip": "192.168.17.254",
    "ip six": "2001:0db8:85a3:0000:0000:8a2e:0370:7334",
}

HARMLESS = (
    "I moved to Lisbon on 2024-05-08 and pay 1,200 euros.",
    "The password is wrong, so I could not log in.",
    "My password is too long to remember.",
    "The token is friendship, the secret is patience.",
    "She works at Acme since 2019; order 1234567890123 arrived.",
    "We ordered 12 chairs and 24 tables for room 4711.",
    "The secret of good bread is time.",
    "Version 3.11.7 fixed it, commit 303ca95f34a06e61.",
    "Call me at ten, I risk-averse skipped the desk-bound task-force meeting.",
    "https://example.org/a/b?page=2&sort=name",
    "Cookies: chocolate, vanilla and nut.",
    "See https://example.org/pictures/img-8577-1571255920.jpg from the trip.",
    "A population of 244,000 (2016) makes it the least populous one.",
    "Item 3367f8c5-dc29-4b3b-ba4d-002222180523 is gone.",
    "The pin is broken and the key is under the mat.",
)


def core(text: str) -> str:
    """The part of a form that must not be kept."""
    if "://" in text and "@" in text:
        return text.split("@", maxsplit=1)[0].rsplit(":", 1)[-1]
    inner = text.split("\n")[1] if "-----BEGIN" in text else text
    found = inner.rsplit('"', 2)[-2] if '"' in inner else inner
    for sign in ("=", " ", ":"):
        if sign in found.rstrip("=") and "1111" not in found and "legal" not in found:
            found = found.rstrip("=").rsplit(sign, 1)[-1]
    return found.split("@")[0]

"""The currency that a column's amounts are in, when its name or its description says so."""

import re

from core.connections.schema import Column
from core.grounding.names import words_of

_SAID = {
    "USD": re.compile(r"\bUS dollars?\b|\bU\.S\. dollars?\b|\bUSD\b|\bUS\$|美元|美金"),
    "EUR": re.compile(r"\beuros?\b|\bEUR\b|€|欧元", re.IGNORECASE),
    "GBP": re.compile(r"\bpounds? sterling\b|\bGBP\b|£|英镑"),
    "CNY": re.compile(r"\brenminbi\b|\byuan\b|\bCNY\b|\bRMB\b|人民币|单位[为：:]?\s*元", re.IGNORECASE),
    "JPY": re.compile(r"\bJapanese yen\b|\bJPY\b|日元"),
    "HKD": re.compile(r"\bHong Kong dollars?\b|\bHKD\b|港元|港币"),
    "CHF": re.compile(r"\bSwiss francs?\b|\bCHF\b|瑞士法郎"),
    "INR": re.compile(r"\bIndian rupees?\b|\bINR\b|₹|印度卢比"),
}
_NAMED = {code.lower(): code for code in _SAID}


def currency_of(column: Column) -> str:
    """The ISO code of the one currency that is said, "" for none or several."""
    if not column.kind.numeric:
        return ""
    named = {_NAMED[word] for word in words_of(column.name) if word in _NAMED}
    texts = " ".join((column.comment, *column.descriptions.values()))
    found = named or {code for code, said in _SAID.items() if said.search(texts)}
    return found.pop() if len(found) == 1 else ""

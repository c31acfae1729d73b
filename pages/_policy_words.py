"""Policies in plain sentences, as the Connections page tells them to those who may change them."""

import re
from collections.abc import Iterable, Mapping

from core.answering.markdown import bold, escape
from core.i18n import Words
from core.security.policies import PERIODS, Mask, MaskKind, Policy, Subject, SubjectKind

# `region = {user.region}`, `region IN ({user.regions})`: conditions that have a name in plain words.
_THEIRS = re.compile(r"\s*[\"`]?(\w+)[\"`]?\s*=\s*\{\s*user\s*\.\s*(\w+)\s*\}\s*\Z", re.IGNORECASE)
_ONE_OF = re.compile(r"\s*[\"`]?(\w+)[\"`]?\s+in\s*\(?\s*\{\s*user\s*\.\s*(\w+)\s*\}\s*\)?\s*\Z", re.IGNORECASE)
_MANY = frozenset({SubjectKind.ROLE, SubjectKind.GROUP})


class Sentences:
    """Says policies in one language. `people` are names by id."""

    def __init__(self, words: Words, people: Mapping[str, str]) -> None:
        self._words, self._people = words, people

    def of(self, policy: Policy) -> list[str]:
        """One sentence, as Markdown, for each thing that the policy takes away."""
        if not policy.table:
            return [self._say("only", policy, tables=self._listed(sorted(policy.only)))] if policy.only else []
        if policy.hidden:
            return [self._say("hidden", policy)]
        said = []
        if policy.hidden_columns:
            columns = sorted(policy.hidden_columns)
            said.append(self._say("hidden_columns", policy, columns=self._listed(columns), n=len(columns)))
        if policy.only_columns:
            said.append(self._say("only_columns", policy, columns=self._listed(sorted(policy.only_columns))))
        said += [self._mask(policy, column, mask) for column, mask in sorted(policy.masks.items())]
        if policy.rows.strip():
            said.append(self._say("rows", policy, condition=self._condition(policy.rows)))
        return said

    def whom(self, subject: Subject) -> str:
        """The people a policy binds, inside a sentence, escaped."""
        say, kind = self._words.say, subject.kind
        if kind is SubjectKind.ROLE:
            return say(f"policies.many_{subject.name}")
        if kind is SubjectKind.BELOW:
            return say("policies.below", role=say(f"policies.below_{subject.name}"))
        if kind is SubjectKind.GROUP:
            return say("policies.group", name=escape(subject.name))
        if kind is SubjectKind.PERSON:
            return escape(self._people.get(subject.name) or say("policies.gone"))
        return say("policies.everyone")

    def _say(self, key: str, policy: Policy, /, **values: object) -> str:
        whom = self.whom(policy.subject)
        see = self._words.say("policies.see" if policy.subject.kind in _MANY else "policies.sees")
        return self._words.say(
            f"policies.{key}", whom=whom, who=whom[:1].upper() + whom[1:], see=see, table=bold(policy.table), **values
        )

    def _mask(self, policy: Policy, column: str, mask: Mask) -> str:
        named = bold(f"{policy.table}.{column}")
        if mask.kind is MaskKind.PARTIAL:
            count = int(mask.argument) if mask.argument.isdecimal() else 0
            return self._say("mask_partial", policy, column=named, n=count)
        if mask.kind is MaskKind.BUCKET and mask.argument in PERIODS:
            period = self._words.say(f"policies.period_{mask.argument}")
            return self._say("mask_period", policy, column=named, period=period)
        return self._say(f"mask_{mask.kind}", policy, column=named, argument=escape(mask.argument))

    def _condition(self, rule: str) -> str:
        say = self._words.say
        if found := _THEIRS.match(rule):
            column, attribute = bold(found[1]), escape(found[2])
            same = found[1].lower() == found[2].lower()
            return say("policies.is_theirs" if same else "policies.is_their", column=column, attribute=attribute)
        if found := _ONE_OF.match(rule):
            return say("policies.is_one_of", column=bold(found[1]), attribute=escape(found[2]))
        return say("policies.meets", rule=escape(rule, 400))

    def _listed(self, names: Iterable[str]) -> str:
        return self._words.say("policies.comma").join(bold(name) for name in names)

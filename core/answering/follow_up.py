"""Whether a question leans on the one before it, and the inquiry that follows from both."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from core.grounding.inquiry import Earlier, Inquiry, language_of
from core.grounding.terms import BusinessWords

# These never begin a question of its own.
_LEANING = re.compile(
    r"(and|but|or|only|just|instead|otherwise|same|also|now|then|what about|how about|what if|why not|exclud\w+|"
    r"except|without|ignor\w+|remov\w+|drop|add|plus|break (it|that|this|them) down|split (it|that|this|them)|"
    r"(show|list|sort|order|group|filter|limit|compare|plot|keep) (only |just )?(it|that|this|them|those|these)|"
    r"(sort|order|group|filter)(ed)? by|(as|in) a (chart|table|percentage))\b",
    re.IGNORECASE,
)
# These begin one only where a question word comes later.
_SHORT = re.compile(
    r"(by|per|in|for|from|since|before|after|until|between|during|over|under|with|top|bottom|last|this|next|as|on|at|"
    r"more|less|\d{4})\b",
    re.IGNORECASE,
)
_POINTING = re.compile(r"\b(it|its|they|them|their|those|these|that one|the same|ones?|instead)\b", re.IGNORECASE)
_ASKING = re.compile(
    r"\b(how|what|which|who|whose|when|where|list|show|give|find|count|return|display|number|average|total|is|are|do|does|did)\b",
    re.IGNORECASE,
)
_LEANING_ZH = re.compile(
    r"^(那么?|只看|只要|只有|仅|只|按|再|换成|改成|改为|换|去掉|除去|除了|不含|不包括|加上|其中|它们?|他们|她们|这些|那些|这个|"
    r"同样|同理|上面|以上|另外|还有|和去年|跟去年|与去年|然后|降序|升序|排序)"
)
_ENDING_ZH = re.compile(r"呢\s*[？?。！!]*$")
_POINTING_ZH = re.compile(r"它们|他们|她们|这些|那些|其中|上述|上面的|前者|后者|同样的")
_ASKING_ZH = re.compile(r"多少|哪|几|什么|谁|列出|显示|统计|查询|是否|有没有|平均|总|最")
_FEW_WORDS = 8


@dataclass(frozen=True)
class Resolved:
    """An inquiry, and whether its words lean on what was asked before (`leans`), or might (`may_lean`).

    `asks` says that it has the form of a question: "and how many customers?" leans and asks, "by region" only leans.
    """

    inquiry: Inquiry
    leans: bool
    may_lean: bool
    asks: bool = True

    def with_words(self, words: BusinessWords) -> "Resolved":
        """The same, where these words of the business hold."""
        return replace(self, inquiry=replace(self.inquiry, words=words))

    @property
    def about(self) -> str:
        """All words that say what it is about: with those of the questions it leans on, back to one that does not."""
        texts = [self.inquiry.text]
        if self.leans:
            for before in reversed(self.inquiry.follows):
                texts.append(before.question)
                if not _leans(before.question):
                    break
        return " → ".join(reversed(texts))


def resolve(text: str, now: datetime, follows: Sequence[Earlier]) -> Resolved:
    """The inquiry for a question in a conversation; `follows` is what was answered before, oldest first.

    A question in words of its own is a fresh one even in the middle of a conversation.
    """
    language = language_of(text)
    if language == "en" and follows and not re.search("[a-zA-Z]", text):
        language = language_of(follows[-1].question)
    inquiry = Inquiry(text, language, now, tuple(follows))
    if not follows:
        return Resolved(inquiry, False, False)
    leans = _leans(text)
    asks = (_ASKING_ZH if language == "zh" else _ASKING).search(_LEANING.sub("", text, count=1)) is not None
    return Resolved(inquiry, leans, leans or _size(text) <= _FEW_WORDS, asks)


def _leans(text: str) -> bool:
    return _leans_zh(text) if language_of(text) == "zh" else _leans_en(text)


def _leans_en(text: str) -> bool:
    text = text.strip(" ?.!,")
    if _LEANING.match(text):
        return True
    words = _size(text)
    asks = _ASKING.search(text) is not None
    if words <= 6 and not asks and (_SHORT.match(text) or words <= 2):
        return True
    return words <= _FEW_WORDS and _POINTING.search(text) is not None


def _leans_zh(text: str) -> bool:
    text = text.strip()
    asks = _ASKING_ZH.search(text) is not None
    if _ENDING_ZH.search(text) or (_LEANING_ZH.match(text) and (not asks or len(text) <= 12)):
        return True
    if _POINTING_ZH.search(text):
        return True
    return len(text) <= 6 and not asks


def _size(text: str) -> int:
    """About how many words a text has; two Chinese characters count as one."""
    chinese = len(re.findall(r"[\u4e00-\u9fff]", text))
    return len(re.findall(r"[A-Za-z0-9]+(?:[.'-][A-Za-z0-9]+)*", text)) + (chinese + 1) // 2

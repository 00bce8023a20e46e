"""Converts outputs to plain text: one form of each letter, digit and sign, without Markdown and LaTeX commands."""

from __future__ import annotations

import re
import unicodedata

# Of a longer output, only this many characters at the end are read, because the answer is there.
LONGEST = 12_000
_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺", "0123456789-+")
_RAISED = re.compile("[⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺]+")
_VULGAR = re.compile("(?<=[0-9])(?=[¼½¾⅐-⅞])")
_SIGNS = str.maketrans(
    {
        "−": "-",
        "‐": "-",
        "‑": "-",
        "–": "-",
        "⁄": "/",
        "∕": "/",
        "÷": "/",
        "✕": "×",
        "✖": "×",
        "“": '"',
        "”": '"',
        "„": '"',
        "«": '"',
        "»": '"',
        "「": '"',
        "」": '"',
        "『": '"',
        "』": '"',
        "‘": "'",
        "’": "'",
        "【": "(",
        "】": ")",
        "〔": "(",
        "〕": ")",
        "⟨": "(",
        "⟩": ")",
        "《": "(",
        "》": ")",
        "。": ".",
        "、": ",",
        "٫": ".",
        "٬": ",",
        "→": " → ",
        "⇒": " → ",
        "➡": " → ",
    }
)
# Long runs of the same white space are shortened, because they would slow down every rule.
_BLANKS = re.compile(r"((\s)\2{7})\2+")
_UNSEEN = re.compile(
    "[\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufe00-\ufe0f\ufeff\u00ad\x00-\x08\x0b-\x1f\x7f]"
)
# Marks that end a turn. A model that does not stop there goes on with the turn of somebody else.
_END_OF_TURN = re.compile(
    r"<\|(?:im_end|eot_id|endoftext|end_of_text|end_of_turn|eom_id|end|return|user|im_start|start_header_id)\|>"
    r"|<｜end▁of▁sentence｜>|<end_of_turn>|</s>|<eos>|\[/?INST\]|<\|END_OF_TURN_TOKEN\|>"
)


def own_turn(text: str) -> str:
    """`text` up to the first mark that ends a turn and has text before it; without such a mark, all of it."""
    for mark in _END_OF_TURN.finditer(text):
        if text[: mark.start()].strip():
            return text[: mark.start()]
        text = " " * mark.end() + text[mark.end() :]
    return text


def unified(text: str) -> str:
    """The end of `text` with other forms of letters, digits and signs as ASCII, and superscripts as `^{2}`."""
    text = text[-LONGEST:].replace("\r\n", "\n").replace("\r", "\n")
    text = _BLANKS.sub(r"\1", text)
    text = _VULGAR.sub(" ", _UNSEEN.sub("", text))
    text = _RAISED.sub(lambda found: f"^{{{found[0].translate(_SUPERSCRIPTS)}}}", text)
    text = unicodedata.normalize("NFKC", text).translate(_SIGNS)
    return "".join(
        str(unicodedata.decimal(letter)) if letter > "\x7f" and letter.isdecimal() else letter
        for letter in text
    )


_WRAPPING = re.compile(
    r"\\(?:text|textbf|textit|textrm|textnormal|mathbf|mathrm|mathit|mathsf|bf|rm|mbox|hbox|bold|boldsymbol|emph|"
    r"operatorname|displaystyle|underline|mathcal)\b\s*\*?\{([^{}]*)\}"
)
_FRACTION = re.compile(r"\\[dtc]?frac\s*(?:\{([^{}]*)\}|(\d))\s*(?:\{([^{}]*)\}|(\d))")
_LATEX = (
    # The sign of -$45 stays beside its number.
    (re.compile(r"-\s?\\?\$(?=\s?\d)"), "-"),
    (re.compile(r"\{,\}"), ","),
    (re.compile(r"\\(?:left|right|big|Big|bigg|displaystyle|mathrm|rm|bf|limits)(?![a-zA-Z])"), ""),
    (re.compile(r"\\[()\[\]]|(?<!\\)\$(?=\D|$)|\\\$|\$"), " "),
    (re.compile(r"\\[!]"), ""),
    (re.compile(r"(?<=\d)\\[,; ](?=\d{3})"), ","),
    (re.compile(r"\\[,;: ]|~|\\q?quad\b|\\\\"), " "),
    (re.compile(r"\\%"), "%"),
    (re.compile(r"\\(?:times|cdot|ast)(?![a-zA-Z])"), "×"),
    (re.compile(r"\\div(?![a-zA-Z])"), "/"),
    (re.compile(r"\\(?:Rightarrow|rightarrow|implies|to|therefore)(?![a-zA-Z])"), " → "),
    (re.compile(r"\\(?:approx|equiv)(?![a-zA-Z])"), "="),
    (re.compile(r"\^\s*\{?\s*\\circ\s*\}?|\\degree"), " degrees "),
    (re.compile(r"\\([#&_{}])"), r"\1"),
)
_MARKDOWN = (
    (re.compile(r"^[ \t]*```[^\n]*$", re.MULTILINE), ""),
    (re.compile(r"`+"), ""),
    (
        re.compile(
            r"</?(?:b|i|u|strong|em|br|p|span|center|sub|sup|code|mark|div|li|ul|ol|h\d)(?:\s[^<>]{0,200})?/?>",
            re.I,
        ),
        " ",
    ),
    (re.compile(r"\*{2,}|_{2,}|~~"), ""),
    (re.compile(r"(?<![\w*)\]\s])\*(?=\S)|(?<=[^\s*])\*(?![\w*(\[\s])"), ""),
    (re.compile(r"^[ \t]*\*(?=\S)|^[ \t]*[*•·-][ \t]+(?=[^\d\s])", re.MULTILINE), ""),
    (re.compile(r"(?<![^\W_])_(?=\S)|(?<=\S)_(?![^\W_])"), ""),
    (re.compile(r"^[ \t]*#{1,3}(?!#)[ \t]+|^[ \t]*#{5,6}[ \t]+|^[ \t]*>+[ \t]?", re.MULTILINE), ""),
    (re.compile(r"!?\[([^\[\]\n]{2,200})\]\([^()\s]{1,300}\)"), r"\1"),
    (re.compile(r"[ \t]*\|[ \t]*"), " "),
)


def plain(text: str) -> str:
    """`text`, which is unified, without Markdown and LaTeX commands; fractions as `a/b`."""
    for _ in range(3):
        text = _WRAPPING.sub(r" \1 ", text)
    text = _FRACTION.sub(lambda found: f" {found[1] or found[2] or ''}/{found[3] or found[4] or ''} ", text)
    for pattern, instead in (*_LATEX, *_MARKDOWN):
        text = pattern.sub(instead, text)
    return text

"""LongBench: questions on long texts, summaries, few-shot examples and code, in English and Chinese.

The tasks are those of Bai et al. (arXiv:2308.14508), but the wording of the prompts is ours.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from aisbench.accuracy.answers.thinking import final_text
from aisbench.accuracy.files import numbered
from aisbench.accuracy.layout import Layout
from aisbench.accuracy.question import Answer, Question, Scored
from aisbench.accuracy.scoring import longbench as metrics
from aisbench.accuracy.task import Source, Task
from aisbench.errors import BadInput
from aisbench.extras import install_command


@dataclass(frozen=True)
class _Kind:
    """The prompt and the metric of a data set. `one_line`: only the first line of an answer counts."""

    ask: str
    metric: metrics.Metric
    one_line: bool = False


_QUESTION = (
    "{context}\n\nAnswer this question from the text above, in as few words as possible and without an explanation.\n"
    "Question: {input}\nAnswer:"
)
_QASPER = (
    "{context}\n\nAnswer this question on the article above in as few words as possible, without an explanation. If the "
    "article does not say, answer: unanswerable. If it is a question of yes or no, answer yes, no or unanswerable.\n"
    "Question: {input}\nAnswer:"
)
_CHINESE_QUESTION = "{context}\n\n请根据上文用最简短的话回答问题，不要解释。\n问题：{input}\n回答："
_SUMMARY = "{context}\n\nSummarise the text above on one page.\nSummary:"
_QUERY = "{context}\n\nAnswer this query on the meeting above in a few sentences.\nQuery: {input}\nAnswer:"
_CHINESE_SUMMARY = "{context}\n\n请总结以上会议记录的内容。\n总结："
_GO_ON = "Continue as the examples do.\n\n{context}\n{input}"
_CHINESE_GO_ON = "请按照例子判断新闻的类别。\n\n{context}\n{input}"
_COUNT = (
    "{context}\n\nSome of the paragraphs above occur more than once. How many different ones are there? Answer with the "
    "number alone.\nAnswer:"
)
_FIND = '{context}\n\n{input}\n\nWhich paragraph above does this abstract sum up? Answer as in "Paragraph 1".\nAnswer:'
_CHINESE_FIND = "{context}\n\n{input}\n\n以上摘要出自哪一段？请按“段落1”的格式回答。\n回答："
_CODE = "{context}{input}\nWrite the next line of this code, and nothing else.\n"

_KINDS = {
    "narrativeqa": _Kind(_QUESTION, metrics.words),
    "qasper": _Kind(_QASPER, metrics.words),
    "multifieldqa_en": _Kind(_QUESTION, metrics.words),
    "multifieldqa_zh": _Kind(_CHINESE_QUESTION, metrics.chinese),
    "hotpotqa": _Kind(_QUESTION, metrics.words),
    "2wikimqa": _Kind(_QUESTION, metrics.words),
    "musique": _Kind(_QUESTION, metrics.words),
    "dureader": _Kind(_CHINESE_QUESTION, metrics.chinese_rouge),
    "gov_report": _Kind(_SUMMARY, metrics.rouge),
    "qmsum": _Kind(_QUERY, metrics.rouge),
    "multi_news": _Kind(_SUMMARY, metrics.rouge),
    "vcsum": _Kind(_CHINESE_SUMMARY, metrics.chinese_rouge),
    "trec": _Kind(_GO_ON, metrics.classes, one_line=True),
    "triviaqa": _Kind(_GO_ON, metrics.words, one_line=True),
    "samsum": _Kind(_GO_ON, metrics.rouge, one_line=True),
    "lsht": _Kind(_CHINESE_GO_ON, metrics.classes, one_line=True),
    "passage_count": _Kind(_COUNT, metrics.count),
    "passage_retrieval_en": _Kind(_FIND, metrics.paragraph),
    "passage_retrieval_zh": _Kind(_CHINESE_FIND, metrics.paragraph),
    "lcc": _Kind(_CODE, metrics.line_of_code),
    "repobench-p": _Kind(_CODE, metrics.line_of_code),
}
_LAYOUT = Layout(
    ("longbench",), tuple(f"{folder}{name}.jsonl" for folder in ("data/", "") for name in _KINDS)
)
# The ending of LongBench-E's data sets, which have questions of the same kinds with evenly distributed lengths.
_EVEN = "_e"


def _read(source: Source) -> list[Question]:
    if source.shots:
        raise BadInput(f"--shots {source.shots}: longbench has its own solved examples; leave it out")
    return [question for path in _files(source.path) for question in _questions(path)]


def _files(path: Path) -> list[Path]:
    first = _LAYOUT.questions_of(path)[0]
    if path.is_file():
        return [path]
    there = [first.parent / f"{name}.jsonl" for name in _KINDS]
    return [one for one in there if one.is_file()]


def _questions(path: Path) -> list[Question]:
    found = []
    for place, row in numbered(path, "context", "input", "answers"):
        subset = str(row.get("dataset") or path.stem).removesuffix(_EVEN)
        if subset not in _KINDS:
            raise BadInput(f"{place}: LongBench has no data set {subset!r}; known: {', '.join(_KINDS)}")
        kind = _KINDS[subset]
        answers, classes = row["answers"], row.get("all_classes") or []
        if not isinstance(classes, list) or not all(isinstance(one, str) for one in classes):
            raise BadInput(f"{place}: 'all_classes' should be a list of strings, got {classes!r:.80}")
        if not isinstance(answers, list) or not answers:
            raise BadInput(f"{place}: 'answers' should be a list of strings, got {answers!r}")
        if kind.metric is metrics.classes and not classes:
            raise BadInput(f"{place} has no 'all_classes' to choose from")
        # Not with str.format, because the texts may contain braces.
        text = kind.ask.replace("{input}", str(row["input"])).replace("{context}", str(row["context"]))
        found.append(
            Question.of_text(text, [str(one) for one in answers], subset=subset, facts={"classes": classes})
        )
    if any(_KINDS[question.subset].metric in metrics.NEED_ROUGE for question in found):
        _need_rouge(path)
    return found


def _need_rouge(path: Path) -> None:
    try:
        import rouge_score  # noqa: F401
    except ImportError:
        raise BadInput(
            f"{path} is scored with ROUGE, which needs rouge-score: {install_command('accuracy', 'rouge-score')}"
        ) from None


def _score(question: Question, answer: Answer) -> Scored:
    kind = _KINDS[question.subset]
    text = final_text(answer.text)
    # The indentation of code is part of the answer.
    text = text if kind.metric is metrics.line_of_code else text.strip()
    if kind.one_line:
        text = text.partition("\n")[0]
    if not text.strip():
        return Scored(None, False, 0.0, "no answer")
    score = max(kind.metric(text, gold, question.facts["classes"]) for gold in question.gold)
    return Scored(text, score == 1, score, "first line" if kind.one_line else "whole answer")


TASKS = (
    Task(
        "longbench",
        "questions on long texts, summaries and code, in English and Chinese",
        (
            'longbench/data/narrativeqa.jsonl and others of its 21 files: {"context", "input", "answers", "all_classes"}',
        ),
        _read,
        _score,
        max_tokens=512,
        metric="score",
    ),
)

"""Answers to known questions, in every API, and the fault that makes them wrong in large batches."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from aisbench.backends.backend import BodyOptions
from aisbench.backends.prompt import Prompt
from aisbench.backends.registry import backend_named
from aisbench.errors import BadInput
from aisbench.simulator.known_answers import KnownAnswers
from aisbench.simulator.process import SimulatorProcess
from tests.backends.reading import read_stream, read_whole
from tests.simulator.client import COMPLETIONS, ask, connected, raw_request, read_all, read_until, request
from tests.simulator.test_endpoints import STREAMING
from tests.simulators import start_simulator
from tests.system.running import run_command

QUESTION = "How many books stand on the shelf?"
# A quotation mark, line ends, letters beyond ASCII, and a word longer than any of the simulator's own.
ANSWER = 'She says:\t"11 + 2"\n\nThat is dreizehnundnochvielmehralsdreizehn, 十三.\n#### 13\n'
WRONG = 'She says:\t"11 + 2"\n\nUibu jt esfjafiovoeopdiwjfmnfisbmtesfjafio, 十三.\n#### 24\n'
ROWS = [
    {"question": f"{QUESTION} ", "answer": ANSWER},
    {"question": "Ann asks once more. " + QUESTION, "answer": "14"},
    {"question": "How many", "answer": "nobody knows"},
]


def write(path: Path, rows: list[Any]) -> str:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(path)


def asked_by(
    name: str, simulator: SimulatorProcess, text: str, *, stream: bool, most: int = 40
) -> tuple[Any, str]:
    """The response, and the text in it."""
    backend = backend_named(name)
    messages = ({"role": "user", "content": text},)
    prompt = Prompt(text, len(text.split()), most, messages=messages)
    body = backend.body(prompt, BodyOptions("simulated-8b", ignore_eos=False, stream=stream))
    answered = ask(simulator, backend.path_for("simulated-8b", stream=stream), body)
    if stream:
        got = read_stream(backend.rules, answered.stream)
        return got, got.text
    whole = read_whole(backend.plain_rules, answered.body)
    return whole, whole.text


def test_a_known_question_gets_its_answer_in_as_many_tokens_as_it_has_words(tmp_path: Path) -> None:
    answers = write(tmp_path / "answers.jsonl", ROWS)
    with start_simulator(["--decode-base-ms", "1", "--answers", answers]) as simulator:
        for name in STREAMING:
            got, text = asked_by(name, simulator, f"Question: {QUESTION}\nAnswer:", stream=True)
            # MindIE's last event has no text of its own.
            assert text == (ANSWER.removesuffix(" 13\n") if name == "mindie-infer" else ANSWER), name
            assert got.tokens == len(ANSWER.split()) == 11, name
            if name != "tensorrt-llm":
                assert got.finish == "stop", name
            _, text = asked_by(name, simulator, QUESTION, stream=False)
            assert text == ANSWER, name
        got, text = asked_by("openai-chat", simulator, QUESTION, stream=True, most=3)
        assert (text, got.finish) == ('She says:\t"11', "length")
        # What is not known gets words of the list, as always.
        got, text = asked_by("openai-chat", simulator, "Why?", stream=True)
        assert (got.tokens, got.finish) == (40, "length")


def test_the_question_that_is_asked_is_the_last_and_the_longest() -> None:
    known = KnownAnswers({row["question"].strip(): row["answer"] for row in ROWS})

    def said(*texts: str) -> str | None:
        messages = [{"role": "user", "content": text} for text in texts]
        found = known.answer_to({"model": "How", "messages": messages})
        return None if found is None else b"".join(found.plain).decode()

    assert said(QUESTION) == ANSWER
    assert said("How many hours?") == "nobody knows"
    assert said(ROWS[1]["question"] + " Think.") == "14"
    assert said(ROWS[1]["question"], "14", QUESTION) == ANSWER
    assert said(f"Q: {QUESTION}\nA: 13\nQ: How many pens?") == "nobody knows"
    assert said("Why?") is None


def test_answers_become_wrong_where_more_share_a_step(tmp_path: Path) -> None:
    answers = write(tmp_path / "answers.jsonl", ROWS)
    flags = ["--decode-base-ms", "20", "--answers", answers, "--wrong-above", "1"]
    body = {"prompt": QUESTION, "max_tokens": 40, "stream": True}
    with start_simulator(flags) as simulator:
        with connected(simulator.port) as first, connected(simulator.port) as second:
            first.sendall(raw_request(COMPLETIONS, body, "connection: close"))
            begun = read_until(first, b"\n\n")
            second.sendall(raw_request(COMPLETIONS, body, "connection: close"))
            one, other = text_of(begun + read_all(first)), text_of(read_all(second))
        assert simulator.truth()["faults"] == {"wrong": 2}
        alone = request(simulator.port, "POST", COMPLETIONS, {**body, "stream": False}).json
    # From its second token at the earliest the first one is wrong, and the second one from the beginning.
    assert one.startswith("She")
    assert one.endswith("#### 24\n")
    assert other == "Tif tbzt:" + WRONG.removeprefix("She says:").replace("11 + 2", "22 + 3")
    assert alone["choices"][0]["text"] == ANSWER


def text_of(stream: bytes) -> str:
    events = re.findall(rb"data: (\{.*\})\n\n", stream)
    return "".join(choice["text"] for event in events for choice in json.loads(event)["choices"])


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([], "is empty"),
        ([{"question": "Why?"}], "row 1 has no 'answer'"),
        ([ROWS[0], {"question": "Why?", "answer": 5}], "row 2: 'answer' should be a string, got 5"),
        ([{"question": " ", "answer": "5"}], "row 1: 'question' or 'answer' is empty"),
    ],
)
def test_files_without_answers_are_refused(tmp_path: Path, rows: list[Any], said: str) -> None:
    path = write(tmp_path / "answers.jsonl", rows)
    with pytest.raises(BadInput) as problem:
        KnownAnswers.read(path)
    assert str(problem.value).startswith(f"--answers: {path}")
    assert said in str(problem.value)


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--answers", "nowhere.jsonl"], "--answers: nowhere.jsonl"),
        (["--wrong-above", "8"], "--wrong-above 8 needs --answers FILE"),
        (["--wrong-above", "-1"], "--wrong-above"),
        (["--answers", "any", "--reasoning-tokens", "5"], "--reasoning-tokens cannot be used with --answers"),
    ],
)
def test_flags_that_make_no_server_are_refused(flags: list[str], said: str) -> None:
    refused = run_command("simulate", "--port", 0, *flags)
    assert refused.returncode == 2
    assert said in refused.stderr

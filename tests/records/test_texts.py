"""The answers that a run kept."""

from __future__ import annotations

from pathlib import Path

from aisbench.records.run import Run
from aisbench.records.texts import KeptAnswer, each_answer, parse_answer
from tests.analysis.made_runs import made_rows, write_run


def test_texts_come_back_and_a_cut_one_is_empty(tmp_path: Path) -> None:
    texts = [('ä "b"\n', "why"), ("", ""), ("last", "")]
    folder = write_run(tmp_path / "run", made_rows([0.0, 1.0, 2.0]), texts=texts)
    assert list(each_answer(Run.load(folder))) == [KeptAnswer(*text) for text in texts]
    log = folder / "records/text-0.bin"
    log.write_bytes(log.read_bytes()[:-10])
    assert list(each_answer(Run.load(folder)))[2] == KeptAnswer()
    log.unlink()
    assert list(each_answer(Run.load(folder))) == [KeptAnswer()] * 3


def test_tool_calls_come_back() -> None:
    call = b'{"id":"a","name":"f","arguments":"{}"}'
    answer = parse_answer(b'{"content":"x","reasoning":"y","tool_calls":[%b]}\n' % call)
    assert answer.tool_calls == ({"id": "a", "name": "f", "arguments": "{}"},)
    assert answer.generated == "xyf{}"

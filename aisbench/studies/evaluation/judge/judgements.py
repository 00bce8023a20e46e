"""Keeps what the judge said of the answers to a data set, and writes it as it arrives."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aisbench.accuracy.question import Answer
from aisbench.studies.evaluation.folder import EvaluationFolder, read_object
from aisbench.studies.evaluation.judge.server import Judge
from aisbench.studies.evaluation.judge.verdict import verdict_of
from aisbench.studies.evaluation.pace import Pace
from aisbench.studies.evaluation.predictions import Place, key_of


class Judgements:
    """`judgements/<model>/<dataset>.json`: what the judge said, by the key of the answer.

    `prompts`: what the judge is asked about each answer. Answers with equal prompts share a judgement. Another judge, or
    another prompt, makes new judgements.
    """

    def __init__(
        self, folder: EvaluationFolder, name: str, judge: Judge, prompts: Mapping[Place, str]
    ) -> None:
        self._folder = folder
        self._path = folder.judgements / f"{name}.json"
        self._judge = judge
        self._prompts = prompts
        self._wanted = frozenset(prompts.values())
        self._said: dict[str, Answer] = {}
        self._pace = Pace(self.write)

    def load(self) -> None:
        """Reads the judgements in the file, if there is one."""
        if not self._path.is_file():
            return
        for entry in read_object(self._path).values():
            prompt = entry.get("origin_prompt")
            said = Answer(
                entry.get("prediction", ""), entry.get("reasoning", ""), entry.get("finish", "stop")
            )
            if entry.get("judge") != self._judge.model or prompt not in self._wanted:
                continue
            if not self._may_say_more(said, entry.get("max_tokens")):
                self._said[prompt] = said

    def _may_say_more(self, said: Answer, max_tokens: int | None) -> bool:
        """True if the judge was cut before its verdict at a limit that is now another one."""
        return said.finish == "length" and verdict_of(said) is None and max_tokens != self._judge.max_tokens

    @property
    def missing(self) -> list[str]:
        """The prompts without a judgement, each once, in order."""
        return [prompt for prompt in dict.fromkeys(self._prompts.values()) if prompt not in self._said]

    @property
    def failed(self) -> bool:
        """True if there are answers to judge, and no judgement at all."""
        return bool(self._wanted) and not self._said

    def at(self, place: Place) -> Answer | None:
        """The judgement of the answer at `place`; None if there is none yet."""
        return self._said.get(self._prompts[place])

    def add(self, found: Mapping[str, Answer]) -> None:
        """Keeps new judgements, given by prompt, and writes them from time to time."""
        new = {
            prompt: said
            for prompt, said in found.items()
            if prompt in self._wanted and prompt not in self._said
        }
        if not new:
            return
        self._said |= new
        self._pace.write_if_due()

    def write(self) -> None:
        """Writes the file, completely or not at all. Judgements that are not written yet are in the run's records."""
        entries = {
            key_of(*place): self._entry(prompt, self._said[prompt])
            for place, prompt in sorted(self._prompts.items())
            if prompt in self._said
        }
        if entries:
            self._folder.write(entries, self._path)

    def _entry(self, prompt: str, said: Answer) -> dict[str, Any]:
        entry = {
            "origin_prompt": prompt,
            "prediction": said.text,
            "judge": self._judge.model,
            "max_tokens": self._judge.max_tokens,
            "finish": said.finish,
        }
        return {**entry, "reasoning": said.reasoning} if said.reasoning else entry

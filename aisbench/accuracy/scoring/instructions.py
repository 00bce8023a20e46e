"""Whether a text follows instructions that a program can check: the checkers published with IFEval, through lm_eval.

Zhou et al., "Instruction-Following Evaluation for Large Language Models" (arXiv:2311.07911). Strict: the text as it is.
Loose: also without its first line, its last line, asterisks, or several of these.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aisbench.errors import BadInput
from aisbench.extras import install_command


@dataclass(frozen=True)
class Checklist:
    """The instructions of one prompt: `ids` such as `punctuation:no_comma`, and for each its `arguments`."""

    prompt: str
    ids: Sequence[str]
    arguments: Sequence[Mapping[str, Any]]


class Checkers:
    """Raises BadInput, with what to install, where something is missing."""

    def __init__(self) -> None:
        try:
            import langdetect
            import nltk

            # Before lm_eval's module, which would fetch it from the network and print that on stdout.
            nltk.data.find("tokenizers/punkt_tab")
            from lm_eval.tasks.ifeval import utils
        except ImportError as problem:
            raise BadInput(
                f"ifeval is scored by lm_eval's checkers, and {problem.name} is not installed: "
                f"{install_command('lm-eval', 'lm_eval[ifeval]')}"
            ) from None
        except LookupError:
            raise BadInput(
                "ifeval counts sentences with NLTK's punkt_tab, which is not here: python -m nltk.downloader punkt_tab"
            ) from None
        # Guesses of a language would differ from time to time.
        langdetect.DetectorFactory.seed = 0
        self._utils = utils
        self.known = frozenset(utils.instructions_registry.INSTRUCTION_DICT)

    def follows(self, checklist: Checklist, text: str) -> tuple[list[bool], list[bool]]:
        """For each instruction, whether `text` follows it: strictly, and loosely. An empty text follows none.

        Raises TypeError or ValueError for arguments that an instruction does not have.
        """
        asked = self._utils.InputExample(
            0, list(checklist.ids), checklist.prompt, [dict(one) for one in checklist.arguments]
        )
        strict = self._utils.test_instruction_following_strict(asked, text)
        loose = self._utils.test_instruction_following_loose(asked, text)
        return list(strict.follow_instruction_list), list(loose.follow_instruction_list)

"""Checks whether a text follows instructions, with the checkers published with IFEval, as lm_eval includes them.

Zhou et al., "Instruction-Following Evaluation for Large Language Models" (arXiv:2311.07911). The strict score
takes the text as it is. The loose score also accepts it without its first line, last line, asterisks, or any of these.
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
    """The checkers of lm_eval. The constructor raises BadInput, with the command that installs what is missing."""

    def __init__(self) -> None:
        try:
            import langdetect
            import nltk

            # Checked first, because lm_eval's module would download the file and print messages on stdout.
            nltk.data.find("tokenizers/punkt_tab")
            from lm_eval.tasks.ifeval import utils
        except ImportError as problem:
            raise BadInput(
                f"ifeval is scored by lm_eval's checkers, and {problem.name} is not installed: "
                f"{install_command('lm-eval', 'lm_eval[ifeval]')}"
            ) from None
        except LookupError:
            raise BadInput(
                "ifeval counts sentences with NLTK's punkt_tab, which is missing; download it with "
                "python -m nltk.downloader punkt_tab"
            ) from None
        # Without a seed, the guessed language could differ from call to call.
        langdetect.DetectorFactory.seed = 0
        self._utils = utils
        self.known = frozenset(utils.instructions_registry.INSTRUCTION_DICT)

    def follows(self, checklist: Checklist, text: str) -> tuple[list[bool], list[bool]]:
        """Whether `text` follows each instruction, strictly and loosely. An empty text follows none.

        Raises TypeError or ValueError for arguments that do not fit an instruction.
        """
        asked = self._utils.InputExample(
            0, list(checklist.ids), checklist.prompt, [dict(one) for one in checklist.arguments]
        )
        strict = self._utils.test_instruction_following_strict(asked, text)
        loose = self._utils.test_instruction_following_loose(asked, text)
        return list(strict.follow_instruction_list), list(loose.follow_instruction_list)

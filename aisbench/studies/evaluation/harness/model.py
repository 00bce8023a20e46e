"""The served model as lm-evaluation-harness sees it. Importing this module imports the harness.

It extends the harness's own API clients: they make and truncate the request bodies and read the log-probabilities. Only
the sending differs.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from lm_eval import utils
from lm_eval.models.openai_completions import LocalChatCompletion, LocalCompletionsAPI

from aisbench.accuracy.question import Answer, Question
from aisbench.errors import CannotRun
from aisbench.studies.evaluation.harness.logprobs import Given, Texts

# The harness's own default, used if the server does not say how long its context is.
_CONTEXT_TOKENS = 2048


class Ask(Protocol):
    """Asks all questions in one run.

    `took` is called from time to time with new answers, by the index of their question. A question that has no answer
    at the end has failed.
    """

    def __call__(
        self, questions: Sequence[Question], took: Callable[[Mapping[int, Answer]], None]
    ) -> None: ...


class Unanswered(CannotRun):
    """Requests of a task failed, or the user stopped them. The harness cannot give scores without their answers."""


class _ServedCompletions(LocalCompletionsAPI):  # type: ignore[misc]
    """As `local-completions`: a prompt is one text. With a tokenizer there are log-probabilities of token ids."""

    # A question cannot hold pictures.
    MULTIMODAL = False

    def __init__(self, ask: Ask, texts: Texts | None, **options: Any) -> None:
        super().__init__(**options)
        self._ask = ask
        self._texts = texts

    def generate_until(self, requests: Sequence[Any], disable_tqdm: bool = False) -> list[str]:
        """The text of each answer, in order; "" if the server sent none. Raises Unanswered if requests failed."""
        said: dict[int, str] = {}
        asked = [request.args for request in requests]

        def took(found: Mapping[int, Answer]) -> None:
            said.update({at: answer.text for at, answer in found.items()})

        self._ask([self._question(context, options) for context, options in asked], took)
        if len(said) < len(asked):
            raise Unanswered(f"{len(asked) - len(said)} of {len(asked)} requests have no answer")
        return [said[at] for at in range(len(asked))]

    def _question(self, context: Any, options: dict[str, Any]) -> Question:
        # The client removes fields from the options, and all requests of a task share them.
        body = self._create_payload(
            self.create_message([context]),
            generate=True,
            gen_kwargs=copy.deepcopy(options),
            seed=self._seed,
        )
        del body["model"]
        messages = body.pop("messages", None)
        return Question(tuple(messages or ()), body.pop("prompt", ""), None, body=body)

    def _loglikelihood_tokens(self, requests: Sequence[Any], **_: Any) -> list[tuple[float, bool]]:
        """The log-probability of each continuation, and whether each of its tokens is the likeliest.

        `requests`: (key, token ids of the context, token ids of the continuation).
        """
        assert self._texts is not None
        inputs, contexts, keys = self.batch_loglikelihood_requests([requests])
        bodies = [self._create_payload([ids], generate=False, seed=self._seed) for ids in inputs]
        for body, ids in zip(bodies, inputs, strict=True):
            body["prompt"] = list(ids)
        found: dict[int, tuple[float, bool]] = {}

        def took(at: int, given: Given) -> None:
            (found[at],) = self.parse_logprobs(given.as_echo(), tokens=[inputs[at]], ctxlens=[contexts[at]])
            if keys[at] is not None:
                self.cache_hook.add_partial("loglikelihood", keys[at], found[at])

        self._texts.weigh(bodies, took)
        return [found[at] for at in range(len(inputs))]

    def loglikelihood_rolling(self, requests: Sequence[Any], disable_tqdm: bool = False) -> list[float]:
        """The log-probability of each text as a whole. The windows of all texts are sent together."""
        windows: list[tuple[None, list[int], list[int]]] = []
        owners: list[int] = []
        for owner, request in enumerate(requests):
            (text,) = request.args
            rolling = utils.get_rolling_token_windows(
                token_list=self.tok_encode(text),
                prefix_token=self.prefix_token_id,
                max_seq_len=self.max_length - 1,
                context_len=1,
            )
            for context, continuation in map(utils.make_disjoint_window, rolling):
                windows.append((None, context, continuation))
                owners.append(owner)
        parts: list[list[float]] = [[] for _ in requests]
        for owner, (likelihood, _) in zip(owners, self._loglikelihood_tokens(windows), strict=True):
            parts[owner].append(likelihood)
        sums = [math.fsum(part) for part in parts]
        for request, likelihood in zip(requests, sums, strict=True):
            self.cache_hook.add_partial("loglikelihood_rolling", request.args, likelihood)
        return sums


class _ServedChat(_ServedCompletions, LocalChatCompletion):  # type: ignore[misc]
    """As `local-chat-completions`: a prompt is a list of messages, and there are no log-probabilities."""


def served_model(
    name: str,
    ask: Ask,
    *,
    as_chat: bool,
    tokenizer: str | None,
    texts: Texts | None,
    context_tokens: int | None,
) -> Any:
    """The harness's model object. `tokenizer` and `texts` are needed for log-probabilities only."""
    options: dict[str, Any] = {
        "model": name,
        "max_length": context_tokens or _CONTEXT_TOKENS,
        # Prompts are sent as text. Token ids are sent only to get log-probabilities.
        "tokenized_requests": False,
        "tokenizer_backend": None,
    }
    if as_chat:
        return _ServedChat(ask, None, **options)
    if tokenizer is not None:
        options |= {"tokenizer": tokenizer, "tokenizer_backend": "huggingface"}
    return _ServedCompletions(ask, texts, **options)

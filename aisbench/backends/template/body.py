"""The bodies of a template backend: a Jinja template that renders to a JSON object."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from aisbench.backends.backend import BodyOptions
from aisbench.backends.prompt import SESSION, Prompt
from aisbench.errors import BadInput
from aisbench.extras import install_command

# What a template can use. None where a request has none.
VARIABLES = (
    *("prompt", "messages", "token_ids", "model", "max_tokens", "temperature", "ignore_eos", "stream"),
    *("tools", "tool_choice", "session"),
)
# Variables that stand for fields that prompts of data sets may have, and that then are not added to the body again.
_FIELDS = ("tools", "tool_choice")
_SHOWN = 60
_CODE = re.compile(r"\{[{%](.*?)[%}]\}", re.DOTALL)
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")


class BodyTemplate:
    """`name`: the file, for messages. `source`: the Jinja template, which is compiled when the first body is made."""

    def __init__(self, name: str, source: str) -> None:
        self.name = name
        self.source = source

    def uses(self, variable: str) -> bool:
        """Whether the template may use a variable; workers ask, which have no use for Jinja itself."""
        return any(re.search(rf"\b{variable}\b", code) for code in self._code)

    @functools.cached_property
    def _code(self) -> list[str]:
        """What stands in {{ }} and {% %}, without texts in quotes."""
        return [_QUOTED.sub("", code) for code in _CODE.findall(self.source)]

    def fields(self, prompt: Prompt, options: BodyOptions) -> dict[str, Any]:
        """The body's fields. Raises BadInput for a template that cannot be rendered, or not to a JSON object."""
        values = {
            "prompt": prompt.text,
            "messages": _messages(prompt),
            "token_ids": prompt.token_ids and list(prompt.token_ids),
            "model": prompt.model or options.model,
            "max_tokens": prompt.output_tokens,
            "temperature": options.temperature,
            "ignore_eos": options.ignore_eos,
            "stream": options.stream,
            "tools": prompt.fields.get("tools"),
            "tool_choice": prompt.fields.get("tool_choice"),
            "session": SESSION if options.in_sessions else None,
        }
        try:
            text = self._render(values)
        except BadInput:
            raise
        # Whatever an expression of the template raises.
        except Exception as problem:
            raise BadInput(f"--template {self.name}: body cannot be rendered: {problem}") from problem
        return self._object(text)

    def own_fields(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """The fields of a prompt that the template does not place itself."""
        return {name: value for name, value in given.items() if name not in _FIELDS or not self.uses(name)}

    @functools.cached_property
    def _render(self) -> Callable[[Mapping[str, Any]], str]:
        try:
            import jinja2
            from jinja2 import meta
            from jinja2.sandbox import ImmutableSandboxedEnvironment
        except ImportError:
            raise BadInput(
                f"--backend template needs the package jinja2; run {install_command('template', 'jinja2')}"
            ) from None
        environment = ImmutableSandboxedEnvironment(undefined=jinja2.StrictUndefined, autoescape=False)
        # Jinja's own escapes <, > and &, and sorts keys.
        environment.filters["tojson"] = json.dumps
        try:
            unknown = meta.find_undeclared_variables(environment.parse(self.source)) - {*VARIABLES}
            template = environment.from_string(self.source)
        except jinja2.TemplateSyntaxError as problem:
            raise BadInput(
                f"--template {self.name}: line {problem.lineno} of body is not a Jinja template: {problem.message}"
            ) from None
        if unknown:
            raise BadInput(
                f"--template {self.name}: body uses {', '.join(sorted(unknown))}, which is not known; "
                f"known: {', '.join(VARIABLES)}"
            )
        return template.render

    def _object(self, text: str) -> dict[str, Any]:
        try:
            found = json.loads(text)
        except ValueError as problem:
            at = getattr(problem, "pos", 0)
            near = " ".join(text[max(0, at - _SHOWN // 2) : at + _SHOWN // 2].split())
            raise BadInput(
                f"--template {self.name}: body does not render to JSON ({problem}), near {near!r}; put texts through "
                "| tojson, as in {{ prompt | tojson }}"
            ) from None
        if not isinstance(found, dict):
            raise BadInput(
                f"--template {self.name}: body must render to a JSON object, got {text.strip()[:_SHOWN]}"
            )
        return found


def _messages(prompt: Prompt) -> list[Any]:
    """The prompt's messages, or its text as one of the user."""
    if prompt.messages is not None:
        return [dict(message) for message in prompt.messages]
    content: Any = prompt.text
    if prompt.media:
        content = [{"type": "text", "text": prompt.text}, *map(dict, prompt.media)]
    return [{"role": "user", "content": content}]

"""The simulated server: answers requests at the batcher's pace."""

from __future__ import annotations

import asyncio
import random
import time
from dataclasses import replace

from aisbench._native.os.clock import Timer, now_ns
from aisbench.simulator.asked import Asked, Refusal, parse_json
from aisbench.simulator.connection import Connection, HttpRequest, response_head
from aisbench.simulator.dialects.answer import Answer
from aisbench.simulator.dialects.dialect import Dialect
from aisbench.simulator.faults import HTML, After, Faults, before_answer
from aisbench.simulator.known_answers import KnownAnswers
from aisbench.simulator.model.batcher import Batcher, Sequence
from aisbench.simulator.model.ledger import Ledger
from aisbench.simulator.model.parameters import Parameters
from aisbench.simulator.model.replicas import Cached, Replicas
from aisbench.simulator.pages import JSON, Pages
from aisbench.simulator.routes import Route, route_of

# A server that is more than this behind its schedule, or was stopped for longer, moves its schedule instead of sending
# everything it missed in one burst. /truth reports the time lost as given_up_ms.
_GIVE_UP_NS = 1_000_000_000
_NEVER = -1


class Request(Sequence):
    """A request that is being answered: its place in the batch, and the connection that its tokens go to."""

    __slots__ = (
        *("answer", "arrived_ns", "asked", "cached", "connection", "dialect", "fault", "fault_at"),
        *("first_ns", "last_ns"),
    )

    def __init__(
        self,
        asked: Asked,
        stop_at: int,
        connection: Connection,
        dialect: Dialect,
        answer: Answer,
        fault: str | None,
        cached: Cached | None,
    ) -> None:
        super().__init__(asked.prompt_tokens, asked.max_tokens, stop_at)
        self.prefilled = asked.cached_tokens or 0
        self.asked = asked
        self.connection = connection
        self.dialect = dialect
        self.answer = answer
        self.fault = fault
        self.cached = cached
        # In the middle of the stream, where there is one.
        self.fault_at = stop_at // 2 if fault and asked.stream else _NEVER
        self.arrived_ns = now_ns()
        self.first_ns = 0
        self.last_ns = 0

    @property
    def reason(self) -> str:
        return "length" if self.stop_at == self.max_tokens else "stop"


class Simulator:
    """Answers the requests of all connections, and times the steps of the batch.

    A step begins at the planned end of the previous one even if the loop is late, so that the server is as fast as its
    parameters say. When the server is idle, a step begins as soon as a request arrives.
    """

    def __init__(self, parameters: Parameters, known: KnownAnswers | None = None) -> None:
        self.parameters = parameters
        self.known = known
        self.batcher: Batcher[Request] = Batcher(parameters)
        self.ledger = Ledger()
        self.replicas = Replicas(parameters)
        self.pages = Pages(parameters, self.batcher, self.ledger, self.replicas)
        self.faults = Faults(parameters)
        self.random = random.Random(f"{parameters.seed} early ends")
        self.requests: dict[Connection, Request] = {}
        self.numbers = 0
        self.stepping = False
        self.step_end_ns = 0
        self.timer = Timer()
        asyncio.get_running_loop().add_reader(self.timer.fd, self.on_timer)

    # Requests

    def handle(self, request: HttpRequest, connection: Connection) -> None:
        route = route_of(request.path)
        if not self.allowed(request):
            connection.respond(401, JSON, b'{"error":"Unauthorized"}')
        elif route is None:
            connection.respond(*self.pages.answer(request))
        elif request.method != "POST":
            connection.respond(405, JSON, b'{"detail":"Method Not Allowed"}')
        else:
            self.accept(request, route, connection)

    def allowed(self, request: HttpRequest) -> bool:
        """Whether the request has the API key; as in vLLM, only paths under /v1 need it."""
        key = self.parameters.api_key
        if key is None or not request.path.startswith("/v1"):
            return True
        return request.authorization == b"Bearer " + key.encode()

    def accept(self, request: HttpRequest, route: Route, connection: Connection) -> None:
        """Queues a generation request, or refuses it in the words of its API."""
        dialect = route.dialect_of({})
        try:
            fields = parse_json(request.body)
            dialect = route.dialect_of(fields)
            asked = dialect.parse(fields, route.way, self.parameters)
            fault = self.faults.draw()
            if fault in ("http-500", "http-401", "html"):
                self.ledger.faults[fault] += 1
                before_answer(fault)
                connection.respond(200, b"text/html; charset=utf-8", HTML)
                return
        except Refusal as refusal:
            status, body = dialect.refuse(refusal)
            connection.respond(status, JSON, body)
            return
        if self.known is not None and asked.generates:
            asked = replace(asked, known=self.known.answer_to(fields))
        cached = None
        if self.replicas.are_on:
            cached = self.replicas.take(asked.prompt, request.session)
            asked = replace(asked, cached_tokens=cached.found)
        self.numbers += 1
        answer = dialect.answer(asked, self.numbers, int(time.time()), self.parameters)
        taken = Request(asked, self.draw_end(asked), connection, dialect, answer, fault, cached)
        self.requests[connection] = taken
        self.ledger.arrived(asked.prompt_tokens, asked.cached_tokens or 0)
        self.batcher.submit(taken)
        if not self.stepping:
            self.begin_step(taken.arrived_ns)

    def draw_end(self, asked: Asked) -> int:
        """The number of tokens in the answer: a known one has its own, else each token is the last with probability
        `stop_early`."""
        if asked.known is not None:
            return min(asked.max_tokens, len(asked.known.plain))
        end = 1
        if not self.parameters.stop_early or asked.ignore_eos:
            return asked.max_tokens
        while end < asked.max_tokens and self.random.random() >= self.parameters.stop_early:
            end += 1
        return end

    def disconnected(self, connection: Connection) -> None:
        request = self.requests.pop(connection, None)
        if request is not None:
            self.batcher.cancel(request)
            self.ledger.aborted("abort")

    # Steps

    def begin_step(self, at_ns: int) -> None:
        self.stepping = not self.batcher.is_idle
        if not self.stepping:
            return
        self.step_end_ns = at_ns + self.batcher.begin_step()
        self.timer.arm_at(self.step_end_ns)
        for request in self.batcher.admitted:
            self.ledger.queue.append(max(0, at_ns - request.arrived_ns))

    def on_timer(self) -> None:
        self.timer.clear()
        late_ns = now_ns() - self.step_end_ns
        self.ledger.late.append(late_ns)
        requests = self.batcher.end_step()
        if 0 < self.parameters.wrong_above < len(requests):
            for request in requests:
                self.ledger.faults["wrong"] += request.answer.go_wrong(request.generated - 1)
        itl_append = self.ledger.itl.append
        # Requests for vectors and scores take part in the step but generate no token.
        no_tokens = 0
        for request in requests:
            generated = request.generated
            if generated == 1 or generated == request.stop_at or generated - 1 == request.fault_at:
                self.send_edge(request)
                no_tokens += not request.asked.generates
                continue
            if request.asked.stream:
                request.connection.send(request.answer.token(generated - 1))
            sent_ns = now_ns()
            itl_append(sent_ns - request.last_ns)
            request.last_ns = sent_ns
        self.ledger.generated(len(requests) - no_tokens)
        if late_ns > _GIVE_UP_NS:
            self.ledger.given_up_ns += late_ns
            self.step_end_ns += late_ns
        self.begin_step(self.step_end_ns)
        self.ledger.count_blocks()

    def send_edge(self, request: Request) -> None:
        """Sends a token that is the first, the last, or replaced by a fault."""
        index = request.generated - 1
        ends = request.generated == request.stop_at
        answer = request.answer
        after = After.GOES_ON
        if request.asked.stream:
            piece = answer.opening() if index == 0 else b""
            if index == request.fault_at and request.fault is not None:
                self.ledger.faults[request.fault] += 1
                struck, after = self.faults.in_stream(request.fault, answer, request.dialect, index)
                piece += struck
            else:
                piece += answer.last_token(index, request.reason) if ends else answer.token(index)
            if ends and after is After.GOES_ON:
                piece += answer.closing(request.generated, request.reason)
            request.connection.send(piece)
        elif ends:
            after = self.send_body(request)
        self.note_time(request)
        if after is not After.GOES_ON:
            self.end_badly(request, after)
        elif ends:
            self.end(request)

    def send_body(self, request: Request) -> After:
        """Sends an answer that is not streamed."""
        connection, answer = request.connection, request.answer
        if request.fault is None:
            body = answer.whole(request.generated, request.reason)
            connection.send(response_head(200, JSON, len(body)) + body)
            return After.GOES_ON
        self.ledger.faults[request.fault] += 1
        try:
            body, after = self.faults.in_body(request.fault, answer, request.generated, request.reason)
        except Refusal as refusal:
            status, body = request.dialect.refuse(refusal)
            connection.send(response_head(status, JSON, len(body)) + body)
            return After.ENDS
        whole = response_head(200, JSON, len(body)) + body
        if after is After.CLOSE:
            connection.send(whole[: -len(body) // 2])
        elif after is After.ENDS:
            connection.send(whole)
        return after

    def note_time(self, request: Request) -> None:
        sent_ns = now_ns()
        if request.generated == 1:
            request.first_ns = sent_ns
            if request.asked.generates:
                self.ledger.ttft.append(sent_ns - request.arrived_ns)
        else:
            self.ledger.itl.append(sent_ns - request.last_ns)
        request.last_ns = sent_ns

    def end(self, request: Request) -> None:
        del self.requests[request.connection]
        if request.cached is not None and request.asked.generates:
            request.cached.answered(request.answer.text(0, request.generated).split())
        self.ledger.completed(
            request.reason,
            request.last_ns - request.arrived_ns,
            request.last_ns - request.first_ns,
            request.generated,
        )
        self.release(request.connection)

    def end_badly(self, request: Request, after: After) -> None:
        """Ends a request after a fault: frees its slot, and closes, releases or silences its connection."""
        self.batcher.cancel(request)
        if after is After.SILENCE:
            # The request stays active until the client disconnects.
            return
        del self.requests[request.connection]
        self.ledger.aborted("error")
        if after is After.CLOSE:
            request.connection.close()
        else:
            self.release(request.connection)

    def release(self, connection: Connection) -> None:
        """Lets the connection's next request begin, once the current step is processed."""
        connection.answered()
        if connection.waiting:
            asyncio.get_running_loop().call_soon(connection.next_request)

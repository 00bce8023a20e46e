"""A model of how workers take tickets and in-flight slots, sleep and wake, and of what follows a death.

Its steps are those of the code that can be seen from another process: one load, store, atomic or system call each. The
loop's timer, which looks again every 100 ms whatever happens, is left out: nothing may depend on it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple


class Worker(NamedTuple):
    # Where it is: `_next_step` has the steps.
    at: str = "next"
    # Tickets.ticket: one is in hand.
    ticket: bool = False
    # Tickets.held: requests in flight, each with its slot.
    flying: int = 0
    # Tickets.share
    share: int = 1
    exhausted: bool = False
    # The slots' descriptor is among those that wake it (Wakers.watch).
    watches: bool = False
    # A slot was given while it watched: what an edge-triggered watch would see.
    rung: bool = False
    # Holding.held, and Holding.moves: whether odd, and whether changed since the coordinator looked.
    held: int = 0
    odd: bool = False
    moved: bool = False
    # The number it read, where taking a ticket is not atomic.
    read: int = 0


class Coordinator(NamedTuple):
    """Survivors.look and Slots.reclaim."""

    at: str = "idle"
    # Those found dead.
    dead: frozenset[int] = frozenset()
    unsettled: bool = False
    worker: int = 0
    held: int = 0
    free: int = 0


class State(NamedTuple):
    workers: tuple[Worker, ...]
    coordinator: Coordinator = Coordinator()
    # BlockHead.next_ticket, and how often tickets were taken that had been taken before.
    next_ticket: int = 0
    taken_twice: int = 0
    # The eventfd's count, and BlockHead.share.
    free: int = 0
    share: int = 0
    deaths: int = 0


@dataclass(frozen=True)
class Model:
    """`without`: the parts of the protocol that are left out, to see that the exploration finds what then goes wrong."""

    workers: int
    limit: int
    tickets: int
    most_deaths: int
    without: frozenset[str] = frozenset()

    def start(self) -> State:
        share = -(-self.limit // self.workers)
        return State((Worker(share=share),) * self.workers, free=self.limit)

    def steps(self, state: State) -> Iterator[tuple[str, State]]:
        for number, worker in enumerate(state.workers):
            if worker.at in ("ended", "dead"):
                continue
            for name, after in self._steps_of(state, number, worker):
                yield f"{number}: {name}", after
            if state.deaths < self.most_deaths:
                # Of what it leaves, others see only its Holding, and that only until it is found dead.
                left = Worker("dead", held=worker.held, odd=worker.odd, moved=worker.moved)
                yield f"{number}: death", self._put(state, number, left, deaths=1)
        yield from self._coordinates(state)

    @staticmethod
    def by_chance(name: str) -> bool:
        return name.endswith("death")

    # What must hold

    def check(self, state: State) -> str | None:
        if state.taken_twice:
            return "a ticket was taken twice"
        if sum(worker.flying for worker in state.workers) > self.limit:
            return "more are in flight than the limit allows"
        return None

    def ends(self, state: State) -> str | None:
        """In the end every ticket was taken, every worker has ended, and every slot is free, unless all workers died."""
        alive = [worker for worker in state.workers if worker.at != "dead"]
        if any(worker.at != "ended" for worker in alive):
            return "all sleep and nothing wakes them"
        if alive and (state.next_ticket < self.tickets or state.free != self.limit):
            return f"{state.free} slots are free at the end"
        return None

    # The workers

    @staticmethod
    def _put(state: State, number: int, worker: Worker, *, deaths: int = 0) -> State:
        workers = (*state.workers[:number], worker, *state.workers[number + 1 :])
        return state._replace(workers=workers, deaths=state.deaths + deaths)

    def _steps_of(self, state: State, number: int, worker: Worker) -> Iterator[tuple[str, State]]:
        def step(name: str, **changes: object) -> tuple[str, State]:
            return name, self._put(state, number, worker._replace(**changes))  # type: ignore[arg-type]

        at = worker.at
        if at == "asleep":
            # Driver.on_wake, and the look of _Worker.until_finished.
            rings = worker.rung if "level" in self.without else state.free > 0
            if worker.flying:
                # Requests.settle: Tickets.give_slot, then Sender.pump.
                yield step("an answer", at="give 1", flying=worker.flying - 1)
            if worker.watches and rings:
                yield step("wakes for a slot", at="next", rung=False)
            if state.share > worker.share:
                yield step("widens", at="next", share=state.share)
            if worker.exhausted and not worker.flying:
                yield step("ends", at="ended")
        elif at == "next":
            yield self._next(state, number, worker)
        elif at == "store":
            # Not in the code: what a ticket would be without the atomic fetch-add.
            yield "stores the ticket", self._took(state, number, worker, worker.read)
        # Slots.try_take
        elif at == "take 1":
            yield step("begins to take", at="take 2", odd=True, moved=True)
        elif at == "take 2" and state.free:
            name, after = step("reads the eventfd", at="take 3")
            yield name, after._replace(free=state.free - 1)
        elif at == "take 2":
            yield step("finds no slot", at="watch", odd=False, moved=True)
        elif at == "take 3":
            yield step("counts it", at="take 4", held=worker.held + 1)
        elif at == "take 4":
            # Tickets.hand_out, Requests.ask; Sender.watch_slots(DUE)
            yield step(
                "sends",
                at="next",
                odd=False,
                moved=True,
                ticket=False,
                flying=worker.flying + 1,
                watches=False,
            )
        elif at == "watch":
            yield step("watches and sleeps", at="asleep", watches=True)
        # Slots.give
        elif at == "give 1":
            yield step("begins to give", at="give 2", odd=True, moved=True)
        elif at == "give 2":
            yield step("counts it off", at="give 3", held=worker.held - 1)
        elif at == "give 3":
            name, after = step("writes the eventfd", at="give 4")
            yield name, self._add(after, 1)
        elif at == "give 4":
            yield step("has given", at="next", odd=False, moved=True)

    def _next(self, state: State, number: int, worker: Worker) -> tuple[str, State]:
        """Tickets.next up to its slot."""
        if not worker.exhausted and worker.ticket:
            return "has a ticket", self._put(state, number, worker._replace(at="take 1"))
        if worker.exhausted or worker.flying >= worker.share:
            # USED_UP, NO_SHARE
            return "sleeps", self._put(state, number, worker._replace(at="asleep", watches=False))
        if "atomic" in self.without:
            read = worker._replace(at="store", read=state.next_ticket)
            return "reads the ticket", self._put(state, number, read)
        return "takes a ticket", self._took(state, number, worker, state.next_ticket)

    def _took(self, state: State, number: int, worker: Worker, ticket: int) -> State:
        """SharedBlock.take_ticket gave `ticket`."""
        if ticket >= self.tickets:
            worker = worker._replace(at="next", exhausted=True, read=0)
        else:
            worker = worker._replace(at="take 1", ticket=True, read=0)
        return self._put(state, number, worker)._replace(
            # The count stays small, so that there are finitely many states.
            next_ticket=min(ticket + 1, self.tickets),
            taken_twice=state.taken_twice + (ticket < state.next_ticket),
        )

    @staticmethod
    def _add(state: State, count: int) -> State:
        """Slots.add"""
        rung = tuple(one._replace(rung=one.rung or (one.watches and count > 0)) for one in state.workers)
        return state._replace(free=state.free + count, workers=rung)

    # The coordinator

    def _coordinates(self, state: State) -> Iterator[tuple[str, State]]:
        def step(name: str, **changes: object) -> tuple[str, State]:
            return name, state._replace(coordinator=one._replace(**changes))  # type: ignore[arg-type]

        one = state.coordinator
        worker = state.workers[one.worker] if one.worker < len(state.workers) else None
        if one.at == "idle":
            dead = frozenset(n for n, worker in enumerate(state.workers) if worker.at == "dead")
            alive = len(state.workers) - len(dead)
            if dead != one.dead:
                # WorkerProcesses.found_dead, SharedBlock.widen
                name, after = step(
                    "finds the dead", at="moves" if alive else "idle", dead=dead, unsettled=alive > 0
                )
                yield name, after._replace(share=-(-self.limit // alive) if alive else state.share)
            elif one.unsettled:
                yield step("tries again", at="moves")
        # SharedBlock.holdings, the first time
        elif one.at == "moves" and worker is None:
            yield step("reads the free slots", at="again", worker=0, free=state.free)
        elif one.at == "again" and worker is None:
            yield self._gives_back(state)
        elif one.worker in one.dead:
            yield step("passes over the dead", worker=one.worker + 1)
        elif one.at == "moves":
            assert worker is not None
            if worker.odd and "odd" not in self.without:
                yield step("meets a move", at="idle", worker=0, held=0)
            else:
                name, after = step("reads the moves", at="held")
                yield name, self._put(after, one.worker, worker._replace(moved=False))
        elif one.at == "held":
            assert worker is not None
            yield step("reads what is held", at="moves", worker=one.worker + 1, held=one.held + worker.held)
        # SharedBlock.holdings, the second time
        elif one.at == "again":
            assert worker is not None
            if worker.moved and "second look" not in self.without:
                yield step("sees a move", at="idle", worker=0, held=0, free=0)
            else:
                yield step("sees no move", worker=one.worker + 1)

    def _gives_back(self, state: State) -> tuple[str, State]:
        one = state.coordinator
        if "conservation" in self.without:
            lost = sum(state.workers[number].held for number in one.dead)
        else:
            lost = self.limit - one.free - one.held
        settled = Coordinator(dead=one.dead)
        return f"gives back {lost}", self._add(state._replace(coordinator=settled), lost)

"""The terms of the reports, and the links from labels on a page to their meanings.

docs/glossary.md has the same texts.
"""

from __future__ import annotations

import re
from html import escape

from aisbench.metrics import METRICS

WORDS = {
    **{metric.title: metric.meaning for metric in METRICS},
    "ITL per event": "The gap between two content events when events carry more than one token on average. It is not the time between tokens.",
    "content event": "A server-sent event with generated content: text, reasoning or a tool call.",
    "from plan": "Counted from the moment at which the request was due, so it includes the wait for the in-flight limit. This is what a user of a busy service sees.",
    "in flight": "Requests that were sent and whose answers have not ended, at one moment.",
    "in-flight limit": "The maximum number of requests in flight, set by --concurrency. A request that is due while the limit is reached waits in the client.",
    "peak concurrent requests": "vLLM's count: the largest number of requests active in the same second, whether they ended early in it or began late in it. It can be several times the in-flight limit. The peak in flight is the largest number at one moment.",
    "goodput": "Requests per second that met every bound of --goodput.",
    "arrival plan": "The times at which requests are due, all drawn before the run starts.",
    "arrival process": "The law by which an arrival plan is drawn, such as Poisson (exponential gaps), gamma or constant.",
    "burstiness": "The shape of the gamma law of the gaps between requests: 1 is Poisson, below 1 is burstier, above 1 is more regular, inf is constant.",
    "open loop": "Requests are sent according to a plan (--rate), whether or not earlier ones have been answered.",
    "closed loop": "A request is sent as soon as another ends, so that --concurrency of them are always in flight.",
    "cut off": "Still in flight when the run's time and --grace were over. Such requests are counted, but are not part of any latency.",
    "dropped": "Never sent, because --late drop:MS skips requests that are more than MS late.",
    "lost": "In flight when a worker died.",
    "turn": "One request of a conversation. It is sent when the answer to the previous turn is complete.",
    "stable stage": "AISBench's definition: from the first send after the number of requests in flight reached its maximum to the last moment at that maximum.",
    "settled stage": "The run without its warm-up, as found by MSER-5, and without its end, while the load drains.",
    "MSER-5": "A rule for cutting off a warm-up (White, 1997): take means of batches of five, and cut where the standard error of the rest is smallest.",
    "schedule lag": "Sent minus planned. Own lag is the part that the in-flight limit did not cause.",
    "client delay": "From the arrival of bytes at this host, as stamped by the kernel, to the moment at which the client saw them. With kernel stamps it is not part of any latency.",
    "clock of received bytes": "Who stamps arrivals: the kernel, when bytes reach the socket, or the user-space client, when it reads them.",
    "bounds of the mean": "The kernel keeps one stamp for everything that waits in a socket, so a token that was read together with others arrived between two known moments. The bounds are the mean of the earlier moments and the mean of the later ones.",
    "reader's rest": "How long the client waits before it reads its sockets again, at most 2 ms. With kernel stamps the wait costs no accuracy, and it saves wake-ups.",
    "reads with several tokens": "Reads that found more than one token waiting. All tokens of a read get one stamp: the sum of the gaps stays correct, but single gaps do not.",
    "events per read": "How many server-sent events one read of a socket found, on average.",
    "roofline": "The load at which a worker fills one CPU core, as measured by `aisbench selfcheck` on this host. A run near it measures its own client.",
    "waiting for a CPU": "The share of its time in which a worker was ready to run while another program had the core.",
    "CPU steal": "Time in which the hypervisor ran other guests while this host wanted a CPU.",
    "CPU throttling": "Time in which a cgroup's CPU quota kept the client from running.",
    "stale connection": "A kept connection that the server closed while it was idle. The request is sent again on another connection.",
    "steps of the system clock": "How often the system clock was set during the run. Kernel stamps follow that clock.",
    "95 % interval": "Where the true percentile lies with a probability of 95 %, given the number of requests. 'too few': there are not enough requests to tell.",
    "prefix cache": "The server's store of prompts that it has already processed. The beginning of a prompt found there is not processed again, which shortens TTFT.",
    "fingerprint": "Digests of what was sent. Runs with equal fingerprints did the same work.",
    "verdict": "Whether the figures can be relied on: valid, doubtful or invalid, with the reasons.",
    "SLO": "Service-level objective: the bounds of --slo, which a load has to meet.",
    "frontier": "The points of a sweep that no other point reaches in tokens/s per user and exceeds in tokens/s per server, or the other way round (the Pareto frontier).",
    "knee": "The load with the highest ratio of throughput to latency (requests/s over mean E2EL). More load brings little more throughput and much more latency.",
    "done under overload": "Requests/s that the server completed while its queue grew.",
    "CV of gaps": "Coefficient of variation (standard deviation over mean) of the gaps between requests: 1 for Poisson arrivals, 0 for constant ones.",
}  # fmt: skip
# Labels on pages, and the term that each links to.
LABELS = {
    "on the frontier": "frontier",
    "best under the SLO": "SLO",
    "bounds of mean TTFT": "bounds of the mean",
    "bounds of mean E2EL": "bounds of the mean",
    "client delay p50 / p99 / max": "client delay",
    "schedule lag p50 / p99 / max": "schedule lag",
    "schedule lag p99": "schedule lag",
    "client delay p99": "client delay",
    "share of the client's roofline": "roofline",
    "waiting for a CPU, per worker": "waiting for a CPU",
    "a worker's waiting for a CPU": "waiting for a CPU",
    "sent again after a stale connection": "stale connection",
    "width of mean TTFT's bounds": "bounds of the mean",
    "largest step of the system clock": "steps of the system clock",
    "TTFT from plan": "from plan",
    "E2EL from plan": "from plan",
    "In flight": "in flight",
    "in flight, mean": "in flight",
    "meets the SLO up to": "SLO",
    "requests cut off at the end": "cut off",
    "requests dropped as late": "dropped",
    "mean in flight against limit": "in-flight limit",
    "CV of sent gaps against plan": "CV of gaps",
    "sent rate against plan": "arrival plan",
    "token gaps blurred by a late reader": "reads with several tokens",
    "reads without a kernel stamp": "clock of received bytes",
    "prefix cache hits that the workload does not explain": "prefix cache",
    "CPU time stolen by the host": "CPU steal",
    "CPU time throttled (cgroup)": "CPU throttling",
}  # fmt: skip
_LINK = re.compile(r'href="#word-([a-z0-9-]+)"')


def _slug(word: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", word.lower()).strip("-")


SLUGS = {_slug(word): word for word in WORDS}


def linked(label: str) -> str:
    """`label` as HTML. If the glossary has the term, it links to its meaning, which is also its tooltip."""
    word = LABELS.get(label, label)
    word = word if word in WORDS else SLUGS.get(_slug(word), "")
    return link(word, label) if word else escape(label)


def link(word: str, text: str) -> str:
    return f'<a class="word" href="#word-{_slug(word)}" title="{escape(WORDS[word])}">{escape(text)}</a>'


def section(html: str) -> str:
    """The terms that `html` links to and their meanings, for the end of its page; "" if it links to none."""
    used = set(_LINK.findall(html))
    if not used:
        return ""
    items = "".join(
        f'<div id="word-{_slug(word)}"><dt>{escape(word)}</dt><dd>{escape(meaning)}</dd></div>'
        for word, meaning in WORDS.items()
        if _slug(word) in used
    )
    return f'<section class="panel" id="words"><h2>Terms on this page</h2><dl class="words">{items}</dl></section>\n'

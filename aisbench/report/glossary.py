"""The words of the reports. docs/glossary.md holds the same; a page links each of its own to what it means."""

from __future__ import annotations

import re
from html import escape

from aisbench.metrics import METRICS

WORDS = {
    **{metric.title: metric.meaning for metric in METRICS},
    "ITL per event": "The gap between two content events of more than one token each: not the time between tokens.",
    "from plan": "Counted from the moment at which a request was to leave by the plan, and so with the wait for the in-flight limit: what a user of a busy service feels.",
    "in flight": "Requests that were sent and whose answers have not ended, at one moment.",
    "in-flight limit": "The most requests that --concurrency allows in flight. A request that is due while the limit is reached waits in the client.",
    "peak concurrent requests": "vLLM's count: the most requests that touch the same second, those that ended early in it and those that began late in it together. It can be several times the in-flight limit; the peak in flight is the most at one moment.",
    "goodput": "Requests a second that met every bound of --goodput.",
    "open loop": "Requests leave by a plan (--rate), whether or not earlier ones have been answered.",
    "closed loop": "A request leaves as soon as another ends, so that --concurrency of them are always in flight.",
    "cut off": "Still in flight when the run's time and --grace were over. Such requests are counted, and are in no latency.",
    "dropped": "Never sent: with --late drop:MS a request that is later than that is skipped.",
    "lost": "In flight when a worker died.",
    "turn": "One request of a conversation. It leaves when the answer to the turn before is complete.",
    "stable stage": "AISBench's: from the first send after the requests in flight reached their maximum to the last moment at that maximum.",
    "settled stage": "The run without its warm-up, as MSER-5 finds it, and without its end, when the load only drains.",
    "MSER-5": "A rule for cutting off a warm-up (White, 1997): take means of batches of five, and cut where the standard error of what is left is least.",
    "schedule lag": "Sent minus planned. Own lag is the part that the in-flight limit did not cause.",
    "client delay": "From the arrival of bytes at this host, as the kernel stamps it, to the moment at which the client saw them. With kernel stamps it is in no latency.",
    "clock of received bytes": "Who stamps arrivals: the kernel, when bytes reach the socket, or the user-space client, when it reads them.",
    "bounds of the mean": "The kernel keeps one stamp for all that waits in a socket. A token that was read together with others came between two known moments; these are the means of both.",
    "reader's rest": "How long the client waits before it drains its sockets again, at most 2 ms. Kernel stamps make the wait harmless, and it saves wake-ups.",
    "reads with several tokens": "Reads that found more than one token waiting. All of a read's tokens get one stamp: the sum of the gaps stays right, single gaps do not.",
    "events per read": "How many server-sent events one read of a socket found, on average.",
    "roofline": "The load at which a worker fills one CPU core, by `aisbench selfcheck` on this host. A run near it measures its own client.",
    "waiting for a CPU": "The share of its time in which a worker was ready to run and another program had the core.",
    "stale connection": "A kept connection that the server had closed while it was idle. The request is sent again on another.",
    "steps of the system clock": "How often the system clock was set during the run. Kernel stamps are in its time.",
    "95 % interval": "Where the true percentile lies with a probability of 95 %, by the number of requests. 'too few': so few requests cannot tell.",
    "fingerprint": "Digests of what was sent. Runs with equal fingerprints did the same work.",
    "verdict": "Whether the figures can be relied on: valid, doubtful or invalid, with the reasons.",
    "SLO": "Service-level objective: the bounds of --slo, which a load has to meet.",
    "knee": "The load with the greatest throughput per latency (requests/s over mean E2EL). More load brings little more throughput and much more latency.",
    "done under overload": "Requests/s that the server completed while its queue grew.",
    "CV of gaps": "Coefficient of variation (standard deviation over mean) of the gaps between requests: 1 for Poisson arrivals, 0 for constant ones.",
}  # fmt: skip
# Labels that stand on pages for one of the words.
LABELS = {
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
}  # fmt: skip
LINK = re.compile(r'href="#word-([a-z0-9-]+)"')


def slug(word: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", word.lower()).strip("-")


SLUGS = {slug(word): word for word in WORDS}


def linked(label: str) -> str:
    """`label` as HTML; with a link to its meaning, and the meaning as a tooltip, where the glossary has it."""
    word = LABELS.get(label, label)
    word = word if word in WORDS else SLUGS.get(slug(word), "")
    return link(word, label) if word else escape(label)


def link(word: str, text: str) -> str:
    return f'<a class="word" href="#word-{slug(word)}" title="{escape(WORDS[word])}">{escape(text)}</a>'


def section(html: str) -> str:
    """The glossary of what `html` links to, for the end of its page; "" where it links to nothing."""
    used = set(LINK.findall(html))
    if not used:
        return ""
    items = "".join(
        f'<div id="word-{slug(word)}"><dt>{escape(word)}</dt><dd>{escape(meaning)}</dd></div>'
        for word, meaning in WORDS.items()
        if slug(word) in used
    )
    return f'<section class="panel" id="words"><h2>Words on this page</h2><dl class="words">{items}</dl></section>\n'

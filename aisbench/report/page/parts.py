"""The parts of a run's page that are plain HTML, so that they can be read without scripts."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable
from html import escape
from typing import Any

from aisbench.metrics import BRIEF, BY_KEY
from aisbench.records.run import Run
from aisbench.report.glossary import link, linked
from aisbench.report.page import answers as page_answers
from aisbench.report.page import groups as page_groups
from aisbench.report.page import headline as page_headline
from aisbench.report.page import identity as page_identity
from aisbench.report.page import server as page_server
from aisbench.report.page import sessions as page_sessions
from aisbench.report.page.table import ABSENT, figure, said, table
from aisbench.report.prefix_cache import prefix_cache_panel
from aisbench.report.shown import APART, felt_from_plan, known, metric_title, ttft_bounds

_VERDICT_WORDS = {
    "valid": "No problem found with these figures.",
    "doubtful": "Read the reasons before you rely on these figures:",
    "invalid": "Do not rely on these figures:",
}


def title(run: Run) -> str:
    label = run.config.label
    return escape(f"{label} – {run.folder.name}" if label else f"aisbench {run.folder.name}")


def sections(run: Run, summary: dict[str, Any]) -> dict[str, str]:
    """HTML for the places of report.html, by their names."""
    return {
        "subtitle": target(run, summary),
        "command": escape(shlex.join(run.info.get("command") or [])),
        "verdict": verdict(summary["verdict"]),
        "headline": page_headline.headline(summary),
        "planned_note": "; the grey band counts each request from when it was due"
        if run.is_open_loop
        else "",
        "turns_note": _turns_note(run),
        "timeline_note": _timeline_note(run),
        "percentiles": percentile_table(summary),
        "latency_note": latency_note(summary),
        "request_curves": _curves_of(summary),
        "sessions": page_sessions.sessions(summary),
        "slices": page_groups.slices(summary),
        "parts": page_answers.answers(summary) + page_groups.parts(summary),
        "server": page_server.server_panel(summary) + prefix_cache_panel(summary),
        "devices": page_server.devices_panel(summary),
        "stable": page_groups.stable(summary),
        "errors": errors(summary),
        "checks": checks(summary["verdict"]["checks"]),
        "client": facts(_client_facts(summary)),
        "identity": facts(page_identity.identity_facts(run, summary)),
        "config": facts(sorted((name, value) for name, value in run.written_config.items()), label=escape),
        "notes": "".join(f'<p class="remark">{said(note)}</p>' for note in summary["notes"]),
    }


def _curves_of(summary: dict[str, Any]) -> str:
    """The names of the latencies in the chart of requests, such as "TTFT and E2EL"."""
    *others, last = [metric.title for metric in BRIEF if metric.key in summary["metrics"]]
    return f"{', '.join(others)} and {last}" if others else last


def target(run: Run, summary: dict[str, Any]) -> str:
    config = run.config
    model, url = config.model or "unnamed model", ", ".join(config.url)
    where = "the built-in simulator" if summary["simulator"] else f"{url}{config.endpoint or ''}"
    when = str(run.info.get("date") or "").replace("T", " ").replace("+00:00", " UTC")
    return f"<strong>{said(model)}</strong> at {escape(where)}, {escape(when)}"


def verdict(found: dict[str, Any]) -> str:
    status = found["status"]
    items = "".join(f"<li>{said(text)}</li>" for text in found["reasons"])
    items += "".join(f'<li class="note">Note: {said(text)}</li>' for text in found["notes"])
    return (
        f'<section class="verdict {status}" id="verdict"><h2><span class="chip">{status}</span> '
        f"{_VERDICT_WORDS[status]}</h2>{f'<ul>{items}</ul>' if items else ''}</section>"
    )


def _turns_note(run: Run) -> str:
    """In runs with conversations, says that each turn counts as a request."""
    return f" (every {link('turn', 'turn')} of a conversation counts as one)" if run.has_conversations else ""


def _timeline_note(run: Run) -> str:
    what = "a request (one turn of a conversation)" if run.has_conversations else "a request"
    parts = [f"Each line is {what} in the order of the plan:"]
    if run.is_open_loop:
        parts.append('<b class="wait">planned to sent</b>,')
    if run.streams:
        parts.append('<b class="ttft">sent to first token (TTFT)</b>,')
        parts.append('<b class="decode">first to last token (decode)</b>;')
    else:
        parts.append('<b class="ttft">sent to whole answer (E2EL)</b>;')
    parts.append('<b class="failed">failed or cut off</b>.')
    return " ".join(parts)


def percentile_table(summary: dict[str, Any]) -> str:
    metrics = summary["metrics"]
    percents = sorted(
        {name for found in metrics.values() for name in found or () if _is_percentile(name)},
        key=lambda name: float(name[1:]),
    )
    columns = ["mean", "std", "min", *percents, "max"]
    from_send = [(metric_title(summary, key), found) for key, found in metrics.items()]
    plan = summary["from_plan"] or {}
    from_plan = [(f"{BY_KEY[key].title} from plan", found) for key, found in plan.items()]
    # As on the cards, the latencies that a user felt come first.
    rows = from_plan + from_send if felt_from_plan(summary) else from_send + from_plan
    intervals = {BY_KEY[key].title: found for key, found in summary["percentile_intervals"].items()}
    return table(
        ["ms", *columns, "count"],
        [
            [
                linked(name),
                *(_cell(known(found, c), intervals.get(name, {}), c) for c in columns),
                f"{(found or {}).get('count', 0):,}",
            ]
            for name, found in rows
        ],
        "numbers",
    )


def _cell(value: float | None, intervals: dict[str, Any], column: str) -> str:
    """A figure. Below a percentile stands its 95 % interval, or "too few" requests for one."""
    if value is None or column not in intervals:
        return figure(value)
    between = intervals[column]
    aside = f"{figure(between[0])} to {figure(between[1])}" if between else "too few"
    return f"{figure(value)}<br><small>{aside}</small>"


def _is_percentile(name: str) -> bool:
    return name[0] == "p" and name[1:].replace(".", "", 1).isdigit()


def latency_note(summary: dict[str, Any]) -> str:
    if "ttft_ms" not in summary["metrics"]:
        return "E2EL: end-to-end latency, from the send to the end of the answer. Answers were not streamed."
    event = "choices" if summary["config"].get("ttft_at") == "first-chunk" else "generated content"
    notes = [
        f"TTFT: first event with {event}, from the send. ITL: gaps between such events, of all requests that "
        "succeeded. TPOT: (E2EL − TTFT) / (output tokens − 1). E2EL: last such event, from the send."
    ]
    if summary["from_plan"] is not None:
        notes.append(
            "From plan: counted from when the request was due, so it is what a user who came then would feel."
        )
    if summary["output_tokens_from"] in ("events", "mixed"):
        notes.append("Output tokens are counted as content events if the server gave no usable usage.")
    user = summary["client"]["ttft_user_ms"]
    if summary["clock"] == "user":
        notes.append("The client stamped arrivals itself, so its delays are part of every figure.")
    elif summary["completed"] and known(user, "mean") is not None:
        notes.append(
            f"Without kernel stamps, mean TTFT would be {figure(known(user, 'mean'))} ms "
            f"(p99 {figure(known(user, 'p99'))} ms)."
        )
    return " ".join(notes)


def errors(summary: dict[str, Any]) -> str:
    found = summary["errors"]
    requests = summary["requests"]
    apart = [f"{requests[name]:,} {words}" for name, words in APART.items() if requests[name]]
    tail = f"<p>Neither completed nor failed: {', '.join(apart)}.</p>" if apart else ""
    if not found:
        return (
            f"<p>No request failed{', but not all were completed: ' + ', '.join(apart) if apart else ''}.</p>"
        )
    rows = []
    for kind, count in found.items():
        samples = [sample for sample in summary["error_samples"] if sample.get("kind") == kind][:3]
        words = "<br>".join(
            f"#{sample.get('slot')}: {said(str(sample.get('message') or '(no message)')[:400])}"
            for sample in samples
        )
        rows.append([f"<code>{escape(kind)}</code>", f"{count:,}", words])
    return table(["kind", "requests", "first messages"], rows, "errors") + tail


def checks(found: list[dict[str, Any]]) -> str:
    rows = []
    for check in found:
        sign = "&lt;" if check["below"] else "&gt;"
        bounds = [
            f"{sign} {check[name]:.4g}" if check[name] is not None else "–"
            for name in ("doubtful", "invalid")
        ]
        chip = f'<span class="chip {check["status"]}">{check["status"]}</span>'
        measured = f"{figure(check['value'])} {escape(check['unit'])}"
        rows.append(
            [linked(check["name"]), measured, *bounds, chip, f"<small>{escape(check['why'])}</small>"]
        )
    return table(["check", "measured", "doubtful", "invalid", "status", "why it matters"], rows, "checks")


def _reader(client: dict[str, Any]) -> str:
    refused = client["io_uring_refused"]
    return (client["reader"] or ABSENT) + (f" (io_uring: {refused})" if refused else "")


def _client_facts(summary: dict[str, Any]) -> list[tuple[str, Any]]:
    client = summary["client"]
    bounds = ttft_bounds(summary)
    found: list[tuple[str, Any]] = [
        ("clock of received bytes", summary["clock"]),
        (
            f"bounds of mean {'TTFT' if 'ttft_ms' in summary['metrics'] else 'E2EL'}",
            ABSENT if bounds is None else f"{bounds[0]:.3f} to {bounds[1]:.3f} ms",
        ),
        ("client delay p50 / p99 / max", _three(client["client_delay_ms"])),
    ]
    if client["schedule_lag_ms"] is not None:
        found.append(("schedule lag p50 / p99 / max", _three(client["schedule_lag_ms"])))
    found += [
        ("events per read", f"{client['events_per_read']:.2f}"),
        (
            "reads with several tokens",
            f"{client['merged_reads']:,}"
            + (
                f"; {client['merged_events']:,} tokens share a stamp with another"
                if client["merged_events"]
                else ""
            ),
        ),
        ("reader", _reader(client)),
        ("reader's rest", f"{client['reader_rest_ms']:.2f} ms"),
        ("CPU of a core, per worker", _percents_of(client["cpu_share"])),
        ("share of the client's roofline", _roofline(client["roofline"])),
        ("waiting for a CPU, per worker", _percents_of(client["runqueue_wait_share"])),
        (
            "peak memory, per worker",
            ", ".join("?" if n is None else f"{n / 1e6:.0f} MB" for n in client["peak_rss_bytes"]),
        ),
        ("requests on a kept connection", f"{client['reused_connections']:,}"),
        ("sent again after a stale connection", client["stale_retries"]),
        ("steps of the system clock", client["clock_steps"]),
    ]
    return found


def _three(figures: dict[str, float]) -> str:
    if known(figures, "p50") is None:
        return ABSENT
    return f"{figures['p50']:.3f} / {figures['p99']:.3f} / {figures['max']:.3f} ms"


def _roofline(found: dict[str, Any] | None) -> str:
    if found is None:
        return "unknown; aisbench selfcheck measures it for this host, for plain http"
    mean, busiest = 100 * found["mean_share"], 100 * found["busiest_share"]
    return f"{mean:.1f} % on average, {busiest:.1f} % in the busiest second (selfcheck of {found['measured'][:10]})"


def _percents_of(shares: list[float | None]) -> str:
    return ", ".join("?" if share is None else f"{100 * share:.1f} %" for share in shares) or "unknown"


def facts(pairs: Iterable[tuple[str, Any]], label: Callable[[str], str] = linked) -> str:
    """A list of names and values. `label` turns a name into HTML; by default it links terms of the glossary."""
    items = "".join(
        f"<div><dt>{label(name)}</dt><dd>{said(ABSENT if value is None else value)}</dd></div>"
        for name, value in pairs
    )
    return f"<dl>{items}</dl>"

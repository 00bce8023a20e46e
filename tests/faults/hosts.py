"""Faults of the client's own host and processes, what becomes of them, and the tests that hold it."""

from __future__ import annotations

from dataclasses import dataclass

_DEATHS = "tests/system/test_worker_deaths.py"
_FAULTS = "tests/system/test_faults.py"
_ENDING = "tests/system/test_ending.py"
_FULL = "tests/system/test_full_disk.py"
_UNUSABLE = "tests/system/test_unusable_folders.py"


@dataclass(frozen=True)
class HostFault:
    """`test`: the name of the test function in `file`."""

    name: str
    outcome: str
    file: str
    test: str


HOST_FAULTS: tuple[HostFault, ...] = (
    HostFault(
        "a worker is killed",
        "the others go on at the full limit; its requests in flight are `lost`, the verdict is invalid, exit code 1",
        *(_DEATHS, "test_after_a_worker_is_killed_the_other_finishes_at_the_full_limit"),
    ),
    HostFault(
        "a worker with sessions is killed",
        "the others do not take its sessions over: turns in flight are `lost`, later ones `not_sent`",
        *("tests/system/test_turns.py", "test_sessions_of_a_worker_that_died_end_with_it"),
    ),
    HostFault(
        "all workers are killed",
        "a report of what they recorded, exit code 1",
        *(_DEATHS, "test_when_all_workers_are_killed_their_records_are_reported"),
    ),
    HostFault(
        "a worker is stopped for a while",
        "the verdict is doubtful",
        *(_DEATHS, "test_a_worker_that_was_stopped_makes_the_run_doubtful"),
    ),
    HostFault(
        "the whole run is killed",
        "its workers end; `aisbench report` makes the report from the records",
        *(_ENDING, "test_a_run_that_is_killed_leaves_records_and_no_shared_memory"),
    ),
    HostFault(
        "SIGINT, SIGTERM or SIGHUP while prompts are made",
        "nothing is left, exit code 130",
        *(_ENDING, "test_a_signal_while_prompts_are_made_leaves_nothing"),
    ),
    HostFault(
        "a signal while the server is looked for or asked for its model, once or twice",
        "one line, nothing is left, exit code 130",
        *(_ENDING, "test_a_signal_before_the_server_is_reached_leaves_nothing"),
    ),
    HostFault(
        "a signal while the workers connect, to a server that accepts slowly or not at all",
        "the workers end, a report without requests, exit code 130",
        *(_ENDING, "test_a_signal_while_the_workers_connect_ends_the_run_and_its_workers"),
    ),
    HostFault(
        "a signal during the warm-up",
        "the workers end, a report without requests, exit code 130",
        *(_ENDING, "test_a_signal_during_the_warm_up_ends_the_run_and_its_workers"),
    ),
    HostFault(
        "a signal while the load runs",
        "requests in flight finish, a report, exit code 130",
        *(_ENDING, "test_a_signal_ends_the_run_with_a_report"),
    ),
    HostFault(
        "a second signal",
        "requests in flight are given up and count as `cancelled`, a report, exit code 130",
        *(_FAULTS, "test_a_second_ctrl_c_gives_up_what_is_in_flight"),
    ),
    HostFault(
        "a signal while the report is written",
        "the records stay, and `aisbench report` writes it; exit code 130",
        *(_ENDING, "test_a_signal_while_the_report_is_written_leaves_the_records"),
    ),
    HostFault(
        "the terminal closes",
        "as a signal",
        *(_ENDING, "test_a_terminal_that_closes_ends_the_run_with_a_report"),
    ),
    HostFault(
        "no free CPU, as other programs use them all",
        "the verdict is invalid, with the share of time that a worker waited; the bounds of TTFT hold",
        *("tests/system/test_no_free_cpu.py", "test_a_client_without_a_free_cpu_is_not_believed"),
    ),
    HostFault(
        "the system clock is set during the run",
        "no time is wrong by more than the reader's pause; the verdict names the step",
        *("tests/system/test_clock_steps.py", "test_no_time_is_wrong_by_the_step"),
    ),
    HostFault(
        "a soft limit on open files that is too low",
        "raised to the hard limit",
        *("tests/engine/test_limits.py", "test_the_soft_limit_is_raised_to_the_hard_one"),
    ),
    HostFault(
        "a hard limit on open files that is too low",
        "refused before the start, with the `--concurrency` that would work",
        *("tests/engine/test_limits.py", "test_a_hard_limit_that_is_too_low_is_said_before_the_start"),
    ),
    HostFault(
        "no local port is left",
        "`connect`; the report names the setting to widen",
        *("tests/system/test_ports.py", "test_the_report_says_that_ports_are_used_up_and_what_helps"),
    ),
    HostFault(
        "a small or read-only /dev/shm, as in containers",
        "no effect: what workers share is in the run's folder",
        *(_FULL, "test_a_container_s_small_shared_memory_is_no_limit"),
    ),
    HostFault(
        "no room on the disk for the prompts or the records",
        "refused before the start, exit code 1",
        *(_FULL, "test_records_for_which_there_is_no_room_are_known_before_the_start"),
    ),
    HostFault(
        "the disk fills up during the run",
        "the run ends, a report of what was recorded, exit code 1",
        *(_FULL, "test_a_disk_that_fills_up_ends_the_run_with_a_report"),
    ),
    HostFault(
        "a folder that cannot be written to",
        "one line that names the option, exit code 2",
        *(_UNUSABLE, "test_commands_on_a_read_only_disk_end_in_one_line"),
    ),
    HostFault(
        "a run's folder vanishes",
        "one line, exit code 1",
        *(_FAULTS, "test_a_folder_that_is_deleted_during_the_run_is_one_line"),
    ),
    HostFault(
        "a search's folder vanishes",
        "one line, exit code 1",
        *(_UNUSABLE, "test_a_search_whose_folder_vanishes_ends_in_one_line"),
    ),
    HostFault(
        "runs that begin in the same second in one folder",
        "a folder each",
        "tests/system/test_side_by_side.py",
        "test_each_run_has_its_folder_and_sends_the_same_whatever_its_workers",
    ),
    HostFault(
        "a study that two commands continue at once",
        "the second is refused, exit code 2; a command that was killed is no obstacle",
        *("tests/records/test_claim.py", "test_a_study_that_another_process_continues_is_refused"),
    ),
)

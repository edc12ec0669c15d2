"""What is done to the service on purpose, and that there is a test for each of it, under the whole service where it shows.

In each the delivery comes to a clear outcome, or waits and goes in when the fault is over; nothing is lost, doubled or half
there; the daemon goes on; and its log or its status says what is wrong.
"""

import re
from pathlib import Path

import pytest

FAULTS = {
    "the connection is cut in the middle of the transaction": "servers::test_the_connection_is_cut",
    "at any statement of it": "test_ingest_failures::test_an_ingest_is_whole_or_not_at_all",
    "during COMMIT, which was not carried out": "servers::test_the_connection_is_cut",
    "during COMMIT, which was carried out": "servers::test_the_connection_is_cut",
    "the database is stopped for longer than any pause": "servers::test_the_database_is_stopped_for_longer_than_any_pause",
    "it is away when the service starts": "test_service::test_a_database_that_is_away_at_the_start_is_waited_for",
    "it is killed and started again": "test_service::test_field_19_the_database_stops_and_starts",
    "it is made read-only": "servers::test_the_database_is_made_read_only",
    "its disk is full, and that of the status": "disks::test_the_database_s_disk_is_full",
    "the store's disk is full": "disks::test_the_store_s_disk_is_full",
    "it is full when the store is made": "disks::test_a_store_is_made_on_a_full_disk",
    "its disk fails otherwise": "test_objects::test_a_failing_disk_is_unavailable",
    "the drop folder's disk is full": "test_receipt::test_a_full_disk_leaves_the_receipt_that_was_there",
    "the folder is read-only": "disks::test_a_folder_is_read_only",
    "it cannot be read, nor a file in it": "disks::test_permission_is_lost_midway",
    "permission is lost midway": "disks::test_permission_is_lost_midway",
    "a directory in it fails": "test_listing::test_a_sub_folder_that_cannot_be_read_is_said_and_keeps_what_it_held",
    "it is unmounted and mounted again": "disks::test_a_share_is_unmounted_or_covered_by_another",
    "another one is mounted in its place": "disks::test_a_share_is_unmounted_or_covered_by_another",
    "it is unmounted while it is looked into": "test_listing::test_a_share_that_goes_away_during_a_scan_is_paused",
    "it is not there for a moment": "files::test_a_share_blinks_when_the_turn_of_an_old_delivery_comes",
    "its share hangs": "disks::test_a_share_hangs",
    "a file is deleted, cut short, replaced or rewritten while it is read": (
        "files::test_a_recording_changes_while_its_samples_are_copied"
    ),
    "the clock is set back: what was put off": "files::test_what_was_put_off_by_a_clock_that_is_set_back_is_due",
    "the clock is set back: how often it was tried": "files::test_tries_are_counted_although_the_clock_is_set_back",
    "the clock is set back: who has claimed it": "files::test_a_worker_is_missed_although_the_clock_is_set_back",
    "a file's time lies": "test_inbox::test_field_16_an_mtime_that_lies_neither_hastens_nor_delays",
    "inotify watches no more": "disks::test_inotify_is_exhausted",
    "inotify's queue overflows": "test_snapshot::test_field_05_an_overflow_of_the_kernel_s_queue_is_answered_by_a_scan",
    "a mask loops, hoards, exits, crashes, lingers, writes or raves": "masks::test_a_mask_that_goes_wrong_rejects_its_delivery",
    "a mask calls os._exit": "test_turn::test_a_process_that_ends",
    "a worker is killed three times": "test_service::test_a_delivery_that_kills_three_workers_is_parked_and_answered",
    "a share is so slow that a look takes minutes": "files::test_whoever_looks_at_a_crowd_says_now_and_then_that_it_is_alive",
    "very many deliveries come at once": "files::test_a_crowd_of_deliveries_comes_at_once",
    "one session comes from two folders at once, on two daemons": "test_service::test_two_services_share_one_database",
}
"""Each fault and its test; those of this kind are in modules called ``test_faults_of_…``."""


@pytest.mark.parametrize("fault", FAULTS)
def test_each_has_a_test(fault: str) -> None:
    """So that nobody takes one away unnoticed."""
    module, _, test = FAULTS[fault].partition("::")
    name = module if module.startswith("test_") else f"test_faults_of_{module}"
    assert re.search(rf"^def {test}\(", Path(__file__).with_name(f"{name}.py").read_text(), re.MULTILINE)


def test_no_test_is_without_a_fault() -> None:
    """What is in the modules of this kind is in the table."""
    modules = Path(__file__).parent.glob("test_faults_of_*.py")
    tests = {
        f"{module.stem.removeprefix('test_faults_of_')}::{test}"
        for module in modules
        for test in re.findall(r"^def (test_\w+)\(", module.read_text(), re.MULTILINE)
    }
    assert tests <= set(FAULTS.values())

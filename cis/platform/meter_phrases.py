"""Sentences on meters, seals, commands and the network, for ``cis.platform.phrases``."""

from collections.abc import Mapping

from django.utils.translation import gettext_noop as _

from cis.platform import route_phrases

SENTENCES: Mapping[str, str] = {
    **route_phrases.SENTENCES,
    "unknown_command": _("There is no such command."),
    "command_under_way": _("The meter is being switched by another command: wait for its answer."),
    "not_frozen": _("A counter value counts where it was frozen at midnight."),
    "too_many_messages": _("These are more messages than are taken at once."),
    "bad_messages": _("The messages cannot be read."),
    "wrong_command_value": _("This command takes no such value: a limit is positive, and ends in the future."),
    "bad_delivery": _("The delivery cannot be taken in."),
    "not_utf8": _("The file is no text in UTF-8."),
    "empty_delivery": _("The file has no meter."),
    "too_many_lines": _("The file has too many lines."),
    "unknown_meter_kind": _("This is no kind of meter."),
    "no_certificate": _("The number of the test certificate is missing."),
    "bad_certificate": _("The test certificate has no number, or ends before it begins."),
    "bad_seal_numbers": _("These numbers are no range of seals."),
    "seals_taken": _("Some of these seals are known already."),
    "unknown_seal": _("There is no such seal, or another crew has it."),
    "no_seals": _("A meter is sealed when it is hung up: give the numbers of the seals."),
    "seal_twice": _("A seal stands twice."),
    "too_many_meters": _("These are more meters than are moved at a time."),
    "invalid_meter_work": _("What was reported of the meter is incomplete or wrong."),
    "wrong_meter_work": _("This kind of work has another meter to report."),
    "not_meter_work": _("The work order is about no meter."),
    "no_service_point": _("The work order names no service point: let the desk name it first."),
    "meter_not_at_hand": _("This meter is not on the van of this crew."),
    "not_certified": _("The test certificate of the meter does not hold: hang another one up."),
    "place_has_meter": _("A meter hangs there already: order a meter exchange instead."),
    "reading_missing": _("The reading of a register is missing."),
    # counter values that are possible, but unlikely
    "counter_rolled_over": _("The counter has passed its last value and begun anew."),
    "above_capacity": _("That is more than this supply can carry."),
    "far_above_usual": _("That is far above the usual use."),
    "far_below_usual": _("That is far below the usual use."),
    "read_by_us": _("We have read this counter ourselves today: nothing is to be done."),
    # energizing
    "unknown_energizing": _("There is no such energizing."),
    "not_inspected": _("The inspection of the supply has not passed: inspect it first."),
    "case_not_ready": _("Not all meters of the application hang, or it has ended."),
    "no_cycle": _("No rule says which bill cycle new supplies get here: add one on the page of bill cycles."),
    "energized_before": _("The place is being energized already."),
    "meters_unclear": _("Several meters hang at the place: begin the supply on the account's page."),
    "no_head_end": _(
        "No head-end is connected: do it at the meter by a work order, or have one named in HEAD_END_GATEWAY."
    ),
    "switch_refused": _("The meter refused to switch on."),
    "switch_timed_out": _("The meter was not heard of in time."),
    "switch_cancelled": _("The command to the meter was cancelled."),
    # files of meters
    "encrypted_telegram": _("The telegrams are encrypted: have them decrypted first."),
    "broken_segment": _("A segment of the message is broken: ask the sender for a new file."),
    "not_json": _("The line is not an object of JSON."),
    "off_clock": _("The values begin at no whole interval on the clock that the register is on."),
    "other_interval_length": _("The day is kept in another interval length, and what came is not the whole day."),
    "bad_checksum": _("The telegram was damaged on the way."),
    "telegram_cut_off": _("The telegram does not end: it was cut off."),
    "no_time": _("The telegram does not say when it was written: enter its values with their date."),
    # the network
    "unknown_transformer": _("There is no such transformer."),
    "unknown_feeder": _("There is no such feeder."),
    "capacity_taken": _("The supply point has not as much capacity free: choose another one."),
    "asset_unfit": _("This supply point does not supply at this voltage, or is out of service."),
    "invalid_asset": _("Fields of the feeder or transformer are wrong."),
    "asset_in_use": _("It is in use: move what hangs on it first."),
    "bad_asset": _("The code is empty or too long."),
    "two_assets": _("A service point hangs on a transformer or on a feeder, not on both."),
}

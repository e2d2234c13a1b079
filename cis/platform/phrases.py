"""
Refusals and findings in the language of the page.

Domains speak plain English with the facts of the case, for logs and interfaces. A page in English shows that; a page
in another language shows the sentence that belongs to the code, and the English text beside it as a detail.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_noop as _


@dataclass(frozen=True, slots=True)
class Words:
    """
    What a person reads.

    detail  the facts of the case in English, where ``message`` is a sentence for all cases; else ""
    """

    message: str
    advice: str
    detail: str


def explain(code: str, message: str, advice: str = "") -> Words:
    """Return a refusal or finding in the language of the page; a code without a sentence keeps its English text."""
    sentence = SENTENCES.get(code)
    if sentence is None or (get_language() or "en").startswith("en"):
        return Words(message, advice, "")
    return Words(gettext(sentence), "", message)


SENTENCES: Mapping[str, str] = {
    # customers and accounts
    "invalid_customer": _("Fields of the customer are wrong."),
    "unknown_kind": _("There is no such kind."),
    "unknown_language": _("This language is not offered."),
    "bad_name": _("The name cannot be kept: it is empty, too long, or holds characters that no name has."),
    "bad_id_number": _(
        "This ID number cannot be right: compare it with the card or certificate, character by character."
    ),
    "bad_contact": _("This is no telephone number, e-mail address or postal address."),
    "contact_taken": _("The customer has this contact already."),
    "unknown_contact": _("The customer has no such contact."),
    "too_long": _("The text is too long."),
    "external_id_taken": _("This number is taken already."),
    "stale_edit": _("Somebody else changed the customer meanwhile."),
    "unknown_customer": _("There is no such customer."),
    "unknown_account": _("There is no such account."),
    "account_closed": _("The account is closed."),
    "account_not_open": _("The account is not open on this date."),
    "same_holder": _("The customer holds the account already."),
    "change_too_early": _("Choose a date after the first day of the present holder."),
    "numbers_exhausted": _("No account number is left."),
    "username_taken": _("This name is in use."),
    "weak_password": _("The password is too easy to guess."),
    "own_login": _("Nobody closes their own login or takes the administrator's role from themselves: ask another."),
    "no_supplier": _("No supplier is set up yet."),
    # places and meters
    "invalid_place": _("Fields of the place are wrong."),
    "bad_address": _("An address has 1 to 300 characters."),
    "bad_district": _("The district has at most 100 characters."),
    "bad_postcode": _("The postcode has at most 12 characters."),
    "unknown_voltage": _("There is no such voltage."),
    "bad_capacity": _("The capacity is above 0."),
    "invalid_meter": _("Fields of the meter are wrong."),
    "bad_serial": _("A meter number has 1 to 40 characters."),
    "bad_model": _("The model has at most 60 characters."),
    "bad_registers": _("A meter has one counter or more, each with its own code."),
    "serial_taken": _("There is a meter with this number already."),
    "meter_taken": _("The meter hangs somewhere else at that time: take it down there first."),
    "bad_multiplier": _("The multiplier is a whole number of 1 or more."),
    "not_installed": _("The meter does not hang here on this date: check the date."),
    "no_meter_there": _("No meter hangs there on this date: give the meter that is hung up."),
    "unknown_meter": _("There is no such meter."),
    "unknown_register": _("The meter has no such counter."),
    "register_not_named": _("The meter has several counters: name the one that was read."),
    "ambiguous_register": _("Several meters with this counter hang there: state the meter number."),
    "unknown_service_point": _("There is no such service point."),
    # what a place is billed on
    "invalid_usage_rule": _("The usage rule does not fit."),
    "unknown_usage_rule": _("There is no such usage rule."),
    "rule_not_in_force": _("The usage rule does not hold on this date."),
    "rule_incomplete": _("A rule of this kind needs this."),
    "rule_too_much": _("A rule of this kind has no such thing."),
    "own_source": _("A place takes nothing of itself: name the other place."),
    "bad_share": _("A share is above 0 and at most 100 %."),
    "bad_quantity": _("A fixed quantity is above 0 kWh."),
    "bad_span": _("A quantity is for a day or a month."),
    "bad_excess": _("Choose what is done where the quantities are more than the meter shows."),
    "shares_exceed": _("The fixed shares of the meter are more than 100 % together: lower one of them, or end it."),
    "excess_differs": _("The fixed quantities of one meter do not agree on what is done where they are too much."),
    "shared_twice": _("A place that has only a part of another meter cannot be shared again."),
    "rules_overlap": _("A rule for the same holds at that time already: end or change that one."),
    "rules_in_a_circle": _("The place would be billed on energy that is taken from itself."),
    # supply
    "service_point_taken": _("Somebody is supplied there at that time: end that supply first."),
    "outside_agreement": _("The supply is not in force on this date."),
    "already_ended": _("The supply ends by then anyway."),
    "nothing_changes": _("All of it holds already as asked."),
    "bad_facts": _("An agreed power, feature or number of blocks cannot be."),
    "bad_household": _("A household has 1 to 99 persons."),
    "unknown_agreement": _("There is no such supply."),
    "unknown_tariff": _("The price book has no such tariff."),
    "no_price": _("The tariff has no published price on this date."),
    "unknown_tariff_version": _("There is no such version of a tariff."),
    "invalid_tariff": _("The document has findings: mend them and save it again."),
    "red_vectors": _("The tariff does not compute what its test cases say; it is not published."),
    "start_taken": _("Another published version begins on this date, and what is published is frozen."),
    "own_draft": _("Whoever wrote a draft does not publish it: ask somebody else to look."),
    "no_reason": _("Say why, so that the author knows what to mend."),
    "other_tariff": _("The document has the code of another tariff: keep the code, or save it as a new tariff."),
    "unknown_cycle": _("There is no such bill cycle."),
    "outlier_above": _("The amount a day is far above that of the bills before."),
    "outlier_below": _("The amount a day is far below that of the bills before."),
    "outlier_not_accepted": _("The shadow run called this bill an outlier, and nobody accepted it."),
    "differs_from_shadow": _("The bill differs from what was approved with the shadow run."),
    "not_an_outlier": _("None of these waits to be accepted: load the page anew."),
    "unusable_shadow_rule": _("The rule that tells outliers of a shadow run cannot be read."),
    "bad_run_day": _("Choose a day that every month has: 1 to 28."),
    # reads
    "read_refused": _("The reading is not taken."),
    "date_in_future": _("The date is in the future."),
    "out_of_order": _(
        "The reading does not fit those before and after it: compare them; if they are wrong, correct those first."
    ),
    "off_dial": _("The reading has more digits than the counter."),
    "wrong_unit": _("The unit does not fit the counter."),
    "not_energy": _("This is not energy: only kWh, Wh, MWh and the like are kept."),
    "not_interval_register": _("The counter is read by values, not by intervals."),
    "outdated_day": _("A newer delivery of this day is kept; nothing is to be done."),
    "not_a_number": _("Write digits, with a point for decimals."),
    "too_precise": _("The number has too many decimals."),
    "value_too_large": _("The value is too large: check the unit."),
    "negative_value": _("The value is negative: export is delivered as a counter of its own."),
    "missing_value": _("A value is missing."),
    "bad_date": _("This is no date as the format writes it."),
    "dates_reversed": _("The earlier read must come first."),
    "day_without_values": _("The day has no values: ask the sender to deliver it again."),
    "missing_quality": _("The quality flag is missing."),
    "unknown_quality": _("There is no such quality flag."),
    "bad_quality_range": _("The range of the quality flag is wrong."),
    "missing_identifier": _("Service point or counter is missing."),
    "unknown_unit": _("There is no such unit."),
    "unknown_record": _("There is no such record in this format."),
    "record_out_of_place": _("The record that should stand before it is missing or was rejected."),
    "wrong_field_count": _("The line has too many or too few fields."),
    "unreadable_text": _("The text cannot be read: save the file as UTF-8 or GB18030."),
    "control_character": _("The line holds a control character."),
    "unclosed_quote": _("A quotation mark is not closed."),
    "not_text": _("The file is no text."),
    "read_missing": _("A read of this date is missing: enter or import it."),
    "above_maximum": _("The counter counted more than the supply can carry: check read, multiplier and capacity."),
    "decreased": _("The reading is below the one before: correct the wrong one of the two."),
    "ambiguous": _("The counter may have run forward or backward: read it again and correct the read."),
    "span_overlaps": _("Approved energy reaches over this date: approve the whole of that span."),
    "days_missing": _("Days are missing: import them."),
    # whole files
    "file_refused": _("The file is refused."),
    "empty_file": _("The file is empty."),
    "unknown_format": _("The format is not known: deliver NEM12, NEM13 or CSV of register reads."),
    "missing_header": _("The header is missing: ask the sender for the complete file."),
    "unknown_version": _("Only NEM12 and NEM13 are read."),
    "spreadsheet_file": _("This is a spreadsheet: save it as CSV and deliver that."),
    "utf16_text": _("The file is UTF-16: save it as UTF-8 or GB18030."),
    "damaged_archive": _("The archive is damaged: ask the sender for a new one."),
    "empty_archive": _("The archive is empty."),
    "encrypted_archive": _("The archive has a password: deliver it without."),
    "nested_archive": _("There is an archive in the archive: unpack it first."),
    "archive_too_large": _("The archive is too large: split it."),
    "archive_too_dense": _("The archive unpacks to far more than meter data do."),
    "too_many_members": _("The archive holds too many files: split it."),
    "line_too_long": _("A line is too long: the file has no line ends where they belong."),
    "bad_interval_length": _("The interval length must divide an hour."),
    "mixed_interval_lengths": _("A block mixes interval lengths."),
    "truncated_record": _("A record is cut off: ask the sender for a new file."),
    "truncated_file": _("The file is cut off: ask the sender for a new file."),
    "too_many_values": _("A day has more values than intervals."),
    "missing_column": _("A column is missing."),
    "duplicate_column": _("A column stands twice."),
    "unknown_read_file": _("There is no such file."),
    "unknown_document": _("There is no such document."),
    "document_lost": _("The file is lost: tell the administrator."),
    "file_too_large": _("The file is larger than is taken here: split it."),
    "unknown_job": _("There is no such work."),
    "unknown_payment": _("There is no such payment."),
    # bills and money
    "missing_price": _("A price that the bill needs is not published."),
    "other_layout": _("A bill of another release keeps its inputs in another order."),
    "missing_input": _("The tariff prices something that was not measured or agreed."),
    "shares_do_not_fit": _("The fixed shares of a meter are more than all of it."),
    "quantities_do_not_fit": _("The fixed quantities or the sub-meters are more than the meter shows."),
    "missing_read": _("A read that the bill needs is missing or not approved."),
    "missing_history": _("The steps count from an earlier day, and the energy since then is not known."),
    "mixed_steps": _("Two components fill different steps in order of time."),
    "uneven_run": _("The local days are no whole number of intervals."),
    "window_too_fine": _("The intervals are too long for the span over which demand is averaged."),
    "not_agreed": _("The tariff asks for a power that is not agreed."),
    "not_measured": _("The tariff prices energy that is not read."),
    "not_billable_yet": _("The steps of the tariff begin anew at events that cannot be billed."),
    "missing_register": _("The tariff asks for counters that the meter does not have."),
    "interval_too_coarse": _("The intervals are too long for the hours of the tariff."),
    "usage_outdated": _("Reads came in after the usage was approved: approve it anew, then retry."),
    "ambiguous_usage": _("Usage overlaps for the same hours: look at the counters."),
    "missing_calendar": _("The tariff has no hours for its periods of use."),
    "two_events": _("Two events are announced for the same day."),
    "uneven_order": _("The energy by step in order of time does not sum to that of the periods."),
    "negative_price": _("The hourly prices fall below 0, and the tariff does not say what becomes of that."),
    "bad_price_file": _("The file of prices has errors; nothing of it was taken."),
    "unknown_price_unit": _("Prices are given per kWh or MWh in the supplier's currency."),
    "prices_missing": _("Hourly prices are missing for a day."),
    "prices_too_fine": _("The prices change inside the intervals of the meter."),
    "price_changed": _("The day has other prices already: load the file as a correction if they were corrected."),
    "unknown_event": _("The tariff has no such event on this date."),
    "announced_too_late": _("The event was to be announced on the day before, in time."),
    "event_taken": _("Another event is announced for this date."),
    "zero_usage": _("Several bills in a row are without use."),
    "usage_above": _("The use is far above the usual."),
    "usage_below": _("The use is far below the usual."),
    "usage_very_high": _("The use a day is higher than a supply like this carries."),
    "negative_usage": _("The use is negative."),
    "amount_too_large": _("The amount is higher than a bill may be without a look."),
    "negative_total": _("The bill is a credit."),
    "unforeseen": _("Something failed that was not foreseen."),
    "unusable_bounds": _("The bounds of the jurisdiction pack cannot be read."),
    "amount_out_of_range": _("An amount is out of range."),
    "energy_out_of_range": _("An energy is out of range."),
    "unknown_bill": _("There is no such bill."),
    "bill_not_cancellable": _("This bill cannot be cancelled: only an issued bill that no later bill corrects."),
    "bad_payment": _("Amount, reference or date of the payment is impossible."),
    "reference_reused": _("This reference belongs to another payment."),
    "unknown_run": _("There is no such run."),
    "accounts_taken": _("Another run that is under way bills some of these accounts: finish or drop it first."),
    "nothing_to_bill": _("No account here has a supply in this period."),
    "empty_period": _("The period has no day."),
    "nothing_billed": _("Nothing was billed of this account yet: its first run bills all."),
    # corrections
    "bad_correction": _("These facts cannot be right, or do not say by how much to correct: check the numbers."),
    "within_limit": _("The error is one that is allowed: nothing is corrected."),
    "not_held": _("The account was dealt with before: load the page anew."),
    "nothing_to_release": _("There is no draft to release: mend the cause, then retry."),
    "billed_meanwhile": _("Another run has billed the same days or holds the account."),
    "illegal_move": _("This cannot be done in the present state: load the page anew."),
    "not_allowed": _("You may not do this."),
}

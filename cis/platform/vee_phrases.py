"""Sentences on exceptions of usage, anomalies and usage inspections, for ``cis.platform.phrases``."""

from collections.abc import Mapping

from django.utils.translation import gettext_noop as _

SENTENCES: Mapping[str, str] = {
    "unknown_usage_inspection": _("There is no such usage inspection."),
    "bad_usage_inspection": _("This cannot be kept of a usage inspection."),
    "unknown_anomaly": _("There is no such anomaly."),
    "anomaly_decided": _("Somebody decided on it before."),
    "anomaly_reason_missing": _("Say why it is right as it is."),
    "no_place_to_inspect": _("Usage is inspected at a place: order a visit to the transformer."),
    "no_master_meter": _(
        "This meter cannot count what the transformer gives: it hangs nowhere, or at a place that is supplied."
    ),
    "master_meter_stands": _("Another master meter stands then, or this one counts for another transformer."),
    "unknown_exception": _("There is no such exception."),
    "exception_not_open": _("Somebody decided on it meanwhile, or its cause is gone."),
    "exception_not_acceptable": _("There is no energy to accept: bring what is missing, or correct the read."),
    "exception_reason_missing": _("Say why, in at most 300 characters."),
    "exception_wrong_act": _("This cannot be done about it: choose what its page offers."),
    "exception_not_in_bulk": _("Values are typed in one by one."),
    "too_many_exceptions": _("These are more exceptions than are dealt with at a time."),
    "nothing_to_estimate_by": _("Too little is known beside it for an estimate: enter the value, or send a crew."),
    "days_corrected": _("A correction holds on these days: undo it first, or correct them anew."),
    "unknown_estimation_method": _("There is no such method for it."),
    "unknown_read_change": _("There is no such value that waits."),
    "read_change_waits": _("Another value waits for a second person: agree to it, or drop it first."),
    "too_much_alone": _(
        "Who ordered the visit, or is not of its crew, does not settle so much alone: "
        "let the crew finish it, or set the value on the page of the exception."
    ),
    "value_moved": _("The value has changed since this was proposed: drop it, and look at it anew."),
    "invalid_re_read": _("What was read is incomplete or wrong."),
    "not_re_read": _("The work order reads no meter of a place."),
}

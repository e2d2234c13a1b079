"""Sentences on tests of meters, their exchange and transformers before them, for ``cis.platform.phrases``."""

from collections.abc import Mapping

from django.utils.translation import gettext_noop as _

SENTENCES: Mapping[str, str] = {
    "test_under_way": _("A test of this meter is asked for already: enter its report first."),
    "unknown_meter_test": _("There is no such test of a meter."),
    "invalid_test_report": _("Fields of the report are wrong."),
    "nothing_to_correct": _("There is nothing to correct by this test."),
    "not_taken_down": _("The meter hangs still: exchange it, then propose the correction."),
    "nobody_supplied": _("Nobody is supplied where this meter hangs: ask for the test as the supplier."),
    "unknown_accuracy": _("The class of the meter is missing, or there is no such class."),
    "no_laboratory": _("The laboratory is missing, or its name too long."),
    "no_errors": _("The errors that were found are missing."),
    "bad_error": _("An error is above -100 % and below 100 %."),
    "certificate_too_long": _("The number of the certificate is too long."),
    "bad_due_date": _("Choose today or a later day."),
    "too_many_exchanges": _("These are more meters than are ordered at a time: choose fewer."),
    "bad_transformers": _(
        "These are no transformers of one meter: write CT A123 200/5 0.2S, with like ratios whose product is whole."
    ),
    "other_multiplier": _("The multiplier of the meter is not the product of the transformers: check both."),
    "other_ratio": _("A transformer of this number is known with another ratio."),
    "transformer_taken": _("A transformer stands somewhere else then, or others come there later."),
}

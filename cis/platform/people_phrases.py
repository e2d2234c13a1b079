"""Sentences on customers who are one and on proven numbers, for ``cis.platform.phrases``."""

from collections.abc import Mapping

from django.utils.translation import gettext_noop as _

SENTENCES: Mapping[str, str] = {
    "unknown_pair": _("There is no such pair."),
    "pair_decided": _("Somebody decided on these two already."),
    "same_customer": _("It is one customer already."),
    "unknown_merge": _("There is no such merge."),
    "bad_merge": _("Say why, and choose two customers."),
    "already_merged": _("One of the two is merged already, or somebody asks for it: look at the merges."),
    "merge_decided": _("Somebody decided it already."),
    "merge_needs_another": _("Another person decides: ask a colleague."),
    "later_merge": _("A later merge stands on this one: undo that one first."),
    "merge_erased": _("The data of one of them were erased: nothing tells who it was any more."),
    "points_mixed": _("Points of both were spent since: they cannot be told apart any more."),
    "where_it_belongs": _("Something came since: say of each where it belongs."),
    "too_much_came": _("Too much came since: leave them one, and take on the other person anew."),
    "customer_merged": _("This customer was merged into another one: open that one."),
    "number_is_others": _("Another customer proved that this number is theirs: prove it by a code."),
    "no_way_to_send_code": _(
        "None of your numbers is proven, and we know no mailbox of yours: prove your number under My details, or sign "
        "at the counter."
    ),
    "no_number": _("It is no number of the customer that can be proven like this."),
    "number_code_refused": _("The code does not fit, or is too old. Ask for a new one."),
}

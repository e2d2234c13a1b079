"""Sentences of refusals of programmes that customers sign, and of charges that come from them; see ``phrases``."""

from collections.abc import Mapping

from django.utils.translation import gettext_noop as _

from cis.platform import demand_phrases

SENTENCES: Mapping[str, str] = {
    **demand_phrases.SENTENCES,
    "bad_schedule": _("Nobody can pay by these terms: a number is out of range, or an instalment would be nothing."),
    "invalid_program": _("The programme has findings: mend them and publish it again."),
    "unknown_program": _("There is no such programme."),
    "program_code_taken": _("Another programme has this code."),
    "bad_code": _("A code has small letters and digits, with hyphens between."),
    "no_text": _("Terms are written in both languages."),
    "no_device": _("Equipment is named in both languages."),
    "nothing_green": _("A package has blocks, a feature or a tariff of green energy."),
    "not_green": _("Only a green package changes what is agreed on energy."),
    "not_a_sale": _("A bank finances what is sold."),
    "bad_months": _("A programme lasts 1 to 360 months."),
    "no_rent": _("A lease has a rent."),
    "no_green_price": _("The tariff has no price for this green energy: choose another tariff first."),
    "green_already": _("The supply has this green energy already."),
    "other_tariff_comes": _("Another tariff is agreed for a part of these months: join when that one has begun."),
    "not_open_to_account": _("The programme is not open now, or not to this customer."),
    "program_offer_over": _("The day has passed until which the programme was offered: offer it anew."),
    "bad_start": _("It begins today or within a year."),
    "enrollment_key_taken": _("This request came before with other details: begin anew."),
    "enrolled_already": _("The account is in this programme at that time."),
    "text_not_accepted": _("Accept the text that holds now, and type the name of who signs."),
    "program_paper_not_seen": _("Open the PDF first: what it says is what is signed."),
    "cooling_off_over": _("The days in which it can be taken back are over: end it, or settle it early."),
    "no_reason_given": _("Say in a few words why."),
    "bad_end": _("It cannot end on this day."),
    "wrong_program_kind": _("Equipment is settled early; all else is ended."),
    "no_partner_bank": _(
        "No partner bank is connected: sell it by instalments of our own, or have one named in PARTNER_BANK."
    ),
    "financed_by_bank": _("A bank finances this: settle it with the bank."),
    "unknown_financing": _("Nothing of this reference was asked of the bank."),
    "unknown_enrollment": _("There is no such enrolment."),
    "bad_hand_over": _("The equipment cannot be handed over or taken back like this."),
    "bad_charge": _("A charge is an amount above 0, and says what it is for."),
    "charge_key_taken": _("This charge was agreed before, with another amount or for another purpose."),
    "charge_not_reversible": _("The charge is not owed, or it comes from a case of breach that alone can undo it."),
    "reported_elsewhere": _("A survey is reported with its service points, not finished like other work."),
    "nothing_signed": _("The application has no signed contract: sign it, or name account and tariff."),
    "bad_target": _("An offer answers one application or is made to one account."),
    "unknown_supply_point": _("There is no such transformer or feeder."),
    "charge_not_by_hand": _("The rules of the place do not let staff charge this kind, or so much, by hand."),
    "unknown_charge": _("There is no such charge."),
}

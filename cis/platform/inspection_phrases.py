"""Refusals of safety inspections and of the register of important customers, for people."""

from collections.abc import Mapping

from django.utils.translation import gettext_noop as _

from cis.platform import care_phrases, people_phrases, privacy_phrases

SENTENCES: Mapping[str, str] = {
    **care_phrases.SENTENCES,
    **people_phrases.SENTENCES,
    **privacy_phrases.SENTENCES,
    "unknown_inspection": _("There is no such inspection."),
    "unknown_defect": _("There is no such defect."),
    "unknown_defect_code": _("The catalogue has no such defect."),
    "no_inspection_plan": _("No inspection plan of the pack takes this place."),
    "inspection_exists": _("Such an inspection is to be made already."),
    "nothing_to_follow": _("This inspection has no defects that stand."),
    "too_many_inspections": _("These are more inspections than are ordered at a time."),
    "own_waiver": _("Who wants an urgent defect waived does not decide on that: ask a second person."),
    "defect_exists": _("This defect is entered already: say in the note where another one is."),
    "inspection_not_reported": _("Defects are added to an inspection that was made, before its notice is issued."),
    "no_defects": _("This inspection has found no defects."),
    "notice_issued": _("The notice of this inspection is issued already."),
    "unknown_notice_of_rectification": _("There is no such notice."),
    "unknown_important_customer": _("The register has no such entry."),
    "important_customer_exists": _("This place is in the register already: change its entry."),
    "important_customer_ended": _("This entry holds no more: enter the place anew."),
    "invalid_entry": _("The entry cannot be made."),
    "backup_without_power": _("A backup supply has a power, none has none."),
    "temporary_without_end": _("A temporary entry has an end."),
    "out_of_range": _("This value cannot be true."),
}

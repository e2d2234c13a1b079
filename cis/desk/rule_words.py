"""Words on how sure the source of a rule is; ``cis.desk.words`` serves them to pages."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

SOURCE_STATUSES: Mapping[str, Any] = {
    "read": _("read in the text named"),
    "reported": _("reported, not read in the text itself"),
    "choice": _("the supplier's choice"),
    "unverified": _("not verified"),
}
TABLES: Mapping[str, Mapping[str, Any]] = {"source_status": SOURCE_STATUSES}
TONES: Mapping[tuple[str, str], str] = {
    ("source_status", "read"): "ok",
    ("source_status", "reported"): "info",
    ("source_status", "unverified"): "warn",
}

"""Forms on feeders and transformers."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from cis.platform.forms import EnergyField, PageForm
from metering.domain.network import NAME_MOST, Asset
from metering.domain.places import Voltage
from metering.queries.network import AssetCard

TRANSFORMER_VOLTAGES = (Voltage.V380, Voltage.V220)
FEEDER_VOLTAGES = (Voltage.KV10, Voltage.KV35, Voltage.V380)


class NetworkListForm(PageForm):
    """Which transformers are listed."""

    feeder = forms.ChoiceField(label=_("Feeder"), required=False)
    district = forms.ChoiceField(label=_("District"), required=False)
    load = forms.ChoiceField(
        label=_("Load"), required=False, choices=lambda: [("", _("Any load")), ("over", _("More than may be"))]
    )
    room_kva = EnergyField(label=_("Free, at least (kVA)"), required=False)
    text = forms.CharField(label=_("Name or code"), max_length=60, required=False)

    def __init__(self, *args: Any, feeders: tuple[AssetCard, ...], districts: tuple[str, ...], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["feeder"].choices = [("", _("All feeders")), *((str(f.id), f.name) for f in feeders)]  # type: ignore[attr-defined]
        self.fields["district"].choices = [("", _("All districts")), *((one, one) for one in districts)]  # type: ignore[attr-defined]


WATTS_MOST = 10_000_000


class ChangeForm(PageForm):
    """What changes of a feeder or transformer."""

    field_of = {"bad_name": "name", "bad_capacity": "capacity_kva", "asset_in_use": "is_active"}

    name = forms.CharField(label=_("Name"), max_length=NAME_MOST)
    capacity_kva = EnergyField(label=_("Rating (kVA)"))
    is_active = forms.BooleanField(label=_("In service"), required=False)
    iron_w = forms.IntegerField(
        label=_("Loss without load (W)"),
        required=False,
        min_value=0,
        max_value=WATTS_MOST,
        help_text=_("By its name plate; empty: as is typical."),
    )
    copper_w = forms.IntegerField(
        label=_("Load loss at its rating (W)"), required=False, min_value=0, max_value=WATTS_MOST
    )


class AssetForm(PageForm):
    """A feeder or transformer to be; fields of the other kind are left out."""

    field_of = {
        "bad_asset": "code", "external_id_taken": "code", "bad_name": "name", "bad_capacity": "capacity_kva",
        "bad_district": "district", "unknown_feeder": "feeder",
    }  # fmt: skip

    code = forms.CharField(label=_("Code"), max_length=64)
    name = forms.CharField(label=_("Name"), max_length=NAME_MOST)
    voltage = forms.ChoiceField(label=_("Voltage"))
    capacity_kva = EnergyField(label=_("Rating (kVA)"))
    substation = forms.CharField(label=_("Substation"), max_length=100, required=False)
    feeder = forms.ChoiceField(label=_("Feeder"))
    district = forms.CharField(label=_("District"), max_length=100, required=False)
    address = forms.CharField(label=_("Address"), max_length=300, required=False)

    def __init__(self, *args: Any, asset: Asset, feeders: tuple[AssetCard, ...], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        is_feeder = asset is Asset.FEEDER
        for name in ("feeder", "district", "address") if is_feeder else ("substation",):
            del self.fields[name]
        voltages = FEEDER_VOLTAGES if is_feeder else TRANSFORMER_VOLTAGES
        self.fields["voltage"].choices = [(str(one), str(one)) for one in voltages]  # type: ignore[attr-defined]
        if not is_feeder:
            named = ((one.external_id, one.name) for one in feeders if one.is_active)
            self.fields["feeder"].choices = [("", "—"), *named]  # type: ignore[attr-defined]

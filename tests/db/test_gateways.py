"""Which head-end and bank an installation speaks to: what its settings name, and none that it did not ask for."""

import pytest
from django.core.exceptions import ImproperlyConfigured

from cashiering.gateways import debit_bank
from cis import wiring, wiring_money
from contracts.gateways import partner_bank
from contracts.gateways.sandbox_bank import SandboxBank
from metering.gateways import head_end
from metering.gateways.sandbox import Sandbox

MONEY = ("DEBIT_BANK", "E_INVOICE_PLATFORM")


@pytest.fixture(autouse=True)
def _as_before(monkeypatch):
    for gateway in (head_end, partner_bank, debit_bank):
        monkeypatch.setattr(gateway, "_bound", [])


def test_what_is_not_named_is_not_there(settings):
    settings.HEAD_END_GATEWAY = settings.PARTNER_BANK = ""
    wiring._bind_gateways()
    assert (head_end.is_bound(), partner_bank.is_bound()) == (False, False)


def test_a_sandbox_is_used_where_it_is_named(settings):
    settings.HEAD_END_GATEWAY, settings.PARTNER_BANK = "sandbox", ""
    wiring._bind_gateways()
    assert isinstance(head_end.current(), Sandbox)
    assert not partner_bank.is_bound()
    settings.PARTNER_BANK = "sandbox"
    wiring._bind_gateways()
    assert isinstance(partner_bank.current(), SandboxBank)


@pytest.mark.parametrize("setting", ["HEAD_END_GATEWAY", "PARTNER_BANK", "DEBIT_BANK", "E_INVOICE_PLATFORM"])
def test_an_unknown_name_stops_the_start(settings, setting):
    setattr(settings, setting, "sandbok")
    with pytest.raises(ImproperlyConfigured, match=setting):
        (wiring_money if setting in MONEY else wiring)._bind_gateways()

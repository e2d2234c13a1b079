"""The API does what its description says: described by itself, tried with hundreds of made-up requests."""

import os
import re
from collections import Counter
from functools import cache

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from hypothesis import given, settings
from rest_framework import serializers
from schemathesis import GenerationMode, checks

from cis.wsgi import application
from tests.doors.api.calls import key

pytestmark = pytest.mark.django_db
EXAMPLES = 100 if os.environ.get("WATTLINE_PROOF") else 3
MONEY = ("adjustments", "money-moves", "write-offs", "refunds")
DECIDED = (*MONEY, "write-off-batches", "accruals")
# What fits the form may still be refused for its meaning: an account that is not there, a day to come.
checks.load_all_checks()
EXCLUDED = [checks.CHECKS.get_one("positive_data_acceptance")]


@pytest.fixture
def described(world, bills):
    """Requests keep the test's connection, as with Django's own test client."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield _load()
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@cache
def _load():
    """Once for all operations: to describe the whole API takes longer than to try one of them."""
    return schemathesis.openapi.from_wsgi("/api/v1/schema?format=json", application)


@pytest.fixture
def bearer(world):
    return key(
        "bills:read",
        "balances:read",
        "budgets:read",
        "budgets:write",
        "advice:read",
        "payments:read",
        "payments:write",
        "reads:write",
        "tariffs:read",
        "books:read",
        *(f"{kind}:{verb}" for kind in DECIDED for verb in ("read", "write", "decide")),
        "e-invoices:read",
        "consolidated:read",
        "consolidated:write",
        "holds:read",
        "holds:write",
        "cases:read",
        "cases:write",
        "enquiries:ask",
        "outages:read",
        "faults:write",
        "alarms:write",
    )


@pytest.mark.parametrize("mode", list(GenerationMode))
@pytest.mark.parametrize(
    ("path", "method"),
    [
        ("/api/v1/bills", "GET"),
        ("/api/v1/bills/{number}", "GET"),
        ("/api/v1/bills/{number}/pdf", "GET"),
        ("/api/v1/bills/{number}/proof", "GET"),
        ("/api/v1/accounts/{number}/balance", "GET"),
        ("/api/v1/accounts/{number}/advice", "GET"),
        ("/api/v1/accounts/{number}/budget", "GET"),
        ("/api/v1/accounts/{number}/budget", "POST"),
        ("/api/v1/payments", "POST"),
        ("/api/v1/payments/{payment_id}", "GET"),
        ("/api/v1/reads", "POST"),
        ("/api/v1/rate-checks", "POST"),
        ("/api/v1/ageing", "GET"),
        ("/api/v1/ageing/accounts", "GET"),
        ("/api/v1/trial-balances/{month}", "GET"),
        ("/api/v1/transfers", "GET"),
        ("/api/v1/e-invoices", "GET"),
        ("/api/v1/accounts/{number}/tax-profile", "GET"),
        ("/api/v1/cases", "GET"),
        ("/api/v1/cases", "POST"),
        ("/api/v1/cases/{number}", "GET"),
        ("/api/v1/cases/{number}/findings", "POST"),
        ("/api/v1/cases/{number}/links", "POST"),
        ("/api/v1/cases/figures", "GET"),
        ("/api/v1/enquiries", "POST"),
        ("/api/v1/enquiries/bills", "POST"),
        ("/api/v1/enquiries/payments", "POST"),
        ("/api/v1/consolidated-bills", "GET"),
        ("/api/v1/consolidated-bills/{number}", "GET"),
        ("/api/v1/consolidations", "GET"),
        ("/api/v1/consolidations", "POST"),
        ("/api/v1/consolidations/{consolidation_id}", "POST"),
        ("/api/v1/journals/{month}", "GET"),
        *((f"/api/v1/{kind}{rest}", method) for kind in MONEY for rest, method in (("", "GET"), ("", "POST"))),
        ("/api/v1/write-offs/{row_id}", "GET"),
        ("/api/v1/refunds/{row_id}/decide", "POST"),
        ("/api/v1/write-offs/{row_id}/reverse", "POST"),
        ("/api/v1/write-off-candidates", "GET"),
        ("/api/v1/write-off-batches", "GET"),
        ("/api/v1/write-off-batches", "POST"),
        ("/api/v1/write-off-batches/{batch_id}/file", "GET"),
        ("/api/v1/accruals", "GET"),
        ("/api/v1/accruals", "POST"),
        ("/api/v1/accruals/{accrual_id}/accounts", "GET"),
        ("/api/v1/accounts/{number}/holds", "GET"),
        ("/api/v1/holds", "POST"),
        ("/api/v1/outages", "GET"),
        ("/api/v1/fault-reports", "POST"),
        ("/api/v1/meter-alarms", "POST"),
        ("/api/v1/applications", "GET"),
        ("/api/v1/applications/{number}", "GET"),
    ],
)
def test_each_operation_answers_as_described(described, bearer, path, method, mode):
    """Requests that fit the description, and requests that break it."""

    @settings(max_examples=EXAMPLES, deadline=None)
    @given(case=described[path][method].as_strategy(generation_mode=mode))
    def check(case):
        case.call_and_validate(headers={"Authorization": f"Bearer {bearer}"}, excluded_checks=EXCLUDED)

    check()


def test_the_description_names_each_operation_with_an_example_for_its_problems(client, world):
    described = client.get("/api/v1/schema?format=json").json()
    operations = {op["operationId"]: op for path in described["paths"].values() for op in path.values()}
    assert set(operations) == {
        "list_bills", "get_bill", "get_bill_pdf", "get_bill_proof", "get_balance", "get_prepayment",
        "switch_to_prepayment", "end_prepayment", "report_payment", "get_payment", "report_reads",
        "check_rate", "get_advice", "list_notices", "get_consent", "put_consent",
        "ask_for_change", "get_change",
        "list_programs", "enrol", "get_enrolment", "list_demand_events", "get_demand_event",
        "list_demand_event_parts", "get_demand_event_part", "opt_out_of_demand_event",
        "list_work_orders", "get_work_order", "list_transformers",
        "get_transformer", "list_inspections_of_place",
        "list_applications", "file_application", "get_application", "add_paper", "move_application",
        "list_contracts", "get_contract", "get_contract_pdf", "sign_contract", "verify_contract",
        "list_offers", "draft_offer", "get_offer", "get_offer_pdf", "send_offer", "accept_offer", "decline_offer",
        "withdraw_offer", "list_charges", "agree_charge", "get_charge", "reverse_charge", "withdraw_change",
        "preview_change", "list_inspections", "get_inspection", "list_usage_inspections", "get_usage_inspection", "suspect_usage", "list_defects", "assign_work_order", "list_free_slots",
        "book_appointment", "start_work_order", "get_checklist", "add_work_photo", "report_survey", "finish_work_order",
        "fail_work_order", "cancel_work_order", "report_fault", "send_meter_alarms", "list_outages", "get_outage", "list_crews", "list_meters", "get_meter", "deliver_meters",
        "list_usage_exceptions", "get_usage_exception", "accept_usage_exception", "edit_usage_exception",
        "estimate_usage_exception", "visit_usage_exception",
        "receive_seals", "install_meter", "exchange_meter", "remove_meter", "list_commands", "order_command",
        "get_command", "cancel_command", "list_energizings", "energize", "get_energizing", "move_energizing",
        "bring_bank_statement", "get_bank_statement", "begin_checkout", "get_checkout",
        "enter_mandate", "get_mandate", "revoke_mandate", "list_debit_batches", "get_debit_batch",
        "list_debits_of_batch", "get_debit_batch_file", "propose_debit_batch", "decide_debit_batch", "note_debit_batch_sent",
        "list_mandates_of_account", "get_ageing", "list_aged_accounts", "list_transfers", "get_trial_balance", "get_journal",
        "list_deposits", "demand_deposit", "get_deposit", "return_deposit",
        "preview_plan", "accept_plan", "get_plan", "cancel_plan", "list_plans_of_account",
        "get_agent", "ask_account_to_pay", "report_agent_payment", "get_agent_payment", "cancel_agent_payment",
        "give_agent_list", "get_agent_list",
        "list_adjustments", "propose_adjustment", "get_adjustment", "decide_adjustment", "list_money_moves",
        "propose_money_move", "get_money_move", "decide_money_move", "list_write_offs", "propose_write_off",
        "get_write_off", "decide_write_off", "list_refunds", "propose_refund", "get_refund", "decide_refund",
        "agree_consolidation", "ask_for_account", "ask_for_bills", "ask_for_payments", "begin_budget", "change_consolidation", "end_budget", "get_budget",
        "get_consolidated_bill", "get_consolidation", "get_e_invoice", "get_tax_profile", "list_account_holds",
        "list_consolidated_bills", "list_consolidated_payments", "report_consolidated_payment", "list_consolidations", "list_e_invoices", "place_hold", "put_tax_profile",
        "request_e_invoice", "take_back_e_invoice",
        "reverse_adjustment", "reverse_money_move", "reverse_write_off", "list_write_off_candidates",
        "list_write_off_batches", "propose_write_off_batch", "get_write_off_batch", "decide_write_off_batch",
        "get_write_off_batch_file", "list_accruals", "open_accrual", "get_accrual", "list_accrual_accounts",
        "list_e_invoices_of_bill", "post_accrual", "decide_accrual", "drop_accrual",
        "list_cases",
        "get_case",
        "take_case",
        "add_finding",
        "suggest_class", "ask_for_call", "get_call", "list_published_statistics", "list_looks",
        "list_data_exports", "ask_data_export", "get_data_export", "get_data_export_file", "get_erasure_of_customer",
            "ask_erasure", "list_erasures", "get_erasure", "decide_erasure",
            "get_customer", "list_protections", "register_protection", "end_protection", "get_points", "list_points",
        "redeem_points", "list_visits", "enter_visit_result", "list_care_plans", "review_care_plan", "list_segments",
        "get_segment", "list_case_links", "link_case", "list_case_photos", "add_case_photo", "get_case_photo",
        "get_case_figures", "list_lessons", "list_survey_answers", "list_survey_scores",
        "get_interval_values", "get_usage", "list_load_forecasts", "get_load_forecast", "get_behaviour",
        "list_anomalies", "get_anomaly", "list_reading_routes", "get_reading_route", "get_feeder_loads",
        "get_transformer_loads", "get_transformer_losses", "list_asset_forecasts", "list_voltage_forecasts",
    }  # fmt: skip
    # Sets of words have names (cis.api.enums), not the checksums that stand in their place where two share a field's name.
    assert not [name for name in described["components"]["schemas"] if re.search("[0-9A-F][0-9a-f]{2}Enum$", name)]
    for operation in operations.values():
        assert "application/problem+json" in operation["responses"]["401"]["content"]
        assert operation["security"][0] == {"ApiKey": []}
    assert described["components"]["schemas"]["PaymentNewRequest"]["additionalProperties"] is False
    given = operations["report_payment"]["requestBody"]["content"]["application/json"]
    assert given["examples"]


def test_each_shape_of_the_description_has_a_name_of_its_own():
    """Of two with one name the description has but one, and tells the other one's callers wrong."""
    names = Counter(
        one.__name__
        for one in set(_kinds_of(serializers.Serializer))
        if ".api." in one.__module__ and not one.__name__.startswith("_") and not one.__name__.endswith("Query")
    )
    assert len(names) > 100
    assert [name for name, times in names.items() if times > 1] == []


def _kinds_of(base):
    for one in base.__subclasses__():
        yield one
        yield from _kinds_of(one)


def test_the_reference_page_is_open_to_all_and_fetches_from_here_alone(client, world):
    reply = client.get("/api/v1/")
    assert reply.status_code == 200
    assert "https://" not in reply.content.decode().split("<body", maxsplit=1)[0]
    assert "script-src" not in reply["Content-Security-Policy"]

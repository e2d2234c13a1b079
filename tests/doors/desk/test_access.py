"""Who may open which page: every address of the desk times every role."""

import pytest
from django.test import Client
from django.urls import reverse

from cis.desk.urls import urlpatterns
from cis.kernel.enums import Role
from cis.platform.access import rule_of
from tests.doors.desk.conftest import ALL, sign_in

pytestmark = pytest.mark.django_db
STAFF = set(Role) - {Role.CUSTOMER}
BILLERS = {Role.BILLING, Role.SUPERVISOR}
CLERKS = {Role.CLERK, Role.SUPERVISOR}
CREWS = {Role.FIELD, Role.METERING, Role.SUPERVISOR}
TAKERS = {Role.CLERK, Role.CASHIER, Role.SUPERVISOR}
DEBITORS = {Role.CASHIER, Role.BILLING, Role.SUPERVISOR}
REGISTER = {Role.CLERK, Role.METERING, Role.FIELD, Role.SUPERVISOR, Role.AUDITOR}
REGISTRARS = {Role.METERING, Role.SUPERVISOR}
SIMULATIONS = (
    "simulations", "simulations_file", "new_simulation", "simulation", "simulated_supplies", "simulated_supplies_file",
    "left_out", "simulation_groups_file", "simulated_prices", "delete_simulation",
    "retry_simulation",
)  # fmt: skip
DISPATCHERS = {Role.CLERK, Role.METERING, Role.SUPERVISOR}
METERERS = {Role.METERING, Role.SUPERVISOR}
IN_THE_FIELD = {Role.FIELD, Role.METERING, Role.SUPERVISOR}
CLERKS_ALONE = (
    "new_contract", "amend_contract", "act_contract", "sign_contract", "end_contract", "new_offer", "act_offer",
    "new_application_offer", "new_application", "add_application_paper", "write_to_applicant", "ways",
    "letter_came_back", "make_batch", "hand_over_batch", "new_mailing", "withdraw_notice", "resend_notice",
)  # fmt: skip
TILLS = (
    "open_till", "take_money", "move_cash", "print_receipt", "act_on_receipt", "count_till", "act_on_session",
    "hand_over_agent", "agent_list", "decide_difference",
)  # fmt: skip
METERERS_ALONE = (
    "move_meters", "act_on_meter", "move_seals", "cancel_command", "energize", "order_inspection", "act_on_energizing",
    "accept_exception", "edit_exception", "estimate_exception", "visit_exception", "decide_read_change",
    "act_on_exceptions", "new_demand_event",
    "new_stream_name", "end_stream_name", "dismiss_anomaly", "set_master_meter", "end_master_meter",
    "load_weather",
    "set_feeder_master", "end_feeder_master",
)  # fmt: skip
ROUTES = ("new_route", "edit_route", "route_stops", "open_round", "round_row", "act_on_round", "upload_round",
          "field_round", "sync_field_round", "field_worker")  # fmt: skip
ON_THE_TELEPHONE = (
    "suggest_class", "new_call_request", "act_on_call_request", "hang_up", "check_caller", "act_on_case_mail",
)  # fmt: skip
OF_PEOPLE = (
    "name_duplicates", "act_on_duplicate", "act_on_merge", "customer_data", "act_on_customer_data", "customer_data_file",
)  # fmt: skip
WRITERS = {
    **dict.fromkeys(CLERKS_ALONE, CLERKS),
    **dict.fromkeys(METERERS_ALONE, METERERS),
    "report_fault": STAFF - {Role.AUDITOR, Role.ADMIN},
    "act_on_outage": {Role.CLERK, Role.METERING, Role.FIELD, Role.SUPERVISOR},
    **dict.fromkeys(("new_planned_outage", "act_on_planned_outage"), METERERS),
    "field_meter": IN_THE_FIELD,
    "field_re_read": IN_THE_FIELD,
    **dict.fromkeys(ROUTES, IN_THE_FIELD),
    "cycle_rules": BILLERS,
    **dict.fromkeys(("new_programme", "withdraw_programme"), BILLERS),
    **dict.fromkeys(("offer_programme", "settle_enrolment"), CLERKS),
    "act_on_demand_event": {Role.METERING, Role.BILLING, Role.SUPERVISOR},
    "opt_out_of_demand": DISPATCHERS,
    **dict.fromkeys(("ask_meter_test", "act_on_meter_test", "order_exchanges"), DISPATCHERS),
    "put_transformers": METERERS,
    "act_on_demand_part": BILLERS,
    **{key: {Role.ADMIN} for key in ("act_on_ven", "act_on_resource")},
    "act_enrolment": {Role.CLERK, Role.FIELD, Role.METERING, Role.SUPERVISOR},
    **dict.fromkeys(("follow_anomaly", "inspect_anomaly"), DISPATCHERS),
    **dict.fromkeys(("new_work", "assign_work", "act_on_work", "book_work", "order_application_meters"), DISPATCHERS),
    **dict.fromkeys(("new_crew", "crew", "new_asset"), METERERS),
    **dict.fromkeys(("field", "field_order", "start_work", "field_photo", "fail_work", "field_survey"), IN_THE_FIELD),
    **dict.fromkeys(SIMULATIONS, BILLERS),
    "new_customer": CLERKS,
    "edit_customer": CLERKS,
    "contacts": CLERKS,
    "supply": CLERKS,
    "term": CLERKS,
    "end_supply": CLERKS,
    "read": {Role.CLERK, Role.METERING, Role.FIELD, Role.SUPERVISOR},
    "payment": {Role.CASHIER, Role.SUPERVISOR},
    "cancel_bill": {Role.BILLING, Role.SUPERVISOR},
    "new_run": {Role.BILLING, Role.SUPERVISOR},
    "approve_run": {Role.BILLING, Role.SUPERVISOR},
    "drop_run": {Role.BILLING, Role.SUPERVISOR},
    "new_correction": {Role.BILLING, Role.METERING, Role.SUPERVISOR},
    "decide_correction": {Role.BILLING, Role.METERING, Role.SUPERVISOR},
    "new_change": {Role.CLERK, Role.BILLING, Role.SUPERVISOR},
    "decide_change": {Role.CLERK, Role.BILLING, Role.SUPERVISOR},
    "add_change_paper": {Role.CLERK, Role.BILLING, Role.SUPERVISOR},
    "change_paper": {Role.CLERK, Role.BILLING, Role.SUPERVISOR},
    **{key: {Role.CLERK, Role.BILLING, Role.SUPERVISOR} for key in ("new_charge", "act_on_charge")},
    "telephone_pin": CLERKS,
    "take_consolidated": {Role.CASHIER, Role.SUPERVISOR},
    "arrange_consolidated": {Role.CLERK, Role.BILLING, Role.SUPERVISOR},
    "act_books": {Role.BILLING, Role.SUPERVISOR},
    **{key: {Role.CLERK, Role.CASHIER, Role.BILLING, Role.SUPERVISOR} for key in ("new_refund", "act_on_refund")},
    **{
        key: {Role.CASHIER, Role.BILLING, Role.SUPERVISOR}
        for key in ("make_refund_file", "refund_file_xml", "confirm_refund_file")
    },
    **{key: {Role.CLERK, Role.BILLING, Role.SUPERVISOR} for key in ("new_adjustment", "move_credit", "move_payment")},
    **dict.fromkeys(("new_write_off", "new_write_off_batch", "write_off_paper"), {Role.CLERK} | BILLERS),
    **{key: {Role.BILLING, Role.SUPERVISOR} for key in ("act_on_adjustment", "act_on_money_move")},
    **dict.fromkeys(("new_deposit", "ask_deposit", "increase_deposit", "wish_deposit"), CLERKS | BILLERS),
    "decide_deposit": BILLERS,
    **dict.fromkeys(("new_case", "case_caller"), CLERKS),
    **{key: STAFF - {Role.AUDITOR, Role.ADMIN} for key in ("cases_in_bulk", "act_on_case")},
    **{key: {Role.ADMIN, Role.SUPERVISOR} for key in ("new_team", "team")},
    **dict.fromkeys(("act_on_case_evaluation", "act_on_case_trend"), CLERKS),
    **{key: {Role.SUPERVISOR} for key in ("publish", "decide_erasure")},
    **{key: {Role.AUDITOR} for key in ("access_log", "access_log_file")},
    **dict.fromkeys(ON_THE_TELEPHONE, CLERKS),
    **dict.fromkeys(OF_PEOPLE, CLERKS),
    **dict.fromkeys(("act_on_write_off", "decide_write_off_batch"), BILLERS),
    **dict.fromkeys(("new_accrual", "act_on_accrual"), BILLERS),
    **dict.fromkeys(("act_on_e_invoice", "ask_e_invoice"), CLERKS | BILLERS),
    **dict.fromkeys(("offer_budget", "act_on_budget"), CLERKS | BILLERS),
    "act_on_demand": CLERKS | BILLERS,
    **dict.fromkeys(("new_protection", "act_on_protection"), CLERKS | BILLERS),
    "act_on_visit": CLERKS | CREWS,
    **dict.fromkeys(("new_visit", "new_care_plan", "act_on_care_plan"), CLERKS),
    "place_hold": CLERKS | BILLERS,
    **dict.fromkeys(("new_plan", "act_on_plan"), CLERKS | BILLERS),
    "hold_account": CLERKS | BILLERS,
    **dict.fromkeys(
        ("propose_cut", "act_on_cut_order", "lift_hold", "decide_dunning_batch", "decide_prepaid_cuts"), BILLERS
    ),
    "enter_chart": {Role.BILLING, Role.SUPERVISOR},
    "act_on_late_fee": {Role.CLERK, Role.BILLING, Role.SUPERVISOR},
    "switch_to_prepaid": {Role.CLERK, Role.BILLING, Role.SUPERVISOR},
    "end_prepaid": {Role.CLERK, Role.BILLING, Role.SUPERVISOR},
    "accept_prepaid": BILLERS,
    **{key: {Role.CASHIER, Role.SUPERVISOR} for key in TILLS},
    **{
        key: {Role.SUPERVISOR}
        for key in ("new_till", "new_agent", "change_agent", "agree_commission", "keep_commission")
    },
    "upload_statement": {Role.CASHIER, Role.SUPERVISOR},
    "upload_payout": {Role.CASHIER, Role.SUPERVISOR},
    "act_on_checkout": {Role.CASHIER, Role.SUPERVISOR},
    "act_on_payout": {Role.CASHIER, Role.SUPERVISOR},
    "decide_line": {Role.CASHIER, Role.SUPERVISOR},
    **dict.fromkeys(("new_mandate", "reveal_mandate", "mandate_scan", "act_mandate"), TAKERS),
    **dict.fromkeys(("decide_debit", "debit_batch_file", "act_debit_batch", "debit_report"), DEBITORS),
    "new_breach": {Role.BILLING, Role.METERING, Role.SUPERVISOR},
    "decide_breach": {Role.BILLING, Role.METERING, Role.SUPERVISOR},
    "new_usage_rule": {Role.BILLING, Role.METERING, Role.SUPERVISOR},
    "change_usage_rule": {Role.BILLING, Role.METERING, Role.SUPERVISOR},
    "end_usage_rule": {Role.BILLING, Role.METERING, Role.SUPERVISOR},
    **{key: {Role.BILLING, Role.SUPERVISOR} for key in ("rebill", "decide_late_read")},
    "retry_run": {Role.BILLING, Role.SUPERVISOR},
    "accept_outliers": {Role.BILLING, Role.SUPERVISOR},
    "promote_run": {Role.BILLING, Role.SUPERVISOR},
    "held": {Role.BILLING, Role.SUPERVISOR},
    "upload": {Role.METERING, Role.SUPERVISOR},
    "usage": {Role.METERING, Role.BILLING, Role.SUPERVISOR},
    "import_again": {Role.METERING, Role.SUPERVISOR},
    "portal_login": CLERKS,
    "cycle": {Role.BILLING, Role.SUPERVISOR},
    "new_tariff": {Role.BILLING, Role.SUPERVISOR},
    "edit_tariff": {Role.BILLING, Role.SUPERVISOR},
    "new_prices": {Role.BILLING, Role.SUPERVISOR},
    "announce_event": {Role.BILLING, Role.SUPERVISOR},
    "load_series": {Role.BILLING, Role.SUPERVISOR},
    "decide_tariff": {Role.BILLING, Role.SUPERVISOR},
    **dict.fromkeys(
        ("act_on_inspection", "order_inspections", "new_inspection", "add_defect"),
        DISPATCHERS,
    ),
    **dict.fromkeys(("hand_over", "issue_notice", "hand_over_photo"), CREWS),
    "new_usage_inspection": DISPATCHERS,
    "act_on_usage_inspection": {Role.CLERK, Role.METERING, Role.BILLING, Role.SUPERVISOR},
    "decide_defect": {Role.CLERK, Role.FIELD, Role.METERING, Role.SUPERVISOR},
    **dict.fromkeys(
        ("important_customers", "important_file", "important_customer"),
        REGISTER,
    ),
    **dict.fromkeys(
        ("new_important_customer", "change_important_customer", "act_on_important_customer"),
        REGISTRARS,
    ),
    "staff": {Role.ADMIN},
    "new_staff": {Role.ADMIN},
    "staff_member": {Role.ADMIN},
}
"""Pages that change something, and those on staff and simulations; all others may be read by all staff."""


def _url(pattern):
    arguments = dict.fromkeys(pattern.pattern.converters, 999_999)
    return reverse(f"desk:{pattern.name}", kwargs=arguments)


def test_each_address_says_which_roles_open_it():
    said = {one.name: rule_of(callback=one.callback, url_name=one.name, namespace="desk").roles for one in urlpatterns}
    assert said == {one.name: WRITERS.get(one.name, STAFF) for one in urlpatterns}


def test_who_may_opens_it_and_who_may_not_is_refused(supplier):
    """Each address is asked by one role that may open it and by one that may not, all roles by turns."""
    clients = {role: sign_in(Client(), role) for role in sorted(STAFF)}
    for at, pattern in enumerate(urlpatterns):
        may = sorted(WRITERS.get(pattern.name, STAFF))
        may_not = sorted(STAFF - set(may))
        assert clients[may[at % len(may)]].get(_url(pattern)).status_code != 403, pattern.name
        if may_not:
            assert clients[may_not[at % len(may_not)]].get(_url(pattern)).status_code == 403, pattern.name


def test_nobody_else_comes_in(supplier, client):
    for pattern in urlpatterns:
        answer = client.get(_url(pattern))
        assert answer.status_code == 302, pattern.name
        assert answer["Location"].startswith("/accounts/login/"), pattern.name


def test_a_piece_of_a_page_sends_the_whole_page_to_the_sign_in(supplier, client):
    answer = client.get("/desk/search/?q=a", headers={"HX-Request": "true"})
    assert answer["HX-Redirect"].startswith("/accounts/login/")


def test_what_does_not_exist_is_not_found(desk, client):
    sign_in(client, *ALL, Role.ADMIN)
    found = {pattern.name: desk.get(_url(pattern)).status_code for pattern in urlpatterns if pattern.pattern.converters}
    assert {name: status for name, status in found.items() if status not in {302, 404, 405}} == {}
    assert desk.get(f"/desk/customers/{2**63}/").status_code == 404


def test_an_auditor_sees_no_button_that_changes_something(billed, client):
    sign_in(client, Role.AUDITOR)
    page = client.get(f"/desk/customers/{billed.account.id}/").content.decode()
    for name in ("payment", "read", "supply", "term", "edit_customer", "contacts", "login"):
        assert f"/{name}/" not in page.replace("/desk/customers/", "")
    assert "<form" in page  # sign out, language

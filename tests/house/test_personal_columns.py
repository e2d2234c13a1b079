"""
Every column that may hold text about a customer is declared to be erased, or is named here as one that does not.

Who adds a column with text, JSON or bytes decides: if a customer can stand in it, it belongs to ``<room>/queries/personal.py``.
"""

from django.apps import apps
from django.contrib.postgres.fields import ArrayField

from accounts.operations import export_index
from cis.platform import personal
from cis.platform.fields import Code, SealedText
from cis.platform.privacy_phrases import TABLE_TITLES

TEXTS = {"CharField", "TextField", "JSONField", "BinaryField", "EmailField", "GenericIPAddressField", "FileField"}
NO_TEXT_OF_PEOPLE = frozenset(
    {"actor_name", "request_key", "request_sha256", "sha256", "key", "decider_name", "language"}
)
"""Names of columns that say who of the staff did it (the customer is taken out by ``personal.actors``), or make it once."""
SAYS_NOTHING = {
    "accounts_account": {"external_id", "number"},
    "accounts_careplan": {"responsible_name"},
    "accounts_customermerge": {"asker_name", "choices", "high_ids", "logins", "undone_by_name"},
    "accounts_dataexport": {"kept_back"},
    "accounts_duplicatepair": {"reasons"},
    "accounts_erasure": {"counts"},
    "accounts_followupvisit": {"assignee_name"},
    "accounts_mailing": {"district", "facts", "title"},
    "accounts_mailingtext": {"body", "sms", "subject"},
    "accounts_mergedrows": {"column_name", "row_ids", "table_name"},
    "accounts_mergedvalue": {"column_name", "table_name"},
    "accounts_noticetemplate": {"body", "subject"},
    "accounts_protection": {"hold_ids"},
    "accounts_supplier": {
        "address",
        "bank_account",
        "bank_name",
        "code",
        "currency",
        "name_en",
        "name_zh",
        "pack",
        "phone",
        "tax_number",
        "time_zone",
        "website",
    },
    "accounts_team": {"districts", "name", "skills"},
    "accounts_user": {"roles"},
    "arrears_disconnectionorder": {"bill_ids", "proposer_name"},
    "arrears_forecast": {"source"},
    "arrears_prepaidcutbatch": {"order_ids"},
    "auth_group": "*",
    "auth_permission": "*",
    "billing_accountingperiod": {"hash", "previous_hash"},
    "billing_accrualaccount": {"text"},
    "billing_accrualposting": {"reverse_reason"},
    "billing_adjustment": {"ledger_class"},
    "billing_bill": {"number"},
    "billing_billcharge": {"ledger_class"},
    "billing_billcycle": {"code", "name_en", "name_zh"},
    "billing_billline": {"code", "ledger_class", "period_of_use", "unit"},
    "billing_billrun": {"tariff_version_ids"},
    "billing_billsegment": {"handed_on", "inputs"},
    "billing_chartentry": {"code", "name", "number"},
    "billing_completenessplace": {"holes"},
    "billing_consolidatedbill": {"number"},
    "billing_consolidatedpayment": {"reference"},
    "billing_cyclerule": {"district"},
    "billing_einvoice": {"confirmation", "number", "request_id"},
    "billing_einvoiceline": {"category", "name", "unit"},
    "billing_energizing": {"cycle_code", "features"},
    "billing_ledgeraccount": {"code"},
    "billing_payment": {"reference"},
    "billing_periodbalance": {"code"},
    "billing_printedbill": {"content_sha256"},
    "billing_refund": {"reference"},
    "billing_revenueaccrual": {"error"},
    "billing_runchunk": {"account_ids", "error"},
    "billing_sandboxinvoice": {"blue_number", "confirmation", "number", "request_id", "seller"},
    "billing_shadowbill": {"advice", "message"},
    "billing_simulatedsupply": {"district", "message"},
    "billing_simulatedversion": {"source"},
    "billing_simulation": {"district", "error", "name"},
    "billing_simulationchunk": {"account_ids", "error"},
    "billing_transfer": {"reason"},
    "cashiering_agent": {"name"},
    "cashiering_agentdifference": {"our_account_number", "reason", "reference", "their_account_number"},
    "cashiering_agentline": {"account_number", "reference"},
    "cashiering_agentpayment": {"reason", "reference"},
    "cashiering_bankstatement": {"bank_account", "currency", "reference"},
    "cashiering_cashmovement": {"form", "reason"},
    "cashiering_checkout": {"currency", "payment_reference", "provider_reference", "reference", "said_currency"},
    "cashiering_checkoutevent": {"currency", "event_id", "payment", "reference"},
    "cashiering_debit": {"held_reasons", "return_code"},
    "cashiering_debitbatch": {"bank_says", "reference"},
    "cashiering_mandate": {"reference"},
    "cashiering_payout": {"reference"},
    "cashiering_payoutline": {"payment_reference", "reference"},
    "cashiering_receipt": {"form", "number", "reference"},
    "cashiering_refundfile": {"message_id"},
    "cashiering_sandboxcheckout": {"currency", "reference", "return_url", "subject", "token"},
    "cashiering_sandboxdebitanswer": {"content", "name"},
    "cashiering_sandboxsaying": {"currency", "event_id", "payment", "reason"},
    "cashiering_statementfile": {"name"},
    "cashiering_statementline": {"bank_account", "bank_reference", "entry_reference"},
    "cashiering_till": {"name", "place"},
    "cashiering_tillsession": {"reason"},
    "complaints_callercheck": {"asked"},
    "complaints_callreference": {"reference", "sender"},
    "complaints_callrequest": {"reference", "sender"},
    "complaints_case": {"cause_code", "class_code", "district", "number", "reference", "sender"},
    "complaints_casemail": {"digest", "mailbox", "settled_name", "uid"},
    "complaints_casesuggestion": {"chosen_code", "class_code", "others", "reasons"},
    "complaints_casetrend": {"area", "class_code", "note", "owner_name"},
    "complaints_classmodel": {"content"},
    "complaints_evaluation": {"marks", "weights"},
    "complaints_lesson": {"done_name"},
    "complaints_publishedmonth": {"figures", "reason"},
    "contracts_agreementterm": {"features"},
    "contracts_applicationitem": {"unit"},
    "contracts_applicationload": {"name"},
    "contracts_breachcase": {"given"},
    "contracts_changeread": {"register", "serial"},
    "contracts_changeset": {"stuck_code"},
    "contracts_contractclause": {"code", "covers", "source", "title_en", "title_zh"},
    "contracts_defect": {"remedy_en", "remedy_zh", "text_en", "text_zh"},
    "contracts_demandevent": {"reason"},
    "contracts_eventpart": {"gap"},
    "contracts_enrollment": {"signed_sha256"},
    "contracts_equipmentlease": {"device", "serial"},
    "contracts_financing": {"reference"},
    "contracts_importantcustomer": {"reason"},
    "contracts_offer": {"address", "boundary_en", "boundary_zh"},
    "contracts_offerfee": {"reason"},
    "contracts_offertariff": {"months_minor", "obstacle"},
    "contracts_oneoffcharge": {"ledger_class", "legal_source"},
    "contracts_openadrobject": {"call_error", "client_id", "object_id", "targets"},
    "contracts_openingvalue": {"name", "source"},
    "contracts_program": {
        "customer_classes",
        "device_en",
        "device_zh",
        "legal_source",
        "name_en",
        "name_zh",
        "tariffs",
        "text_en",
        "text_zh",
    },
    "contracts_rectificationnotice": {"number"},
    "contracts_safetyinspection": {"address", "district"},
    "contracts_sandboxbankanswer": {"reason", "reference"},
    "contracts_serviceagreement": {"external_id"},
    "contracts_serviceapplication": {"contract_number", "district", "number", "postcode"},
    "contracts_signingcode": {"code_hash"},
    "contracts_supplycontract": {"boundary_en", "boundary_zh", "content_sha256", "number", "verify_token"},
    "contracts_surveyreport": {"reasons"},
    "django_admin_log": "*",
    "django_content_type": "*",
    "django_session": "*",
    "metering_anomaly": {"reasons"},
    "metering_areaday": {"loads_w"},
    "metering_crew": {"areas", "kinds", "name"},
    "metering_devicecommand": {"reason"},
    "metering_feeder": {"external_id", "name", "substation"},
    "metering_headendcursor": {"cursor", "name"},
    "metering_devicetest": {"certificate", "errors", "laboratory", "lot", "reason"},
    "metering_instrumenttransformer": {"accuracy", "serial"},
    "metering_intervalday": {"method", "quality", "values"},
    "metering_liveday": {"quality", "values", "waiting", "written"},
    "metering_loadforecast": {"high_w", "low_w", "naive_w", "values_w"},
    "metering_loadday": {"hours_wh"},
    "metering_assetforecast": {"hours_wh"},
    "metering_meter": {"certificate", "external_id", "model", "serial"},
    "metering_meterdelivery": {"name"},
    "metering_outage": {"address", "district", "note"},
    "metering_outageexpectation": {"note"},
    "metering_outagemove": {"note"},
    "metering_plannedoutage": {"reason", "work"},
    "metering_plannedoutagemove": {"note"},
    "metering_premises": {"address", "district", "external_id", "postcode", "search_grams"},
    "metering_missedread": {"note"},
    "metering_readchange": {"reason"},
    "metering_readfile": {"name"},
    "metering_readingroute": {"code", "days", "name"},
    "metering_readrejection": {"advice", "message", "text"},
    "metering_routestop": {"access_note", "key_note"},
    "metering_sandboxanswer": {"reason", "reference", "serial"},
    "metering_sandboxmeter": {"serial"},
    "metering_seal": {"number", "reason"},
    "metering_servicepoint": {"external_id", "meter_position"},
    "metering_streamname": {"code", "place"},
    "metering_transformer": {"address", "district", "external_id", "name"},
    "metering_usagecorrection": {"factor", "first_share", "given", "reactive_factor"},
    "metering_weatherseries": {"code", "source"},
    "metering_voltageday": {"slots_mv"},
    "metering_voltageforecast": {"hours_mv"},
    "metering_workanswer": {"label_en", "label_zh"},
    "metering_workorder": {"address", "district"},
    "platform_apikey": {"name", "prefix", "scopes", "secret_sha256"},
    "platform_auditevent": {"detail", "request_id"},
    "platform_deadline": {"taken_by"},
    "platform_document": {"media_type", "name", "sealed_name"},
    "platform_documentkey": {"wrapped"},
    "platform_idempotencykey": {"client", "response"},
    "platform_job": {"message", "subject"},
    "platform_outboxmessage": {"payload"},
    "platform_personkey": {"wrapped"},
    "platform_sequence": {"name"},
    "tariffs_priceevent": {"code", "source"},
    "tariffs_priceseries": {"code", "source"},
    "tariffs_priceseriesday": {"prices_e6"},
    "tariffs_tariff": {"code", "name_en", "name_zh"},
    "tariffs_tariffversion": {"area", "legal_source", "reason", "source"},
}
"""Tables, with columns that say nothing of a customer; "*": none of them does."""


def texts_of(model):
    return {
        field.column
        for field in model._meta.concrete_fields
        if (field.get_internal_type() in TEXTS or isinstance(field, ArrayField))
        and not isinstance(field, Code)
        and not field.choices
        and field.column not in NO_TEXT_OF_PEOPLE
    }


def test_each_text_is_erased_or_says_nothing_of_a_customer():
    held = {one.table: one for one in personal.all_held()}
    left = {}
    for model in apps.get_models():
        table, known = model._meta.db_table, SAYS_NOTHING.get(model._meta.db_table, frozenset())
        one = held.get(table)
        if known == "*" or (one is not None and one.gone):
            continue
        rest = texts_of(model) - set(one.erased if one else ()) - set(known)
        if rest:
            left[table] = sorted(rest)
    assert left == {}, "declare them in <room>/queries/personal.py, or name them in SAYS_NOTHING"


def test_what_is_declared_is_there():
    columns = {
        model._meta.db_table: {field.column for field in model._meta.concrete_fields} for model in apps.get_models()
    }
    for one in personal.all_held():
        names = {*one.erased, *one.sealed, *one.documents, *one.shared}
        assert names <= columns[one.table], one.table


def test_each_encrypted_column_is_declared():
    held = {one.table: one for one in personal.all_held()}
    for model in apps.get_models():
        for field in model._meta.concrete_fields:
            if isinstance(field, SealedText):
                assert field.column in held[model._meta.db_table].sealed, (model._meta.db_table, field.column)


def test_each_table_with_documents_knows_their_owner():
    assert [one.table for one in personal.all_held() if one.documents and not one.way.owner] == []


def test_each_column_of_an_export_has_a_name_for_people_or_is_left_out_of_its_index():
    kept, tables = export_index.words(), {model._meta.db_table: model for model in apps.get_models()}
    shown = {
        field.column
        for one in personal.all_held()
        for field in tables[one.table]._meta.concrete_fields
        if one.exported and not field.column.endswith(export_index.KEY)
    } - personal.HIDDEN
    assert shown - kept["columns"].keys() == set(kept["left_out"])
    assert kept["columns"].keys() <= shown
    assert {one.table for one in personal.all_held() if one.exported} == kept["tables"].keys() | TABLE_TITLES.keys()
    named = [*kept["columns"].values(), *kept["tables"].values()]
    assert all(set(one) == {"en", "zh"} and all(one.values()) for one in named)

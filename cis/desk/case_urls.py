"""Addresses of the desk: complaints and other cases, and teams of staff."""

from django.urls import path

from cis.desk import (
    call_requests,
    caller_check,
    case_intake,
    case_mails,
    case_page,
    case_suggestions,
    cases,
    phone_call,
    teams,
)

urlpatterns = [
    path("cases/", cases.index, name="cases"),
    path("cases.csv", cases.export, name="cases_file"),
    path("cases/bulk/", cases.bulk, name="cases_in_bulk"),
    path("cases/new/", case_intake.new, name="new_case"),
    path("cases/caller/", case_intake.caller, name="case_caller"),
    path("cases/suggest/", case_suggestions.suggest, name="suggest_class"),
    path("cases/suggestions/", case_suggestions.index, name="case_suggestions"),
    path("cases/<int:case_id>/", case_page.show, name="case"),
    path("cases/<int:case_id>/act/", case_page.act, name="act_on_case"),
    path("cases/<int:case_id>/photos/<int:photo_id>", case_page.photo, name="case_photo"),
    path("cases/<int:case_id>/letters/<int:deed_id>.pdf", case_page.letter, name="case_letter"),
    path("calls/", call_requests.index, name="call_requests"),
    path("calls.csv", call_requests.export, name="call_requests_file"),
    path("calls/new/", call_requests.new, name="new_call_request"),
    path("calls/hang-up/", phone_call.hang_up, name="hang_up"),
    path("calls/<int:request_id>/", call_requests.show, name="call_request"),
    path("calls/<int:request_id>/act/", call_requests.act, name="act_on_call_request"),
    path("calls/check/<int:account_id>/", caller_check.check, name="check_caller"),
    path("inbox/", case_mails.index, name="case_mails"),
    path("inbox.csv", case_mails.export, name="case_mails_file"),
    path("inbox/<int:mail_id>/", case_mails.show, name="case_mail"),
    path("inbox/<int:mail_id>/act/", case_mails.act, name="act_on_case_mail"),
    path("teams/", teams.index, name="teams"),
    path("teams/new/", teams.new, name="new_team"),
    path("teams/<int:team_id>/", teams.edit, name="team"),
]

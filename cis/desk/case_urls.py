"""Addresses of the desk: complaints and other cases, and teams of staff."""

from django.urls import path

from cis.desk import case_intake, case_page, case_suggestions, cases, teams

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
    path("teams/", teams.index, name="teams"),
    path("teams/new/", teams.new, name="new_team"),
    path("teams/<int:team_id>/", teams.edit, name="team"),
]

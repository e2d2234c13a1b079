"""Addresses of the desk: care of customers."""

from django.urls import path

from cis.desk import care_plans, points, protections, satisfaction, visits

urlpatterns = [
    path("care/protections/", protections.index, name="protections"),
    path("care/protections.csv", protections.export, name="protections_file"),
    path("care/protections/<int:protection_id>/", protections.show, name="protection"),
    path("care/protections/<int:protection_id>/act/", protections.act, name="act_on_protection"),
    path("customers/<int:account_id>/protect/", protections.new, name="new_protection"),
    path("care/visits/", visits.index, name="visits"),
    path("care/visits.csv", visits.export, name="visits_file"),
    path("care/visits/<int:visit_id>/", visits.show, name="visit"),
    path("care/visits/<int:visit_id>/act/", visits.act, name="act_on_visit"),
    path("care/answers/", satisfaction.results, name="visit_scores"),
    path("care/answers.csv", satisfaction.results_file, name="visit_scores_file"),
    path("customers/<int:account_id>/visit/", visits.new, name="new_visit"),
    path("care/plans/", care_plans.index, name="care_plans"),
    path("care/plans.csv", care_plans.export, name="care_plans_file"),
    path("care/plans/<int:plan_id>/", care_plans.show, name="care_plan"),
    path("care/plans/<int:plan_id>/act/", care_plans.act, name="act_on_care_plan"),
    path("customers/<int:account_id>/care-plan/", care_plans.new, name="new_care_plan"),
    path("care/points/", points.report, name="points_report"),
    path("care/points.csv", points.report_file, name="points_report_file"),
    path("customers/<int:account_id>/points/", points.of_account, name="account_points"),
    path("customers/<int:account_id>/points.csv", points.entries_file, name="account_points_file"),
]

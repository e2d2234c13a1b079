"""Addresses of the desk: what cases teach."""

from django.urls import path

from cis.desk import case_figures, case_learning, case_trends, published

urlpatterns = [
    path("cases/figures/", case_figures.show, name="case_figures"),
    path("cases/figures.csv", case_figures.export, name="case_figures_file"),
    path("cases/evaluations/", case_learning.index, name="case_evaluations"),
    path("cases/evaluations.csv", case_learning.export, name="case_evaluations_file"),
    path("cases/<int:case_id>/evaluation/", case_learning.show, name="case_evaluation"),
    path("cases/<int:case_id>/evaluation/act/", case_learning.act, name="act_on_case_evaluation"),
    path("cases/lessons/", case_learning.lessons, name="lessons"),
    path("cases/lessons.csv", case_learning.lessons_file, name="lessons_file"),
    path("cases/lessons/<int:lesson_id>/done/", case_learning.lesson_done, name="lesson_done"),
    path("cases/trends/", case_trends.index, name="case_trends"),
    path("cases/trends.csv", case_trends.export, name="case_trends_file"),
    path("cases/trends/<int:trend_id>/", case_trends.show, name="case_trend"),
    path("cases/trends/<int:trend_id>/act/", case_trends.act, name="act_on_case_trend"),
    path("cases/published/", published.index, name="published"),
    path("cases/published/publish/", published.publish, name="publish"),
]

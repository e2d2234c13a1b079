"""All addresses of the house; each states who may use it (cis.platform.access)."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path
from django.views.i18n import set_language

from cashiering.web import sandbox_page
from cis import health
from cis.desk import home, service_standards
from cis.portal import apply, apply_contract, instalments, pay, statistics, survey, verify

urlpatterns: list[URLPattern | URLResolver] = [
    path("health/live", health.live, name="health_live"),
    path("health/ready", health.ready, name="health_ready"),
    path("metrics", health.metrics, name="metrics"),
    path("i18n/setlang/", set_language, name="set_language"),
    path("accounts/", include("allauth.urls")),
    path("", home.show, name="home"),
    path("desk/", include("cis.desk.urls")),
    path("survey/<str:token>", survey.ask, name="survey"),
    path("verify/<str:token>", verify.show, name="verify_contract"),
    path("statistics/", statistics.show, name="statistics"),
    path("statistics/<str:month>/", statistics.show, name="statistics_of_month"),
    path("statistics/<str:month>.json", statistics.as_json, name="statistics_json"),
    path("statistics/<str:month>.csv", statistics.as_csv, name="statistics_csv"),
    path("service-standards/", service_standards.show, name="service_standards"),
    path("service-standards.pdf", service_standards.paper, name="service_standards_paper"),
    path("pay/status/<str:reference>/", pay.status, name="pay_status"),
    path("pay/status/<str:reference>/receipt.pdf", pay.receipt, name="pay_receipt"),
    path("pay/part/<str:code>/<str:mark>/", instalments.part_link, name="pay_part"),
    path("pay/<str:number>/<str:mark>/", pay.link, name="pay_link"),
    path("sandbox-provider/<str:token>/", sandbox_page.show, name="sandbox_provider"),
    path("apply/", apply.new, name="apply"),
    path("apply/status/", apply.status, name="application_status"),
    path("apply/mine/<int:application_id>/", apply.mine, name="my_application"),
    path("apply/mine/<int:application_id>/change/", apply.change, name="change_my_application"),
    path("apply/mine/<int:application_id>/offer/", apply_contract.offer, name="my_application_offer"),
    path("apply/mine/<int:application_id>/offer.pdf", apply_contract.offer_pdf, name="my_application_offer_pdf"),
    path("apply/mine/<int:application_id>/contract/", apply_contract.contract, name="my_application_contract"),
    path(
        "apply/mine/<int:application_id>/contract.pdf", apply_contract.contract_pdf, name="my_application_contract_pdf"
    ),
    path("apply/<str:number>/<str:secret>/", apply.open_link, name="application_link"),
    path("portal/", include("cis.portal.urls")),
    path("api/v1/", include("cis.api.router")),
    path("openadr3/3.1.0/", include("cis.api.openadr_urls")),
    path("admin/", admin.site.urls),
]

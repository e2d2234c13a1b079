"""A few pages, for tests of who may come in."""

from django.contrib import admin
from django.http import HttpResponse
from django.urls import include, path
from django.views import View

from cis.kernel.enums import Role
from cis.platform.access import actor_of, allow, allow_portal, allow_public, allow_signed_in


def _page(_request):
    return HttpResponse("in")


@allow(Role.CASHIER)
class ByClass(View):
    def get(self, _request):
        return HttpResponse("in")


@allow()
def who(request):
    actor = actor_of(request)
    return HttpResponse(f"{actor.kind} {actor.name} {sorted(actor.roles)}")


def bare(_request):
    return HttpResponse("in")


def wrapped(rule):
    def page(request):
        return _page(request)

    return rule(page)


urlpatterns = [
    path("public", wrapped(allow_public)),
    path("signed-in", wrapped(allow_signed_in)),
    path("clerk", wrapped(allow(Role.CLERK, Role.SUPERVISOR))),
    path("staff", wrapped(allow())),
    path("portal", wrapped(allow_portal), name="bills"),
    path("class", ByClass.as_view()),
    path("who", who),
    path("bare", bare),
    path("home", wrapped(allow()), name="home"),
    path("p/", include(([path("bills", wrapped(allow_portal), name="bills")], "portal"))),
    path("accounts/", include("allauth.urls")),
    path("admin/", admin.site.urls),
]

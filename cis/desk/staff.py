"""Staff and what they may do: for administrators."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.operations import users as operations
from accounts.queries import users
from cis.desk.answers import or_404, posted, tell_refusal
from cis.desk.forms.logins import RolesForm, StaffForm
from cis.desk.logins import show_password
from cis.desk.roles import ADMINS
from cis.kernel.errors import Refused
from cis.platform.access import actor_of, allow
from cis.platform.paging import page_context


@allow(*ADMINS)
def index(request: HttpRequest) -> HttpResponse:
    """List the members of staff."""
    page = page_context(request, users.staff)
    context = {"cards": page["rows"], "pager": page["pager"]}
    return render(request, "desk/staff.html", context)


@allow(*ADMINS)
def new(request: HttpRequest) -> HttpResponse:
    """Let somebody in; the password is made and shown once."""
    form = StaffForm(posted(request))
    if request.method == "POST" and form.is_valid():
        password = operations.new_password()
        try:
            operations.create_staff(password=password, actor=actor_of(request), **form.cleaned_data)
        except Refused as refusal:
            form.refuse(refusal)
        else:
            username, back_url = form.cleaned_data["username"], reverse("desk:staff")
            return show_password(request, username=username, password=password, back_url=back_url)
    return render(request, "desk/staff_new.html", {"form": form})


@allow(*ADMINS)
def edit(request: HttpRequest, user_id: int) -> HttpResponse:
    """Change what somebody may do, or whether they may sign in at all."""
    with or_404():
        card = users.one_of_staff(user_id=user_id)
    form = RolesForm(request.POST if request.POST.get("do") == "roles" else None, initial={"roles": card.roles})
    if form.is_bound and form.is_valid():
        try:
            operations.change_roles(user_id=user_id, roles=form.cleaned_data["roles"], actor=actor_of(request))
        except Refused as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, _("Saved."))
            return redirect("desk:staff")
    change = {"close": operations.deactivate, "open": operations.reactivate}.get(request.POST.get("do", ""))
    if change is not None:
        try:
            change(user_id=user_id, actor=actor_of(request))
        except Refused as refusal:
            tell_refusal(request, refusal)
        else:
            messages.success(request, _("Saved."))
        return redirect("desk:staff_member", user_id)
    return render(request, "desk/staff_member.html", {"form": form, "card": card})

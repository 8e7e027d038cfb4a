"""Staff change their own password; all else about them is in the admin."""

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from portal.lib.http import Request
from portal.staff import forms, logins
from portal.staff.operations import accounts


@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def password(request: Request) -> HttpResponse:
    """Let everybody who is logged in change their own password; their other sessions end with it."""
    user = request.user
    form = forms.PasswordForm(user, request.POST if request.method == "POST" else None, request=request)
    if not form.is_bound:
        return render(request, "account/password.html", {"form": form})
    if not form.is_valid():
        return render(request, "account/password.html", {"form": form}, status=422)
    accounts.change_password(
        user=user,
        password=form.cleaned_data["new_password1"],
        address=logins.address_of(request),
        at=timezone.now(),
    )
    update_session_auth_hash(request, user)
    messages.success(request, "Your password was changed. You are logged out everywhere else.")
    return redirect("password")

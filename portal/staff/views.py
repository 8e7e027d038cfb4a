"""Staff change their own password and keep filters of lists; all else about them is in the admin."""

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from portal import frame
from portal.lib.http import Request
from portal.staff import forms, logins
from portal.staff.models import SavedFilter
from portal.staff.operations import accounts, saved_filters


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


@require_POST
def save_filter(request: Request) -> HttpResponse:
    """Save the filters of a list for whoever asks, and lead back to it."""
    form = forms.SavedFilterForm(request.POST)
    if "address" in form.errors:
        raise Http404("There is no such list.")
    back = f"{form.cleaned_data['address']}?{form.cleaned_data.get('query', '')}"
    if not form.is_valid():
        for name, errors in form.errors.items():
            messages.error(request, f"The filter was not saved. {form[name].label}: {errors[0]}")
        return HttpResponseRedirect(back, status=303)
    try:
        saved = saved_filters.save_filter(user=request.user, at=timezone.now(), **form.cleaned_data)
    except frame.Refused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, f"The filter “{saved.name}” was saved.")
    return HttpResponseRedirect(back, status=303)


@require_POST
def remove_filter(request: Request, pk: int) -> HttpResponse:
    """Remove a saved filter of one's own, and lead back to its list."""
    try:
        saved = saved_filters.remove_filter(user=request.user, pk=pk, at=timezone.now())
    except SavedFilter.DoesNotExist as missing:
        raise Http404("There is no such filter.") from missing
    messages.success(request, f"The filter “{saved.name}” was removed.")
    return HttpResponseRedirect(saved.address, status=303)

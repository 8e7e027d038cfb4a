"""The forms of staff: the log-in, one's own password, and the accounts that superusers edit."""

from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.forms import LoginForm as AllauthLoginForm
from django import forms
from django.contrib.auth import forms as auth_forms
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.urls import Resolver404, resolve

from portal.lib import forms as fields
from portal.lib import mistakes
from portal.staff import logins, selectors
from portal.staff.models import SavedFilter

LAST_SUPERUSER = "This is the last active superuser: make somebody else one first."


class _AccountForm(fields.Focused):
    """Adapts a form of a library to the looks, the texts and the focus of the portal's forms.

    It has no error summary. After a mistake the first wrong field has the focus, or the notice of the whole form.
    """

    errors: Any

    def adopt(self) -> None:
        """Set the looks and texts of all fields. Labels stand above the fields, not inside them."""
        for field in self.fields.values():
            field.widget.attrs.pop("placeholder", None)
            field.widget.attrs.pop("autofocus", None)
            field.widget.attrs["class"] = "form-control"
            field.error_messages["required"] = mistakes.empty(right=f"your {str(field.label).lower()}")

    def focused_field(self) -> str:
        """Name the field that has the focus."""
        if self.is_bound:
            return next((name for name in self.fields if name in self.errors), "")
        return super().focused_field()


class LoginForm(_AccountForm, AllauthLoginForm):  # type: ignore[misc]  # allauth has no types
    """allauth's log-in."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.adopt()


class PasswordForm(_AccountForm, auth_forms.PasswordChangeForm):
    """Django's form. The present password is checked by the log-in, so a wrong guess counts there."""

    error_messages = {
        **auth_forms.PasswordChangeForm.error_messages,
        "password_incorrect": "This is not your present password.",
        "password_mismatch": "The two new passwords are not the same.",
    }

    def __init__(self, *args: Any, request: HttpRequest, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.request = request
        for name, label, help_text in (
            ("old_password", "Present password", ""),
            (
                "new_password1",
                "New password",
                "10 characters or more, not like your name, and none that many people use.",
            ),
            ("new_password2", "New password, once more", ""),
        ):
            self.fields[name].label = label
            self.fields[name].help_text = help_text
        self.adopt()

    def clean_old_password(self) -> str:
        """Check the present password."""
        password: str = self.cleaned_data["old_password"]
        adapter, username = get_adapter(self.request), self.user.get_username()
        if adapter.authenticate(self.request, username=username, password=password) is None:
            raise ValidationError(self.error_messages["password_incorrect"], code="password_incorrect")
        logins.forget(request=self.request, username=username)
        return password


def _username(form: Any) -> str:
    username: str = form.cleaned_data["username"]
    if fault := selectors.fault_of_username(username, of=form.instance):
        raise ValidationError(fault)
    return username


class NewStaffForm(auth_forms.AdminUserCreationForm):  # type: ignore[type-arg]  # only the stubs know a parameter
    """Django's form, with the portal's rule for usernames."""

    def clean_username(self) -> str:
        """Check the username."""
        return _username(self)


class StaffForm(auth_forms.UserChangeForm):  # type: ignore[type-arg]  # only the stubs know a parameter
    """Django's form, with the portal's rule for usernames. It keeps the last active superuser."""

    def clean_username(self) -> str:
        """Check the username."""
        return _username(self)

    def clean(self) -> dict[str, Any]:
        """Keep the last active superuser. If two deactivate each other, the database refuses one."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        stays = cleaned.get("is_active") and cleaned.get("is_superuser")
        if not stays:
            superusers = User.objects.filter(is_active=True, is_superuser=True)
            if list(superusers.values_list("pk", flat=True)[:2]) == [self.instance.pk]:
                self.add_error("is_superuser" if cleaned.get("is_active") else "is_active", LAST_SUPERUSER)
        return cleaned


class SavedFilterForm(fields.Form):
    """Save the filters of a list under a name. *Shape*: `query` is what its address asks for."""

    address = fields.LineField(max_length=SavedFilter._meta.get_field("address").max_length)
    query = fields.LineField(required=False, max_length=SavedFilter._meta.get_field("query").max_length)
    name = fields.LineField(label="Name", max_length=SavedFilter._meta.get_field("name").max_length)
    is_shared = forms.BooleanField(required=False)

    def clean_address(self) -> str:
        """Take the address of a list alone: the answer leads back there."""
        address: str = self.cleaned_data["address"]
        try:
            view = resolve(address).func
        except Resolver404:
            view = None
        if not hasattr(view, "list"):
            raise ValidationError("There is no such list.", code="invalid")
        return address

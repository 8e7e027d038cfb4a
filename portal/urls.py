"""The addresses of the whole portal; each app serves its own, also its tab of a customer's page."""

from allauth.account import views as account_views
from django.contrib.auth.decorators import login_not_required
from django.urls import include, path

from portal.shell import admin_config
from portal.shell import views as shell_views
from portal.staff import views as staff_views

handler500 = "portal.shell.views.server_error"
urlpatterns = [
    path("", shell_views.home, name="home"),
    path("log-in/", login_not_required(account_views.login), name="account_login"),
    path("log-out/", account_views.logout, name="account_logout"),
    path("saved-filters/", staff_views.save_filter, name="save_filter"),
    path("saved-filters/<int:pk>/remove/", staff_views.remove_filter, name="remove_filter"),
    path("password/", staff_views.password, name="password"),
    path("help/", shell_views.help_index, name="help"),
    path("help/<slug:name>/", shell_views.help_page, name="help_page"),
    path("", include("customers.urls")),
    path("", include("subscriptions.urls")),
    path("", include("invoicing.urls")),
    path("settings/", include("settings_app.urls")),
    path("runs/", include("portal.jobs.urls")),
    path("notifications/", include("portal.outbox.urls")),
    path("audit/", include("portal.audit.urls")),
    path("styleguide/", shell_views.styleguide, name="styleguide"),
    path("admin/", admin_config.site().urls),
    path("healthz", shell_views.healthz, name="healthz"),
    path("readyz", shell_views.readyz, name="readyz"),
]

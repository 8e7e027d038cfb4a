"""The addresses of the whole portal; each app serves its own, also its tab of a customer's page."""

from allauth.account import views as account_views
from django.contrib import admin
from django.contrib.auth.decorators import login_not_required
from django.urls import include, path

from portal.shell import views

handler500 = "portal.shell.views.server_error"
urlpatterns = [
    path("", views.home, name="home"),
    path("log-in/", login_not_required(account_views.login), name="account_login"),
    path("log-out/", account_views.logout, name="account_logout"),
    path("password/", views.password, name="password"),
    path("", include("customers.urls")),
    path("", include("subscriptions.urls")),
    path("", include("invoicing.urls")),
    path("settings/", include("settings_app.urls")),
    path("notifications/", include("portal.outbox.urls")),
    path("audit/", include("portal.audit.urls")),
    path("styleguide/", views.styleguide, name="styleguide"),
    path("admin/", admin.site.urls),
    path("healthz", views.healthz, name="healthz"),
    path("readyz", views.readyz, name="readyz"),
]

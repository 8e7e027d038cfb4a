"""The addresses below /settings/."""

from django.urls import path

from settings_app import views
from settings_app.taxes import views as taxes

app_name = "settings_app"
urlpatterns = [
    path("", views.index, name="index"),
    path("portal-config/", views.portal_config, name="portal_config"),
    path("tax-rates/", taxes.tax_rates, name="tax_rates"),
    path("tax-rates/add/", taxes.add_tax_rate, name="add_tax_rate"),
    path("tax-rates/<int:pk>/withdraw/", taxes.withdraw_tax_rate, name="withdraw_tax_rate"),
    path("versions/", views.versions, name="versions"),
    path("reasons/", views.reasons, name="reasons"),
    path("reasons/add/", views.add_reason, name="add_reason"),
    path("reasons/<int:pk>/", views.change_reason, name="change_reason"),
]

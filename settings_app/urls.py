"""The addresses below /settings/."""

from django.urls import path

from settings_app import views

app_name = "settings_app"
urlpatterns = [
    path("", views.index, name="index"),
    path("portal-config/", views.portal_config, name="portal_config"),
    path("versions/", views.versions, name="versions"),
    path("reasons/", views.reasons, name="reasons"),
    path("reasons/add/", views.add_reason, name="add_reason"),
    path("reasons/<int:pk>/", views.change_reason, name="change_reason"),
]

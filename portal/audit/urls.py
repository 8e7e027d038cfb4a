"""The addresses below /audit/."""

from django.urls import path

from portal.audit import views

app_name = "audit"
urlpatterns = [
    path("", views.entries, name="list"),
    path("export.csv", views.export, name="export"),
]

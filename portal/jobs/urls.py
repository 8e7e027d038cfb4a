"""The addresses below /runs/."""

from django.urls import path

from portal.jobs import views

app_name = "jobs"
urlpatterns = [
    path("", views.run_list, name="runs"),
    path("<uuid:uuid>/", views.run, name="run"),
]

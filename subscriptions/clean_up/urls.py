from django.urls import path

from subscriptions.clean_up import views

urlpatterns = [
    path("clean-up-runs/", views.run_list, name="clean_up_runs"),
    path("clean-up-runs/<uuid:uuid>/", views.run, name="clean_up_run"),
    path("clean-up-runs/<uuid:uuid>/report.csv", views.run_report, name="clean_up_report"),
]

from django.urls import path

from subscriptions.clean_up import views

urlpatterns = [
    path("runs/<uuid:uuid>/report.csv", views.run_report, name="clean_up_report"),
    # Where the runs of the clean-up were before there were runs of other kinds.
    path("clean-up-runs/", views.moved_list, name="clean_up_runs"),
    path("clean-up-runs/<uuid:uuid>/", views.moved_run, name="clean_up_run"),
    path("clean-up-runs/<uuid:uuid>/report.csv", views.moved_report, name="former_clean_up_report"),
]

from django.urls import path

from subscriptions.clean_up import views as clean_up_views
from subscriptions.record import views
from subscriptions.termination.views import asking as flow
from subscriptions.termination.views import estimate

app_name = "subscriptions"
urlpatterns = [
    path("customers/<uuid:uuid>/subscriptions/", views.tab, name="tab"),
    path("subscriptions/<uuid:uuid>/", views.detail, name="detail"),
    path("subscriptions/<uuid:uuid>/refund/", estimate.estimate, name="estimate"),
    path("subscriptions/<uuid:uuid>/renewal/", views.renewal, name="renewal"),
    path("subscriptions/<uuid:uuid>/terminate/", flow.reason, name="terminate"),
    path("subscriptions/<uuid:uuid>/terminate/refund/", flow.refund, name="refund"),
    path("subscriptions/<uuid:uuid>/terminate/choice/", flow.choice, name="choice"),
    path("subscriptions/<uuid:uuid>/terminate/apply/", flow.apply, name="apply"),
    path("terminations/<uuid:uuid>/", views.termination, name="termination"),
    path("terminations/<uuid:uuid>/correction/", views.correction, name="correction"),
    path("clean-up-runs/", clean_up_views.run_list, name="clean_up_runs"),
    path("clean-up-runs/<uuid:uuid>/", clean_up_views.run, name="clean_up_run"),
    path("clean-up-runs/<uuid:uuid>/report.csv", clean_up_views.run_report, name="clean_up_report"),
]

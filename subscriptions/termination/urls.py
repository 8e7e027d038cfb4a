from django.urls import path

from subscriptions.termination.views import applying, asking, estimate, expired

urlpatterns = [
    path("subscriptions/<uuid:uuid>/refund/", estimate.estimate, name="estimate"),
    path("subscriptions/<uuid:uuid>/terminate/", asking.reason, name="terminate"),
    path("subscriptions/<uuid:uuid>/terminate/refund/", asking.refund, name="refund"),
    path("subscriptions/<uuid:uuid>/terminate/choice/", asking.choice, name="choice"),
    path("subscriptions/<uuid:uuid>/terminate/apply/", applying.apply, name="apply"),
    path("subscriptions/<uuid:uuid>/terminate-expired/", expired.terminate_expired, name="terminate_expired"),
]

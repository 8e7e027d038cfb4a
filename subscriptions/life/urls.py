from django.urls import path

from subscriptions.life import views

urlpatterns = [
    path("subscriptions/<uuid:uuid>/recover/", views.recover, name="recover"),
    path("subscriptions/failed-renewals/", views.failed_renewals, name="failed_renewals"),
    path("subscriptions/<uuid:uuid>/renewal/", views.renewal, name="renewal"),
]

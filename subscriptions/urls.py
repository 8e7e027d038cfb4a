"""The addresses of each slice, under one name."""

from django.urls import include, path

app_name = "subscriptions"
urlpatterns = [
    path("", include("subscriptions.record.urls")),
    path("", include("subscriptions.termination.urls")),
    path("", include("subscriptions.life.urls")),
    path("", include("subscriptions.requests.urls")),
    path("", include("subscriptions.clean_up.urls")),
]

from django.urls import path

from subscriptions.requests import views

urlpatterns = [
    path("subscriptions/<uuid:uuid>/end-later/", views.end_later, name="end_later"),
    path("subscriptions/<uuid:uuid>/end-later/estimate/", views.estimate, name="end_later_estimate"),
    path("subscriptions/<uuid:uuid>/end-later/confirm/", views.confirm, name="end_later_confirm"),
    path("subscriptions/<uuid:uuid>/withdraw-end/", views.withdraw, name="withdraw_end"),
    path("scheduled-ends/", views.scheduled_ends, name="scheduled_ends"),
]

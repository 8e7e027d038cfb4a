from django.urls import path

from subscriptions.life import views

urlpatterns = [
    path("subscriptions/<uuid:uuid>/renewal/", views.renewal, name="renewal"),
]

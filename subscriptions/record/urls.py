from django.urls import path

from subscriptions.record import views

urlpatterns = [
    path("customers/<uuid:uuid>/subscriptions/", views.tab, name="tab"),
    path("subscriptions/<uuid:uuid>/", views.detail, name="detail"),
    path("terminations/<uuid:uuid>/", views.termination, name="termination"),
    path("terminations/<uuid:uuid>/correction/", views.correction, name="correction"),
]

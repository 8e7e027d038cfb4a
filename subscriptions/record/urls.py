from django.urls import path

from subscriptions.record import views

urlpatterns = [
    path("customers/<uuid:uuid>/subscriptions/", views.tab, name="tab"),
    path("subscriptions/", views.subscription_list, name="list"),
    path("subscriptions/<uuid:uuid>/", views.detail, name="detail"),
    path("terminations/", views.termination_list, name="terminations"),
    path("terminations/<uuid:uuid>/", views.termination, name="termination"),
    path("terminations/<uuid:uuid>/correction/", views.correction, name="correction"),
]

"""The addresses below /notifications/."""

from django.urls import path

from portal.outbox import views

app_name = "outbox"
urlpatterns = [
    path("", views.message_list, name="list"),
    path("samples/", views.samples, name="samples"),
    path("<uuid:uuid>/", views.message, name="message"),
    path("<uuid:uuid>/send-again/", views.send_again, name="send_again"),
]

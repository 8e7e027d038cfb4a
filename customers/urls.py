from django.urls import path

from customers import views
from customers.contacts import views as contacts_views
from customers.exemption import views as exemption_views

app_name = "customers"
urlpatterns = [
    path("customers/", views.organisation_list, name="list"),
    path("customers/open/", views.open_answer, name="open"),
    path("credit-entries/", views.credit_entries, name="credit_entries"),
    path("customers/<uuid:uuid>/", views.overview, name="overview"),
    path("customers/<uuid:uuid>/header/", views.header, name="header"),
    path("customers/<uuid:uuid>/contacts/", contacts_views.contacts, name="contacts"),
    path("customers/<uuid:uuid>/tax-exemption/", exemption_views.tax_exemption, name="tax_exemption"),
    path("customers/<uuid:uuid>/payment/", views.payment, name="payment"),
    path("customers/<uuid:uuid>/payment/correction/", views.correction, name="correction"),
    path("customers/<uuid:uuid>/payment/top-up/", views.top_up, name="top_up"),
    path("customers/<uuid:uuid>/members/", views.members, name="members"),
    path("customers/<uuid:uuid>/history/", views.history, name="history"),
]

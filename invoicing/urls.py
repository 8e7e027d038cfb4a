"""The addresses of the Invoice app, and its tab of a customer's page."""

from django.urls import URLPattern, path

from invoicing import views

app_name = "invoicing"
urlpatterns: list[URLPattern] = [
    path("customers/<uuid:uuid>/invoices/", views.tab, name="tab"),
    path("invoices/", views.invoice_list, name="invoice_list"),
    path("invoices/<uuid:uuid>/", views.invoice, name="invoice"),
    path("invoices/<uuid:uuid>/payment/", views.record_payment, name="record_payment"),
    path("payments/", views.payment_list, name="payment_list"),
    path("payments/<uuid:uuid>/take-back/", views.take_back_payment, name="take_back_payment"),
    path("invoices/<uuid:uuid>/credit-note/", views.create_credit_note, name="create_credit_note"),
    path("credit-notes/", views.credit_note_list, name="credit_note_list"),
    path("credit-notes/<uuid:uuid>/", views.credit_note, name="credit_note"),
    path("credit-notes/<uuid:uuid>/send/", views.send_credit_note, name="send_credit_note"),
    path("credit-notes/<uuid:uuid>/void/", views.void_credit_note, name="void_credit_note"),
    path("credit-notes/<uuid:uuid>/put-in/", views.put_into_credits, name="put_into_credits"),
    path("credit-notes/<uuid:uuid>/take-back/", views.take_back_of_note, name="take_back_of_note"),
    path("credit-notes/<uuid:uuid>/allocate/", views.allocate, name="allocate"),
]

app_name = "settings_app"
urlpatterns: list = []

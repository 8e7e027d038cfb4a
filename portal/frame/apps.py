from django.apps import AppConfig


class FrameConfig(AppConfig):
    name = "portal.frame"
    label = "frame"
    verbose_name = "Frame of writes"

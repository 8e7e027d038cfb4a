"""Read the config in force."""

from settings_app.models import ConfigHead


def provider_name() -> str:
    """Name the provider, as pages and messages show it."""
    name: str = ConfigHead.objects.values_list("version__provider_name", flat=True).get(id=1)
    return name

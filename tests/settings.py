"""Settings of the test run: the product's own, on a test database, with quick password hashing."""

import os
import time

# Before anything that shapes a database is read: see tests/support/postgresql/shape.py.
STARTED = time.time()
os.environ.setdefault("SECRET_KEY", "a-key-as-long-as-those-that-a-deployment-draws-7316")

from portal.settings import *  # noqa: E402, F403
from portal.settings import DATABASES, INSTALLED_APPS, MIDDLEWARE  # noqa: E402

INSTALLED_APPS = [*INSTALLED_APPS, "django_linear_migrations", "zeal"]
# What a test starts to serve has the portal's own.
if DATABASES["default"]["ENGINE"] == "django.db.backends.postgresql":
    DATABASES["default"]["ENGINE"] = "tests.support.postgresql"
DATABASES["default"]["TEST"] = {"NAME": os.environ.get("PORTAL_TEST_DB", "test_portal")}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
AXES_ENABLED = False

# A request that asks row by row what one query could tell fails.
MIDDLEWARE = ["zeal.middleware.zeal_middleware", *MIDDLEWARE]
ZEAL_RAISE = True
ZEAL_ALLOWLIST = [
    # The frame of a page and its view each read the config in force once.
    {"model": "settings_app.ConfigHead", "field": "get()"},
    {"model": "settings_app.PortalConfigVersion", "field": "fees"},
    # Read by the view, and again under lock.
    {"model": "settings_app.TerminationReason", "field": "get()"},
]

"""Django settings of the portal. A deployment sets its choices in the environment: docs/operations.md."""

import sys
from pathlib import Path
from typing import Any

from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from portal import embedded
from portal.lib import environment, production, proxies
from portal.postgresql import address
from portal.shell import keys

BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = embedded.data_directory()

DEBUG = False
SECURE = production.is_secure()
ALLOWED_HOSTS = production.allowed_hosts()
CSRF_TRUSTED_ORIGINS = [f"https://{host}" for host in ALLOWED_HOSTS if SECURE and host != "*"]


def _secret_key() -> str:
    """Read the key that signs sessions and seals: from the environment, else from the data directory."""
    if key := environment.text("SECRET_KEY"):
        if why := keys.weakness(key):
            raise ImproperlyConfigured(f"SECRET_KEY can't be used: {why}; {keys.DRAW}.")
        return key
    try:
        key = embedded.secret_key()
    except embedded.EmbeddedError as error:
        raise ImproperlyConfigured(str(error)) from None
    if why := keys.weakness(key):
        file = embedded.data_directory() / "secret_key"
        raise ImproperlyConfigured(f"The key in {file} can't be used: {why}. {embedded.NEW_KEY}")
    return key


SECRET_KEY = _secret_key()

INSTALLED_APPS = [
    "portal.staff",
    "portal.shell.admin_config.PortalAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django_htmx",
    "crispy_forms",
    "crispy_bootstrap5",
    "allauth",
    "allauth.account",
    "axes",
    "csp",
    "portal.frame",
    "portal.audit",
    "portal.outbox",
    "portal.jobs",
    "portal.importing",
    "settings_app",
    "customers",
    "invoicing",
    "subscriptions",
    "portal.shell",
    "portal.demo",
    "portal",
]

MIDDLEWARE = [
    "portal.shell.middleware.KnownProxies",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    # After WhiteNoise: static files are compressed already. docs/operations.md says why BREACH gains nothing here.
    "django.middleware.gzip.GZipMiddleware",
    "csp.middleware.CSPMiddleware",
    "portal.shell.middleware.NotKept",
    "portal.shell.middleware.Unavailable",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "portal.shell.middleware.LoginRequired",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "portal.urls"
WSGI_APPLICATION = "portal.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "portal.shell.navigation.shell",
            ],
            "builtins": ["portal.shell.templatetags.components"],
        },
    },
]


def _database() -> dict[str, Any]:
    url = environment.text("DATABASE_URL") or environment.text(embedded.URL_VARIABLE)
    if not url:
        raise ImproperlyConfigured(
            "No database: set DATABASE_URL, or start through ./run, ./test or manage.py, which bring their own."
        )
    parts = address.read(url, variable="DATABASE_URL")
    named = {key: str(parts.pop(key, "") or "") for key in ("dbname", "user", "password", "host", "port")}
    settings: dict[str, Any] = {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": named["dbname"] or "portal",
        "USER": named["user"],
        "PASSWORD": named["password"],
        "HOST": named["host"],
        "PORT": named["port"],
        "ATOMIC_REQUESTS": False,
        "DISABLE_SERVER_SIDE_CURSORS": True,
        "OPTIONS": {"connect_timeout": 2, "application_name": "portal", "server_side_binding": True, **parts},
    }
    if environment.text("PORTAL_WEB") == "1":
        settings["ENGINE"] = "portal.postgresql"
        settings["OPTIONS"] = {**_WEB_OPTIONS, **settings["OPTIONS"]}
        # Options of the address come last, so they take precedence.
        settings["OPTIONS"]["options"] = f"{_WEB_LIMITS} {parts.get('options', '')}".strip()
    return settings


# Time limits of the web processes: an agent is better served by an error than by a page that never comes.
_WEB_LIMITS = (
    "-c statement_timeout=15s -c lock_timeout=10s -c idle_in_transaction_session_timeout=30s "
    # A search ranks a limited number of customers: the first ones that a scan reads. A synchronised scan starts
    # anywhere in the table, so the pages of one search would rank different customers.
    "-c synchronize_seqscans=off"
)
_WEB_OPTIONS = {
    # Prepared statements: agents send the same statements all day, so PostgreSQL parses and plans them once.
    "prepare_threshold": 5,
    # The pool is larger than the number of threads: a request waits only while connections are replaced.
    "pool": {
        "min_size": 1,
        "max_size": environment.whole("PORTAL_POOL_SIZE", default=12, least=1, most=999),
        "timeout": 2,
        # Two attempts, one second apart. After that the next request tries, so nobody waits for a long back-off.
        "reconnect_timeout": 1,
    },
    # A lost network ends a connection within seconds.
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 2,
    "tcp_user_timeout": 3000,
}

DATABASES = {"default": _database()}
# The role of the running portal. It owns no table if there are two roles: portal/postgresql/owner.py.
RUNTIME_ROLE = embedded.RUNTIME_ROLE if embedded.is_used() else DATABASES["default"]["USER"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "portal.staff.permissions.Backend",
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_ADAPTER = "portal.staff.adapter.StaffAccountAdapter"
ACCOUNT_FORMS = {"login": "portal.staff.forms.LoginForm"}
ACCOUNT_SESSION_REMEMBER = False
# django-axes counts failures in the database, for all processes. A second counter per process would disagree.
ACCOUNT_RATE_LIMITS = False
AXES_ENABLED = True
AXES_FAILURE_LIMIT = 10
AXES_COOLOFF_TIME = 0.25
AXES_RESET_ON_SUCCESS = True
AXES_HANDLER = "portal.staff.logins.Handler"
AXES_USERNAME_CALLABLE = "portal.staff.logins.name_of"
AXES_CLIENT_IP_CALLABLE = "portal.staff.logins.place_of"
AXES_LOCKOUT_CALLABLE = "portal.staff.logins.refused"
# The audit records log-ins, and it can't be emptied.
AXES_DISABLE_ACCESS_LOG = True
# The limit for one address, over all usernames. Failures on known devices don't count.
FAILURES_OF_AN_ADDRESS = 50
TRUSTED_PROXIES = proxies.trusted_networks()
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]

LANGUAGE_CODE = "en-gb"
TIME_ZONE = "UTC"
USE_I18N = False
USE_TZ = True
# portal.lib formats amounts and dates, in one way for all readers.
USE_THOUSAND_SEPARATOR = False

STATIC_URL = "static/"
# `./run install` writes static files beside the environment. The server sets PORTAL_STATIC if their version fits.
INSTALLED_STATIC_ROOT = Path(sys.prefix) / "portal-static"
STATIC_ROOT = INSTALLED_STATIC_ROOT if environment.text("PORTAL_STATIC") == "installed" else DATA_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
# Pages name files by their hashes; compressing each a second time under its own name would double the time.
WHITENOISE_KEEP_ONLY_HASHED_FILES = True
# Source maps are large, and read by nobody but who opens the browser's tools.
WHITENOISE_SKIP_COMPRESS_EXTENSIONS = ["map", "br", "gz"]

CRISPY_ALLOWED_TEMPLATE_PACKS = "bootstrap5"
CRISPY_TEMPLATE_PACK = "bootstrap5"

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        # portal.css replaces the data: images of Bootstrap. A browser may load them before it has portal.css.
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "manifest-src": [SELF],
    },
}

SESSION_ENGINE = "portal.staff.sessions"
SESSION_COOKIE_AGE = 12 * 3600
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "portal.shell.views.csrf_failure"
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CONTENT_TYPE_NOSNIFF = True
if SECURE:
    SECURE_SSL_REDIRECT = True
    # Health checks reach the portal directly, without TLS.
    SECURE_REDIRECT_EXEMPT = ["^healthz$", "^readyz$"]
    # The header counts only if a trusted proxy sent it: portal.shell.middleware.
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_HSTS_SECONDS = 31_536_000
    SESSION_COOKIE_SECURE = True
    CSRF_COOKIE_SECURE = True

# The server (`portal.shell.worker`) refuses a larger request before it reads it. The largest form carries the seal
# of a long quote.
DATA_UPLOAD_MAX_MEMORY_SIZE = 1_000_000
# No view takes files. The memory handler keeps an upload from reaching the disk.
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.MemoryFileUploadHandler"]
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2_000

# Without EMAIL_HOST messages wait: docs/notifications.md.
EMAIL_HOST = environment.text("EMAIL_HOST")
EMAIL_PORT = environment.whole("EMAIL_PORT", default=25, least=1, most=65_535)
EMAIL_USE_TLS = environment.is_on("EMAIL_USE_TLS", meaning="the mail server is spoken to in TLS")
EMAIL_HOST_USER = environment.text("EMAIL_HOST_USER")
EMAIL_HOST_PASSWORD = environment.text("EMAIL_HOST_PASSWORD")
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = environment.text("DEFAULT_FROM_EMAIL", default="portal@localhost")

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "filters": {"one_line": {"()": "portal.shell.unavailable.OneLine"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["one_line"]}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
}

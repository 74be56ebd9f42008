"""One settings file. What differs between offices comes from the environment; everything else is here.

ANWANG_HOME      folder with database, files, logs, secret (default ./var): a copy of it is a backup
DATABASE_URL     postgres://… for a city or province; SQLite in ANWANG_HOME otherwise
ANWANG_HOSTS     host names the server answers to, comma separated (default: this machine)
ANWANG_HTTPS     1 behind TLS: secure cookies, HSTS
ANWANG_LANDING_DAYS  7 (default): how long uploaded mine files that were taken stay in landing/done; 0 for ever
ANWANG_DIGEST    sha256 (default) or sm3 for the audit chain
ANWANG_MAIL_URL  apprise URL for mail, e.g. mailtos://user:pass@host
ANWANG_DEBUG     1 on a developer's machine
"""

import os
import secrets
from pathlib import Path
from typing import Any

import dj_database_url
from csp.constants import NONE, SELF

from anwang.config.rooms import MODULES

ROOT = Path(__file__).resolve().parents[3]
HOME = Path(os.environ.get("ANWANG_HOME", "var")).resolve()
HOME.mkdir(parents=True, exist_ok=True)


def _secret() -> str:
    """Made once per ANWANG_HOME, readable by the owner alone."""
    given = os.environ.get("ANWANG_SECRET")
    if given:
        return given
    path = HOME / "secret"
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(64))
    except FileExistsError:
        pass
    return path.read_text().strip()


SECRET_KEY = _secret()
DEBUG = os.environ.get("ANWANG_DEBUG") == "1"
HTTPS = os.environ.get("ANWANG_HTTPS") == "1"
ALLOWED_HOSTS = [h for h in os.environ.get("ANWANG_HOSTS", "127.0.0.1,localhost,[::1],testserver").split(",") if h]
CSRF_TRUSTED_ORIGINS = [f"https://{h}" for h in ALLOWED_HOSTS if HTTPS and not h.startswith("[")]
PUBLIC_URL = os.environ.get("ANWANG_PUBLIC_URL", "http://127.0.0.1:8000").rstrip("/")
ANWANG_LANDING_DAYS = int(os.environ.get("ANWANG_LANDING_DAYS", "7"))
ANWANG_DIGEST = os.environ.get("ANWANG_DIGEST", "sha256")
ANWANG_MAIL_URL = os.environ.get("ANWANG_MAIL_URL", "")

INSTALLED_APPS = [
    # First, so that our words and pages win over those of the libraries.
    *(f"{module}.apps.{module.rsplit('.', 1)[1].capitalize()}Config" for module in MODULES),
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django_htmx",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "axes",
    "csp",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "anwang.config.middleware.request_log",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "anwang.config.middleware.language",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
    "anwang.ground.accounts.middleware.sign_in_rules",
    "anwang.config.middleware.refusals",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "anwang.config.urls"
WSGI_APPLICATION = "anwang.config.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "anwang.ground.base.context.shell",
            ],
            "builtins": ["django.templatetags.i18n", "django.templatetags.static", "django.templatetags.l10n"],
        },
    },
]


def _database() -> dict[str, Any]:
    url = os.environ.get("DATABASE_URL", "")
    if url:
        config: dict[str, Any] = dict(dj_database_url.parse(url, conn_max_age=60, conn_health_checks=True))
        return config
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": str(HOME / "anwang.sqlite3"),
        "CONN_MAX_AGE": 60,
        "OPTIONS": {
            "transaction_mode": "IMMEDIATE",
            "timeout": 30,
            "init_command": (
                "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-65536; "
                "PRAGMA mmap_size=268435456; PRAGMA temp_store=MEMORY; PRAGMA journal_size_limit=67108864;"
            ),
        },
    }


DATABASES = {"default": _database()}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "anwang.ground.accounts.backends.PeopleBackend",
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "account_login"

# Passwords and lockout: GB/T 22239-2019 level 3 (identification a-d) as read in the domain reference, section 11.1.
PASSWORD_MIN_LENGTH = 10
PASSWORD_CLASSES = 3
PASSWORD_MAX_DAYS = 90
PASSWORD_KEEP = 5
SESSION_IDLE_MINUTES = 30
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": PASSWORD_MIN_LENGTH},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "anwang.ground.accounts.passwords.ClassesValidator", "OPTIONS": {"classes": PASSWORD_CLASSES}},
    {"NAME": "anwang.ground.accounts.passwords.ReuseValidator", "OPTIONS": {"keep": PASSWORD_KEEP}},
]
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = 0.25  # hours
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_LOCKOUT_CALLABLE = "anwang.ground.accounts.backends.locked_out"
AXES_VERBOSE = False

ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_ADAPTER = "anwang.ground.accounts.adapters.AccountAdapter"
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_LOGOUT_ON_GET = False
# axes counts wrong passwords; "login_failed" counts wrong codes of the second factor, which axes does not see.
ACCOUNT_RATE_LIMITS = {"login": "60/m/ip", "login_failed": "5/900s/key"}
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = "安网 Anwang"
MFA_ADAPTER = "anwang.ground.accounts.adapters.SecondFactorAdapter"
USERSESSIONS_TRACK_ACTIVITY = False  # it would write at every request; accounts.middleware notes it once a minute

SESSION_ENGINE = "django.contrib.sessions.backends.db"
SESSION_COOKIE_NAME = "anwang"
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
SESSION_COOKIE_AGE = 12 * 3600
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_USE_SESSIONS = False
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_HSTS_SECONDS = 31536000 if HTTPS else 0
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:", "blob:"],
        "connect-src": [SELF],
        "font-src": [SELF],
        "object-src": [NONE],
        "frame-ancestors": [NONE],
        "base-uri": [SELF],
        "form-action": [SELF],
    },
}

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", "简体中文"), ("en", "English")]
LOCALE_PATHS = [Path(__file__).resolve().parent / "locale"]  # the wiring's own words; rooms bring theirs
LANGUAGE_COOKIE_NAME = "anwang_language"
USE_I18N = True
USE_TZ = True
TIME_ZONE = "Asia/Shanghai"

STATIC_URL = "/static/"
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = DEBUG
WHITENOISE_MAX_AGE = 3600

FILES_ROOT = HOME / "files"
SEALS_ROOT = HOME / "seals"
FILE_MAX_BYTES = 25 * 1024 * 1024
IMAGE_MAX_PIXELS = 60_000_000
SHEET_MAX_BYTES = 40 * 1024 * 1024
DATA_UPLOAD_MAX_MEMORY_SIZE = 10 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 5000
FILE_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024

LOGGING_CONFIG = "anwang.config.logs.configure"
LOGGING: dict[str, Any] = {"version": 1}  # not empty, or Django would not call LOGGING_CONFIG
SILENCED_SYSTEM_CHECKS = ["axes.W003"]  # our backend order is the one axes asks for; the check knows only its own names

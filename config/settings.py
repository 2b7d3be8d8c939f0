"""Django settings; the environment is read through `config.env`."""

from typing import Any
from urllib.parse import urlsplit

import django_stubs_ext
from kombu import Exchange, Queue

from config import env
from config.schedule import BEAT_SCHEDULE

django_stubs_ext.monkeypatch()  # lets ModelAdmin[Person] and the like be written

BASE_DIR = env.ROOT
STATE_DIR = env.folder("STATE_DIR", BASE_DIR / "var")
STATE_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)

SECRET_KEY = env.secret("SECRET_KEY", state=STATE_DIR, file="secret_key")
IMAGE_KEYS = env.secret("IMAGE_KEYS", state=STATE_DIR, file="image_keys").split(",")
DEBUG = env.flag("DEBUG")

SITE_URL = env.text("SITE_URL", "http://localhost:8000").rstrip("/")
SECURE = SITE_URL.startswith("https://")
ALLOWED_HOSTS = [
    urlsplit(SITE_URL).hostname or "localhost",
    *env.words("ALLOWED_HOSTS"),
]
if not SECURE:
    ALLOWED_HOSTS += ["localhost", "127.0.0.1", "[::1]"]
CSRF_TRUSTED_ORIGINS = [SITE_URL]

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "rest_framework",
    "rest_framework.authtoken",
    "django_filters",
    "django_htmx",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "axes",
    "csp",
    "import_export",
    "monitor",
    "dashboard",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"

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
                "dashboard.context.site",
            ],
        },
    },
]


def database() -> dict[str, Any]:
    config: dict[str, Any] = env.database(f"sqlite:///{STATE_DIR}/db.sqlite3")
    if config["ENGINE"].endswith("sqlite3"):
        # Writers queue instead of failing: take the write lock when a transaction
        # starts, so that a read never has to be upgraded under another writer.
        config["OPTIONS"] = {
            "transaction_mode": "IMMEDIATE",
            "timeout": 30,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
        }
        return config
    # Pages ask short questions: compiling one takes longer than answering it, and where
    # a table is new PostgreSQL guesses sizes at which it would compile them all.
    options = {"options": "-c jit=off"} | config.get("OPTIONS", {})
    return config | {
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": options,
    }


DATABASES = {"default": database()}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Work -------------------------------------------------------------------------

REDIS_URL = env.text("REDIS_URL")
BROKER_DIR = STATE_DIR / "broker"
if REDIS_URL:
    CELERY_BROKER_URL = REDIS_URL
else:
    CELERY_BROKER_URL = "filesystem://"
    CELERY_BROKER_TRANSPORT = "config.broker:Transport"
    for name in ("messages", "control"):
        (BROKER_DIR / name).mkdir(mode=0o700, parents=True, exist_ok=True)
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "data_folder_in": str(BROKER_DIR / "messages"),
        "data_folder_out": str(BROKER_DIR / "messages"),
        "control_folder": str(BROKER_DIR / "control"),
        "polling_interval": 0.1,
    }

# Only throttles count in the cache, each web process for itself: no network on the way
# of a picture, and no refusal because Redis is away.
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}

# Telling people needs a way out of the own network and may wait for other servers, so
# it has a queue of its own. A worker takes from both unless it is told one of them.
CELERY_TASK_QUEUES = [
    Queue("celery", Exchange("celery"), "celery"),
    Queue("notifications", Exchange("notifications"), "notifications"),
]
CELERY_TASK_ROUTES = {"monitor.notifications_send": {"queue": "notifications"}}

CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_TIME_LIMIT = 600
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
# A web request must not hang while the broker is away: what waits is in the database.
CELERY_TASK_PUBLISH_RETRY_POLICY = {"max_retries": 1, "interval_start": 0.1}
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULE = BEAT_SCHEDULE
CELERY_BEAT_SCHEDULE_FILENAME = str(STATE_DIR / "beat-schedule")

# The product ------------------------------------------------------------------

EMOTION_MODEL = env.text("MODEL")
MODEL_CACHE = STATE_DIR / "models"  # what this host fetched from the database
LEASE_SECONDS = env.integer("LEASE_SECONDS", 60, low=1, high=3600)
BATCH_SIZE = env.integer("BATCH_SIZE", 32, low=1, high=256)
QUEUE_LIMIT = env.integer("QUEUE_LIMIT", 20_000, low=1, high=10_000_000)
UPLOAD_RATE = env.text("UPLOAD_RATE", "6000/min")
CAPTURE_AT_ONCE = env.integer("CAPTURE_AT_ONCE", 8, low=1, high=128)
# Written as long as the capture process works; config.probe looks at its age.
CAPTURE_HEARTBEAT = STATE_DIR / "capture.alive"
CAMERA_NETWORKS = env.networks("CAMERA_NETWORKS")
CAMERA_NETWORKS_REFUSED = env.networks("CAMERA_NETWORKS_REFUSED")
CAMERA_LOOPBACK = env.flag("CAMERA_LOOPBACK")
DEVICE_RATE = env.text("DEVICE_RATE", "60/min")
TEAM_SIZE = env.integer("TEAM_SIZE", 8, low=5, high=1000)
STRESS_LEVEL = env.number("STRESS_LEVEL", 0.40, low=0.05, high=0.95)
FLAGS_NEED_VALIDATION = env.flag("FLAGS_NEED_VALIDATION")
# Each kind adds false alarms of its own; those of the level were not measured.
FLAG_KINDS = env.choices("FLAG_KINDS", ("rise", "level", "drop"), "rise")

# Notifications ----------------------------------------------------------------

MAIL = env.mail()
vars().update(MAIL)
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env.text("EMAIL_FROM", "nobody@localhost")
NOTIFY_BY_EMAIL = bool(MAIL)
NOTIFY_PRIVATE_ADDRESSES = env.flag("NOTIFY_PRIVATE_ADDRESSES")

# People -----------------------------------------------------------------------

AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
AXES_FAILURE_LIMIT = 8
AXES_COOLOFF_TIME = 0.25  # hours
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_VERBOSE = False
AXES_LOCKOUT_TEMPLATE = "registration/lockout.html"
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "overview"
LOGOUT_REDIRECT_URL = "login"

# API --------------------------------------------------------------------------

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "rest_framework.authentication.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_PAGINATION_CLASS": "monitor.api.pagination.Pages",
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_THROTTLE_RATES": {"upload": UPLOAD_RATE, "device": DEVICE_RATE},
    "EXCEPTION_HANDLER": "monitor.api.errors.handle",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Staff stress monitoring",
    "DESCRIPTION": "Pictures in; ratios with their intervals, readings and flags out.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.IsAuthenticated"],
    "ENUM_NAME_OVERRIDES": {
        "SnapshotStatus": "monitor.models.Snapshot.Status",
        "FlagStatus": "monitor.models.Flag.Status",
    },
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
}

# Uploads stay in memory: a picture must not reach the disk unencrypted.
UPLOAD_LIMIT = 10 * 1024 * 1024
VIDEO_LIMIT = env.integer("VIDEO_MEGABYTES", 300, low=1, high=4096) * 1024 * 1024
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.MemoryFileUploadHandler"]
FILE_UPLOAD_MAX_MEMORY_SIZE = UPLOAD_LIMIT + 1024 * 1024

# Security ---------------------------------------------------------------------

SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = SECURE
SECURE_HSTS_SECONDS = 31_536_000 if SECURE else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = SECURE
SECURE_REDIRECT_EXEMPT = ["^health/$"]
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_AGE = 12 * 3600
if env.flag("TRUST_PROXY"):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    USE_X_FORWARDED_HOST = True
    AXES_IPWARE_PROXY_COUNT = 1
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "img-src": ["'self'", "data:", "blob:"],
        "style-src": ["'self'", "'unsafe-inline'"],
        "frame-ancestors": ["'none'"],
        "form-action": ["'self'"],
        "base-uri": ["'self'"],
        "object-src": ["'none'"],
    }
}

# Files, language, logs ----------------------------------------------------------

NODE_MODULES = BASE_DIR / "node_modules"
STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATICFILES_FINDERS = [
    "django.contrib.staticfiles.finders.FileSystemFinder",
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
    "config.static.VendorFinder",
    "config.static.DetectorFinder",
]
# Where pages find them, the folder in node_modules, and the files that are served.
VENDOR = {
    "vendor/tabler/css": ("@tabler/core/dist/css", ["tabler.min.css"]),
    "vendor/tabler/js": ("@tabler/core/dist/js", ["tabler.min.js"]),
    "vendor/chartjs": ("chart.js/dist", ["chart.umd.min.js"]),
    "vendor/htmx": ("htmx.org/dist", ["htmx.min.js"]),
    # Reads QR codes where the browser cannot.
    "vendor/qr": ("qr", ["decode.js", "index.js"]),
    "vendor/litert": ("@litertjs/core/dist", ["index.js"]),
    "vendor/litert/utils": ("@litertjs/wasm-utils/dist", ["index.js"]),
    # The second pair is for browsers without relaxed SIMD.
    "vendor/litert/wasm": (
        "@litertjs/core/wasm",
        [
            "litert_wasm_internal.js",
            "litert_wasm_internal.wasm",
            "litert_wasm_compat_internal.js",
            "litert_wasm_compat_internal.wasm",
        ],
    ),
}

STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "config.static.StaticFiles"},
}

LANGUAGE_CODE = "en-gb"
TIME_ZONE = env.text("TIME_ZONE", "UTC")
USE_I18N = True
USE_TZ = True

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"},
    },
    "handlers": {
        "stderr": {"class": "logging.StreamHandler", "formatter": "line"},
    },
    "root": {"handlers": ["stderr"], "level": env.text("LOG_LEVEL", "INFO")},
}

"""
Settings from the environment, with safe defaults.

Every variable is named in docs/operations/settings.md. Without DATABASE_URL and REDIS_URL the private services
under WATTLINE_VAR (default: var/) are used, which `make demo` starts.
"""

import os
import secrets
from datetime import timedelta
from pathlib import Path
from typing import Any

import environ
import structlog
from csp.constants import NONE, SELF

from cis import embedded

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()
VAR_DIR = embedded.var_folder()


def _secret_key() -> str:
    """Return the configured key, or make one once for this installation and keep it readable by its owner only."""
    configured: str = env.str("SECRET_KEY", default="")
    if configured:
        return configured
    kept = VAR_DIR / "secret_key"
    if not kept.exists():
        VAR_DIR.mkdir(parents=True, exist_ok=True)
        kept.touch(mode=0o600)
        kept.write_text(secrets.token_urlsafe(50))
    return kept.read_text().strip()


DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = _secret_key()
# What encrypts numbers of bank accounts and the keys of customers: the first writes, all read. A key that is made of
# SECRET_KEY is always the last, so that an installation may begin without; whoever changes SECRET_KEY sets one before.
DATA_KEYS = env.list("DATA_KEYS", default=[])
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])

_private = embedded.find_urls(VAR_DIR)
DATABASES = {
    "default": {
        **env.db_url("DATABASE_URL", default=_private.database_url),
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {
            "application_name": "wattline",
            "server_side_binding": True,
            # Web processes ask the same few questions of few rows: PostgreSQL keeps their plans for as long as a
            # connection lives. Workers ask of thousands of rows at a time, and get a plan for each.
            "prepare_threshold": 3 if env.bool("DATABASE_KEEPS_PLANS", default=False) else None,
        },
    },
}
REDIS_URL = env.str("REDIS_URL", default=_private.redis_url)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_USER_MODEL = "accounts.User"

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "anymail",
    "axes",
    "corsheaders",
    "django_filters",
    "django_htmx",
    "django_structlog",
    "django_tables2",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "rest_framework",
    "pgtrigger",
    "cis.platform",
    "accounts",
    "metering",
    "tariffs",
    "contracts",
    "billing",
    "cashiering",
    "arrears",
    "complaints",
    "cis",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "corsheaders.middleware.CorsMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "cis.platform.api.english_by_default",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_structlog.middlewares.RequestMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "cis.platform.access.AccessMiddleware",
    "cis.platform.answers.ErasedDocuments",
    "cis.platform.sheets.SheetAnswers",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "cis.urls"
WSGI_APPLICATION = "cis.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.template.context_processors.i18n",
                "django.contrib.messages.context_processors.messages",
                "cis.platform.rendering.page_context",
            ],
        },
    },
]

AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
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
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "username*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_ADAPTER = "cis.platform.access.AccountAdapter"
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_LOCKOUT_TEMPLATE = "429.html"

LANGUAGE_CODE = env.str("LANGUAGE_CODE", default="zh-hans")
LANGUAGES = [("zh-hans", "简体中文"), ("en", "English")]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = env.str("TIME_ZONE", default="Asia/Shanghai")

STATIC_URL = "/static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATICFILES_FINDERS = [
    "django.contrib.staticfiles.finders.FileSystemFinder",
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
    "cis.platform.frontend.PackageFinder",
]
STORAGES = {
    "default": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": VAR_DIR / "documents"},
    },
    "staticfiles": {
        "BACKEND": env.str("STATICFILES_STORAGE", default="whitenoise.storage.CompressedManifestStaticFilesStorage"),
    },
}
DOCUMENTS_DIR = Path(env.str("DOCUMENTS_DIR", default=str(VAR_DIR / "documents")))
METRICS_TOKEN = env.str("METRICS_TOKEN", default="")
SITE_URL = env.str("SITE_URL", default="http://127.0.0.1:8000")
PACK = env.str("WATTLINE_PACK", default="cn-shanghai")

CELERY_BROKER_URL = embedded.broker_url(REDIS_URL)
# Without these, waking a worker while Redis is down would hold up a request for minutes.
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "max_retries": 1,
    "interval_start": 0,
    "interval_step": 0.1,
    "interval_max": 0.2,
    "socket_connect_timeout": 2,
    "visibility_timeout": 3_600,
}
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_ACKS_LATE = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 30
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TIMEZONE = TIME_ZONE
CELERY_TASK_DEFAULT_QUEUE = "wattline"
CELERY_BEAT_SCHEDULE = {
    "poke": {"task": "cis.platform.tasks.poke", "schedule": 30.0},
}
CELERY_BEAT_SCHEDULE_FILENAME = str(VAR_DIR / "beat-schedule")

EMAIL_HOST = env.str("EMAIL_HOST", default="")
_SUBMISSION, _SUBMISSIONS = 587, 465
EMAIL_PORT = env.int("EMAIL_PORT", default=_SUBMISSION)
EMAIL_HOST_USER = env.str("EMAIL_HOST_USER", default="")
EMAIL_HOST_PASSWORD = env.str("EMAIL_HOST_PASSWORD", default="")
EMAIL_USE_SSL = env.bool("EMAIL_USE_SSL", default=EMAIL_PORT == _SUBMISSIONS)
EMAIL_USE_TLS = env.bool("EMAIL_USE_TLS", default=EMAIL_PORT == _SUBMISSION)
EMAIL_TIMEOUT = env.int("EMAIL_TIMEOUT", default=30)
EMAIL_FILE_PATH = VAR_DIR / "mail"
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="noreply@wattline.example")
# A server of one's own by SMTP, where it is named; files without one; or a mail service through django-anymail.
MAIL_SERVICE = env.str("MAIL_SERVICE", default="smtp" if EMAIL_HOST else "files")
_MAIL_BACKENDS = {
    "files": "django.core.mail.backends.filebased.EmailBackend",
    "smtp": "django.core.mail.backends.smtp.EmailBackend",
}
EMAIL_BACKEND = env.str(
    "EMAIL_BACKEND", default=_MAIL_BACKENDS.get(MAIL_SERVICE, f"anymail.backends.{MAIL_SERVICE}.EmailBackend")
)
# ANYMAIL_MAILGUN_API_KEY and all others that django-anymail documents are read as they are named there.
ANYMAIL = {
    "IGNORE_UNSUPPORTED_FEATURES": True,
    **{name.removeprefix("ANYMAIL_"): value for name, value in os.environ.items() if name.startswith("ANYMAIL_")},
}
BOUNCE_ADDRESS = env.str("BOUNCE_ADDRESS", default="")
BOUNCE_MAILBOX = env.str("BOUNCE_MAILBOX", default="")
# To which customers write, and the mailbox in which that is read; "sandbox": files in VAR_DIR/inbox.
CASE_ADDRESS = env.str("CASE_ADDRESS", default="")
CASE_MAILBOX = env.str("CASE_MAILBOX", default="")

SMS_GATEWAY = env.str("SMS_GATEWAY", default="sandbox")
SMS_GATEWAY_URL = env.str("SMS_GATEWAY_URL", default="")
SMS_GATEWAY_TOKEN = env.str("SMS_GATEWAY_TOKEN", default="")
# The sandboxes invent their answers: they are for demo and tests, and never used unless they are named.
HEAD_END_GATEWAY = env.str("HEAD_END_GATEWAY", default="")
HEAD_END_URL = env.str("HEAD_END_URL", default="")
HEAD_END_TOKEN = env.str("HEAD_END_TOKEN", default="")
HEAD_END_KEY = env.str("HEAD_END_KEY", default="")  # with which it signs what it pushes; without it nothing is taken
CALLBACK_HOSTS = env.list("CALLBACK_HOSTS", default=[])  # who may be called back though it is private, without TLS
PARTNER_BANK = env.str("PARTNER_BANK", default="")
# Who takes money online, in the order in which payers see them; a payer is sent to no other hosts than these.
PAYMENT_PROVIDERS = env.list("PAYMENT_PROVIDERS", default=[])
PAYMENT_HOSTS = env.list("PAYMENT_HOSTS", default=[])
# What each keeps of a payment in percent, as "sandbox=0.6,other=0.38"; without it no fee is compared.
PAYMENT_FEES = env.dict("PAYMENT_FEES", default={})
DEBIT_BANK = env.str("DEBIT_BANK", default="")
E_INVOICE_PLATFORM = env.str("E_INVOICE_PLATFORM", default="")
# Who collects direct debits, as the contract with the bank says; without it nothing is sent.
DEBIT_CREDITOR_NAME = env.str("DEBIT_CREDITOR_NAME", default="")
DEBIT_CREDITOR_ID = env.str("DEBIT_CREDITOR_ID", default="")
DEBIT_CREDITOR_ACCOUNT = env.str("DEBIT_CREDITOR_ACCOUNT", default="")
DEBIT_CREDITOR_BANK_CODE = env.str("DEBIT_CREDITOR_BANK_CODE", default="")
NOTICE_WEBHOOK_SECRET = env.str("NOTICE_WEBHOOK_SECRET", default="")

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "cis.platform.api.ApiKeyAuthentication",
        "cis.platform.api.PageSessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["cis.platform.api.DeclaredScope"],
    "DEFAULT_PAGINATION_CLASS": "cis.platform.api.IdCursorPagination",
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "cis.platform.api.FormatNegotiation",
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "cis.platform.api.problem",
    "PAGE_SIZE": 100,
    "UNAUTHENTICATED_USER": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Wattline API",
    "DESCRIPTION": "Customer information system for electricity suppliers.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "ENUM_NAME_OVERRIDES": {
        name: f"cis.api.enums.{name}"
        for name in (
            "AccrualOutcomeEnum",
            "AccrualStateEnum",
            "AdjustmentStateEnum",
            "ApplicationKindEnum",
            "ApplicationStateEnum",
            "BillKindEnum",
            "BillPaidEnum",
            "BillStateEnum",
            "CaseKindEnum",
            "CaseSeverityEnum",
            "ChangeKindEnum",
            "ContractStateEnum",
            "DebitDecisionEnum",
            "DecisionEnum",
            "DefectSeverityEnum",
            "DefectStateEnum",
            "EventPartStateEnum",
            "ErasureDecisionEnum",
            "ErasureReasonEnum",
            "ErasureStateEnum",
            "ExportStateEnum",
            "ExceptionSeverityEnum",
            "ExceptionStateEnum",
            "FactKindEnum",
            "HoldKindEnum",
            "InvoiceKindEnum",
            "InvoiceStateEnum",
            "MeterStateEnum",
            "NoticeChannelEnum",
            "OfferStateEnum",
            "PaperKindEnum",
            "PaymentChannelAskedEnum",
            "ProtectionKindEnum",
            "ReadChangeStateEnum",
            "SupplyModeEnum",
            "UsageInspectionStateEnum",
        )
    },
}
CORS_ALLOWED_ORIGINS = env.list("CORS_ALLOWED_ORIGINS", default=[])
CORS_URLS_REGEX = r"^/api/.*$"

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [SELF],
        # Who pays is led from our form to the provider, so its hosts stand here too; SITE_URL is ourselves.
        "form-action": [SELF, SITE_URL, *(f"https://{host}" for host in PAYMENT_HOSTS)],
        "frame-ancestors": [NONE],
    },
}
X_FRAME_OPTIONS = "DENY"
_behind_tls = env.bool("WATTLINE_TLS", default=False)
SESSION_COOKIE_SECURE = _behind_tls
CSRF_COOKIE_SECURE = _behind_tls
SESSION_COOKIE_HTTPONLY = True
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_SSL_REDIRECT = _behind_tls
SECURE_HSTS_SECONDS = 31_536_000 if _behind_tls else 0
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if _behind_tls else None
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024

SILENCED_SYSTEM_CHECKS = ["models.W027"]

_shared_processors: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "json": {
            "()": structlog.stdlib.ProcessorFormatter,
            "processor": structlog.processors.JSONRenderer(ensure_ascii=False),
            "foreign_pre_chain": _shared_processors,
        },
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", default="WARNING")},
}
structlog.configure(
    processors=[
        *_shared_processors,
        structlog.stdlib.filter_by_level,
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
        structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
    ],
    logger_factory=structlog.stdlib.LoggerFactory(),
    cache_logger_on_first_use=True,
)

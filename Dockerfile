# The image of web, worker and beat; docker-compose.yml says which is which. Its steps are those of `make`:
# tools/bootstrap.py installs the system packages, .venv from uv.lock, translations and static files.
FROM python:3.11-slim-bookworm

ENV PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    UV_COMPILE_BYTECODE=1 \
    WATTLINE_VAR=/app/var \
    WATTLINE_HOST=0.0.0.0 \
    WATTLINE_PORT=8000 \
    PATH=/app/.venv/bin:$PATH

WORKDIR /app
COPY . .
RUN python3 tools/bootstrap.py image \
    && rm -rf /var/lib/apt/lists/* /root/.cache /root/.npm \
    && useradd --system --uid 10001 --home-dir /app --shell /usr/sbin/nologin wattline \
    && install -d -o wattline -g wattline var var/documents var/mail

USER wattline
EXPOSE 8000
CMD ["python", "-m", "cis.serving", "web"]

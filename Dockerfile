# One image for web, worker, scheduler and migrations; docker-compose.yml says which.

FROM node:22-slim AS browser
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts

FROM python:3.12-slim AS libraries
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /app
COPY requirements.txt requirements-no-deps.txt constraints.txt ./
RUN python -m venv /venv \
    && /venv/bin/pip install --constraint constraints.txt --requirement requirements.txt \
    && /venv/bin/pip install --no-deps --requirement requirements-no-deps.txt

FROM python:3.12-slim AS code
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
# The state folder is made here so that a volume mounted on it belongs to the user.
RUN useradd --system --uid 10001 --home-dir /state --create-home app
WORKDIR /app
COPY --from=libraries /venv /venv
COPY manage.py ./
COPY config config
COPY inference inference
COPY capture capture
COPY monitor monitor
COPY dashboard dashboard
COPY templates templates
COPY static static

FROM code AS pages
COPY --from=browser /app/node_modules node_modules
# Settings want keys; these two are of no use outside of this step.
RUN STATE_DIR=/tmp/state SECRET_KEY=unused IMAGE_KEYS=unused \
    python manage.py collectstatic --noinput

FROM code
COPY --from=pages /app/staticfiles staticfiles
ENV STATE_DIR=/state
USER 10001:10001
EXPOSE 8000
CMD ["python", "-m", "gunicorn", "config.wsgi", "--bind=0.0.0.0:8000", "--threads=4"]

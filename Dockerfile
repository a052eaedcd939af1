FROM python:3.13-slim AS build
WORKDIR /build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PYTHONDONTWRITEBYTECODE=1

# The libraries first: they change less often than our code, and so stay cached.
COPY requirements/runtime.txt requirements/build.txt requirements/
RUN python -m venv /srv/epcis-repo \
 && /srv/epcis-repo/bin/pip install --require-hashes --only-binary :all: -r requirements/runtime.txt \
 && python -m pip install --require-hashes --only-binary :all: -r requirements/build.txt

COPY pyproject.toml README.md LICENSE ./
COPY epcis_repo epcis_repo
COPY schemas schemas
RUN python -m pip wheel --no-deps --no-build-isolation --wheel-dir dist . \
 && /srv/epcis-repo/bin/pip install --no-deps --no-index dist/*.whl \
 && /srv/epcis-repo/bin/pip uninstall --yes pip


FROM python:3.13-slim
RUN useradd --system --uid 10001 --create-home --home-dir /var/lib/epcis-repo epcis-repo
COPY --from=build /srv/epcis-repo /srv/epcis-repo
ENV PATH=/srv/epcis-repo/bin:$PATH PYTHONUNBUFFERED=1

USER epcis-repo
WORKDIR /var/lib/epcis-repo
# The SQLite log lies here; with PostgreSQL nothing does.
VOLUME /var/lib/epcis-repo
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=15s CMD ["python", "-c", \
    "from urllib.request import urlopen; urlopen('http://127.0.0.1:8000/health', timeout=2)"]
CMD ["epcis-repo", "serve", "--host", "0.0.0.0", "--port", "8000"]

# The service in one image; `docker compose up` runs it with a TimescaleDB and simulated machines (docker-compose.yml).
FROM python:3.12-slim AS build
WORKDIR /src
RUN python -m venv /opt/oee
ENV PATH=/opt/oee/bin:$PATH PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
# Packages first, locked and with their hashes: a change of our own code does not fetch them again.
COPY requirements.lock requirements-parquet.lock requirements-build.lock ./
RUN pip install --require-hashes -r requirements.lock -r requirements-parquet.lock
RUN pip install --require-hashes -r requirements-build.lock
COPY pyproject.toml README.md LICENSE NOTICE ./
COPY docs/plant-file.md docs/plant-file.md
COPY oee oee
COPY connectors connectors
COPY simulators simulators
COPY sql sql
RUN pip install --no-deps --no-build-isolation .

FROM python:3.12-slim
RUN useradd --system --uid 10001 --create-home --home-dir /var/lib/oee oee && install -d -o oee -g oee /etc/oee
COPY --from=build /opt/oee /opt/oee
ENV PATH=/opt/oee/bin:$PATH OEE_DATA_DIR=/var/lib/oee OEE_LOG=json PYTHONUNBUFFERED=1
USER oee
VOLUME /var/lib/oee
EXPOSE 8080
ENTRYPOINT ["oee"]
CMD ["serve", "--host", "0.0.0.0"]
# Of what serves; the other processes have health checks of their own, or none, in docker-compose.yml.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8080/readyz', timeout=4)"]

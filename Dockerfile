# The workflow with its environment, see docs/cluster.md#containers.
FROM python:3.11-slim-bookworm

# The report records the commit with git; make installs the environment.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends git make \
    && rm -rf /var/lib/apt/lists/*

WORKDIR /opt/emospeech
COPY Makefile ./
COPY envs envs
RUN PIP_NO_CACHE_DIR=1 make .venv/run
COPY . .
RUN git config --system --add safe.directory /opt/emospeech

# For users that the image does not know (docker run --user): Snakemake reads the name of the user, and
# Snakemake and librosa write caches to HOME.
ENV PATH=/opt/emospeech/.venv/bin:$PATH \
    PYTHONPATH=/opt/emospeech \
    HOME=/tmp \
    USER=emospeech
WORKDIR /study
CMD ["snakemake", "--snakefile", "/opt/emospeech/Snakefile", "--help"]

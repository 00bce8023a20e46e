# An image of aisbench-load; docs/install.md has the commands.
FROM python:3.13-slim AS build
RUN apt-get update && apt-get install --yes --no-install-recommends gcc libc6-dev
WORKDIR /source
COPY pyproject.toml setup.py MANIFEST.in README.md LICENSE ./
COPY aisbench aisbench
# Extras of pyproject.toml, such as tokenizer,upload,otel.
ARG EXTRAS=tokenizer
RUN python -m venv /opt/aisbench && /opt/aisbench/bin/pip install --no-cache-dir ".[$EXTRAS]"

# The same image without the compiler.
FROM python:3.13-slim
COPY --from=build /opt/aisbench /opt/aisbench
ENV PATH=/opt/aisbench/bin:$PATH
RUN useradd --uid 1000 --create-home aisbench && install --directory --owner aisbench /work
# Debian packages to add, such as wget, which KubeRay's probes may call.
ARG PACKAGES=
RUN if [ -n "$PACKAGES" ]; then apt-get update && apt-get install --yes --no-install-recommends $PACKAGES; fi
USER aisbench
# Run folders go to /work/outputs.
WORKDIR /work
ENTRYPOINT ["aisbench-load"]

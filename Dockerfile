# An image of aisbench-load; docs/install.md has the commands.
FROM python:3.13-slim AS build
RUN apt-get update && apt-get install --yes --no-install-recommends gcc libc6-dev
WORKDIR /source
COPY pyproject.toml setup.py MANIFEST.in README.md LICENSE ./
COPY aisbench aisbench
RUN python -m venv /opt/aisbench && /opt/aisbench/bin/pip install --no-cache-dir '.[tokenizer]'

# The same image without the compiler.
FROM python:3.13-slim
COPY --from=build /opt/aisbench /opt/aisbench
ENV PATH=/opt/aisbench/bin:$PATH
RUN useradd --uid 1000 --create-home aisbench && install --directory --owner aisbench /work
USER aisbench
# Run folders go to /work/outputs.
WORKDIR /work
ENTRYPOINT ["aisbench-load"]

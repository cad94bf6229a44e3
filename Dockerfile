# segvg in a container, on a CPU or a GPU; docs/container.md explains it.
#
#   docker build -t segvg .
#   docker build -t segvg:cuda --build-arg BASE=pytorch/pytorch:2.7.1-cuda12.6-cudnn9-runtime .
ARG BASE=python:3.11-slim
FROM ${BASE}

# libraries that OpenCV loads
RUN apt-get update && \
    apt-get install -y --no-install-recommends libgl1 libglib2.0-0 && \
    rm -rf /var/lib/apt/lists/*

# extras such as [onnx], and a further package index, for instance that of PyTorch
# builds for the CPU
ARG EXTRAS=
ARG PIP_EXTRA_INDEX_URL=
ENV PIP_NO_CACHE_DIR=1

WORKDIR /opt/segvg
COPY pyproject.toml README.md LICENSE model-index.yml ./
COPY configs configs
COPY tools tools
COPY segvg segvg
RUN pip install ".${EXTRAS}"

# the folder of the user: data, work_dirs
WORKDIR /workspace
ENTRYPOINT ["segvg"]
CMD ["--help"]

# Build: docker build -t imgorigin .
# Run:   docker run -p 8090:8090 -v imgorigin-data:/data imgorigin
ARG DEBIAN=bookworm

FROM golang:1.26-${DEBIAN} AS build
RUN apt-get update \
 && apt-get install -y --no-install-recommends libvips-dev pkg-config \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION=
RUN go build -trimpath -ldflags "-s -w -X main.version=${VERSION}" -o /imgorigin ./cmd/imgorigin

FROM debian:${DEBIAN}-slim
# jemalloc gives freed picture memory back where glibc's allocator keeps it in its arenas.
RUN apt-get update \
 && apt-get install -y --no-install-recommends libvips42 libjemalloc2 ca-certificates \
 && rm -rf /var/lib/apt/lists/* \
 && ln -s "$(dpkg -L libjemalloc2 | grep '\.so\.2$')" /usr/lib/libjemalloc.so.2 \
 && useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin imgorigin \
 && install -d -o imgorigin -g imgorigin -m 0700 /data
COPY --from=build /imgorigin /usr/local/bin/imgorigin
ENV LD_PRELOAD=/usr/lib/libjemalloc.so.2 \
    IMGORIGIN_HTTP=0.0.0.0:8090 \
    IMGORIGIN_DIR=/data
USER imgorigin
VOLUME /data
EXPOSE 8090
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=5s --start-period=20s CMD ["imgorigin", "health"]
ENTRYPOINT ["imgorigin"]
CMD ["serve"]

# syntax=docker/dockerfile:1

FROM rust:1.95.0-slim-bookworm AS build
# The image's own toolchain; rust-toolchain.toml would have rustup fetch clippy and rustfmt too.
ENV RUSTUP_TOOLCHAIN=1.95.0
WORKDIR /src
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target,sharing=locked \
    cargo build --profile dist --locked --package cardroom \
    && install -D target/dist/cardroom /out/cardroom

FROM debian:bookworm-slim
# A number rather than a name, so that a platform can see that it is not root.
RUN useradd --uid 10001 --home-dir /srv/cardroom --shell /usr/sbin/nologin cardroom \
    && install -d -o cardroom -g cardroom /srv/cardroom /srv/cardroom/data
COPY --from=build /out/cardroom /usr/local/bin/cardroom
WORKDIR /srv/cardroom
USER 10001:10001

# Everything else comes from the environment: JWT_SECRET and DATABASE_URL above all.
ENV CARDROOM_PROFILE=production \
    HOST=0.0.0.0 \
    PORT=8000
EXPOSE 8000
# Uploaded files; SQLite and the mail outbox, where they are used.
VOLUME /srv/cardroom/data

# There is no curl in the image; bash speaks TCP.
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s --retries=3 \
    CMD ["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/$PORT && printf 'GET /health/ready HTTP/1.0\\r\\n\\r\\n' >&3 && head -n 1 <&3 | grep -q ' 200 '"]

# Stopped by SIGTERM, the server finishes what it is doing within 8.5 seconds.
STOPSIGNAL SIGTERM
ENTRYPOINT ["cardroom"]
CMD ["serve"]

